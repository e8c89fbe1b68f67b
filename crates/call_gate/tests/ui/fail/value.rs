//! Values that nothing can be booked with.

use call_gate::call_gate;

#[call_gate(GATE, value = 0)]
fn zero() {}

#[call_gate(GATE, value = -1)]
fn negative() {}

#[call_gate(GATE, value = 1.5)]
fn fraction() {}

#[call_gate(GATE, value = "5")]
fn text() {}

#[call_gate(GATE, value = 18446744073709551616)]
fn too_large() {}

#[call_gate(gate_size = "10s", frame_step = "1s", frame_limit = 4, value = 5)]
fn above_the_frame_limit() {}

#[call_gate(
    gate_size = "10s",
    frame_step = "1s",
    gate_limit = 4,
    frame_limit = 2,
    value = 5
)]
fn above_both_limits() {}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 4, value = 5)]
fn above_the_gate_limit() {}

fn main() {}
