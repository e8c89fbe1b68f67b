//! Items of the user's with names that the attribute might use: a pattern of that name would be a constant.

#![deny(warnings, missing_docs, unused_qualifications, clippy::pedantic)]
#![allow(non_upper_case_globals, reason = "to be in the way")]

use call_gate::{CallGate, UpdateError, call_gate};
use std::sync::LazyLock;
use std::time::Duration;

static gate: LazyLock<CallGate> = LazyLock::new(|| {
    CallGate::unnamed(Duration::from_secs(10), Duration::from_secs(1))
        .build()
        .unwrap()
});
static value: u64 = 2;
const wait: call_gate::Wait = call_gate::Wait::Never;
const entry: u8 = 1;
const passed: u8 = 2;
const guard: u8 = 3;
const _guard: u8 = 4;
static error: u8 = 5;

#[call_gate(gate, value = value, wait = wait)]
fn named() -> Result<u64, UpdateError> {
    Ok(gate.sum()?)
}

#[call_gate(gate)]
async fn awaited() -> u8 {
    entry + passed + guard + _guard + error
}

#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 5, value = value, wait = wait)]
fn inline() -> Result<u64, UpdateError> {
    Ok(value)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), UpdateError> {
    named()?;
    assert_eq!(awaited().await, 15);
    assert_eq!(inline()?, 2);
    Ok(())
}
