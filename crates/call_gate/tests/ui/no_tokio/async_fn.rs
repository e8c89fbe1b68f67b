//! An `async fn` waits on a timer of tokio's.

use call_gate::{CallGate, UpdateError, call_gate};

#[call_gate(gate)]
async fn awaited(gate: &CallGate) -> Result<(), UpdateError> {
    Ok(())
}

fn main() {}
