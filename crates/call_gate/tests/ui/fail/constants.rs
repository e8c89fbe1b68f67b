//! Limits that are constants are judged when they are known, and each mistake is told once.

use call_gate::call_gate;

const SIX: u64 = 6;

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = SIX - 6)]
fn zero() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 5, frame_limit = SIX)]
fn frame_above_gate() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 5, frame_limit = SIX - 6)]
fn zero_in_a_frame() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = SIX - 6, frame_limit = SIX, value = 6)]
fn zero_and_what_is_above_it() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = SIX, value = 7)]
fn value_above_gate() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = SIX, frame_limit = SIX - 1, value = 7)]
fn value_above_both() {}

fn main() {}
