//! Sizes that no gate has.

use call_gate::call_gate;

#[call_gate(gate_size = "10s", frame_step = "3s", gate_limit = 5)]
fn no_multiple() {}

#[call_gate(gate_size = "1s", frame_step = "10s", gate_limit = 5)]
fn exchanged() {}

#[call_gate(gate_size = "1s", frame_step = "1s", gate_limit = 5)]
fn one_frame() {}

#[call_gate(gate_size = "1048577us", frame_step = "1us", gate_limit = 5)]
fn one_frame_too_many() {}

#[call_gate(gate_size = "1s", frame_step = "999ns", gate_limit = 5)]
fn step_too_short() {}

#[call_gate(gate_size = "106752days", frame_step = "1day", gate_limit = 5)]
fn size_too_long() {}

fn main() {}
