//! Integration tests of the core.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod config;
mod conformance;
mod fairness;
mod footprint;
mod persist;
mod remote;
mod rows;
mod turnstile;
mod turnstile_config;
mod turnstile_remote;
mod turnstile_windows;
mod waiting;

use call_gate_core::CallGate;
use call_gate_core::clock::ManualClock;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A gate of `limit` in ten seconds.
fn gate_of(limit: u64, clock: &ManualClock) -> CallGate {
    CallGate::unnamed(10 * SECOND, SECOND)
        .gate_limit(limit)
        .clock(clock.clone())
        .build()
        .unwrap()
}

/// Waits for another thread to have done something; it never takes long.
fn until(done: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !done() {
        assert!(start.elapsed() < 60 * SECOND, "it never happens");
        std::thread::yield_now();
    }
}
