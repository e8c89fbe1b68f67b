//! Sizes that are no durations.

use call_gate::call_gate;

#[call_gate(gate_size = 600, frame_step = "1s", gate_limit = 5)]
fn number() {}

#[call_gate(gate_size = "600", frame_step = "1s", gate_limit = 5)]
fn no_unit() {}

#[call_gate(gate_size = "10 parsecs", frame_step = "1s", gate_limit = 5)]
fn unknown_unit() {}

#[call_gate(gate_size = "", frame_step = "1s", gate_limit = 5)]
fn empty() {}

#[call_gate(gate_size = "10M", frame_step = "1s", gate_limit = 5)]
fn months() {}

#[call_gate(gate_size = "1day 1year", frame_step = "1s", gate_limit = 5)]
fn years() {}

#[call_gate(gate_size = "0s", frame_step = "0ms", gate_limit = 5)]
fn zeros() {}

fn main() {}
