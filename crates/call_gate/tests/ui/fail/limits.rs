//! Limits that let nothing through, or contradict each other.

use call_gate::call_gate;

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 0)]
fn gate_limit_of_zero() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 5, frame_limit = 0)]
fn frame_limit_of_zero() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = -5)]
fn negative() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = "5")]
fn text() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 5, frame_limit = 6)]
fn frame_above_gate() {}

fn main() {}
