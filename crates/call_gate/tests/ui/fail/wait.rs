//! Waits that are none, and functions that cannot but wait.

use call_gate::{UpdateError, call_gate};

#[call_gate(GATE, wait = 5)]
fn number() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(GATE, wait = "soon")]
fn no_duration() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(GATE, wait = "0s")]
fn zero() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(GATE, wait = frames())]
fn no_frames() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(GATE, wait = frames(1, 2))]
fn two_numbers() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(GATE, wait = never)]
fn no_result() {}

#[call_gate(GATE, wait = window)]
async fn awaited() -> Option<u8> {
    None
}

#[call_gate(GATE, wait = call_gate::Wait::Never)]
fn expression() -> u8 {
    0
}

#[call_gate(gate_size = "10s", frame_step = "1s", frame_limit = 4, wait = "250ms")]
fn own_gate() {}

type AppResult<T> = Result<T, UpdateError>;

#[call_gate(GATE)]
fn alias() -> AppResult<()> {
    Ok(())
}

#[call_gate(GATE, wait = never)]
async fn awaited_alias() -> crate::AppResult<()> {
    Ok(())
}

fn main() {}
