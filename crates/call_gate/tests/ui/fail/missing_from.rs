//! The function's error must take the gate's.

use call_gate::{CallGate, call_gate};

struct Own;

#[call_gate(gate)]
fn sync(gate: &CallGate) -> Result<(), Own> {
    Ok(())
}

#[call_gate(gate)]
async fn awaited(gate: &CallGate) -> Result<u8, Own> {
    Ok(1)
}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 5)]
fn inline() -> std::fmt::Result {
    Ok(())
}

fn main() {}
