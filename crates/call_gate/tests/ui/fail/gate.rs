//! No gate, two of them, or half of one.

use call_gate::call_gate;

#[call_gate]
fn none() {}

#[call_gate()]
fn none_in_parentheses() {}

#[call_gate(value = 5)]
fn none_but_a_value() {}

#[call_gate(GATE, gate_size = "10m", frame_step = "1s", gate_limit = 5)]
fn both() {}

#[call_gate(gate_limit = 5)]
fn no_sizes() {}

#[call_gate(frame_step = "1s", gate_limit = 5)]
fn no_gate_size() {}

#[call_gate(gate_size = "10m", gate_limit = 5)]
fn no_frame_step() {}

#[call_gate(gate_size = "10m", frame_step = "1s")]
fn no_limit() {}

#[call_gate(name = "mail", frame_step = "1s", strict = true)]
fn two_mistakes() {}

fn main() {}
