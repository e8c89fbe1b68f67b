//! A limiter of the function's own is a part of its own.

use call_gate::{UpdateError, call_gate};

const LIMIT: u64 = 3;

#[call_gate(name = "own", per_second = LIMIT, second_window = 3, value = 2, blocking = false)]
fn inline() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(max_burst = 2)]
fn without_result() {}

fn main() {}
