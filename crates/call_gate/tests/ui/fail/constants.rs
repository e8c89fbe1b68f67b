//! Limits that are constants are judged when they are known.

use call_gate::call_gate;

const SIX: u64 = 6;

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = SIX - 6)]
fn zero() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 5, frame_limit = SIX)]
fn frame_above_gate() {}

fn main() {}
