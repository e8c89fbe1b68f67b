//! The limiter from outside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests"
)]

mod builder;
mod crowd;
#[cfg(feature = "tokio")]
mod hand;
mod live;
mod permits;
#[cfg(feature = "tokio")]
mod property;
mod queue;
mod stress;
#[cfg(feature = "tokio")]
mod tasks;
mod too_large;
mod waits;

use call_gate_core::clock::ManualClock;
use call_gate_limiter::{RateLimiter, RateLimiterBuilder};
use std::time::{Duration, Instant, SystemTime};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);
/// When clocks that are moved by hand start: a whole number of all frames.
const START: SystemTime = SystemTime::UNIX_EPOCH;

/// A clock that nobody else moves.
fn manual() -> ManualClock {
    ManualClock::new(START)
}

/// A limiter by a clock that stands still.
fn still(builder: RateLimiterBuilder) -> RateLimiter {
    builder.clock(manual()).build().unwrap()
}

/// Closes a limiter when a test fails, so that no thread waits for what will never be.
struct Closes<'l>(&'l RateLimiter);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

/// Waits for another thread to have done something; it never takes long.
fn until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < MINUTE, "it never happens");
        std::thread::yield_now();
    }
}
