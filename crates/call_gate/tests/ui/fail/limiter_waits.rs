//! Functions that could neither wait nor say no, and waits that say two things.

use call_gate::{UpdateError, call_gate};

#[call_gate(per_second = 3, blocking = false)]
fn no_result() {}

#[call_gate(max_burst = 2, blocking = false)]
async fn awaited() -> Option<u8> {
    None
}

type AppResult<T> = Result<T, UpdateError>;

#[call_gate(per_second = 3, blocking = false)]
fn alias() -> AppResult<()> {
    Ok(())
}

#[call_gate(per_second = 3)]
fn alias_that_blocks() -> AppResult<()> {
    Ok(())
}

#[call_gate(per_second = 3, blocking = false, wait = forever)]
fn waits_and_does_not() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(per_second = 3, blocking = true, wait = never)]
fn blocks_and_does_not() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(per_second = 3, wait = never)]
fn never_without_result() {}

fn main() {}
