//! The tests of the async gate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod cancel;
mod clocks;
mod conformance;
mod hand;
mod order;
mod passes;
mod polls;
mod remote;
mod runtimes;
mod time;
mod under_way;
mod wakes;

use call_gate_core::CallGateBuilder;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

const SECOND: Duration = Duration::from_secs(1);

/// Both places that a window in memory can have: the packed word, and under a lock.
const PLACEMENTS: [fn(CallGateBuilder) -> CallGateBuilder; 2] =
    [|builder| builder, |builder| builder.limits_up_to(u64::MAX)];

/// A runtime of one thread whose time stands still while there is anything to do, and jumps on when there is not.
fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Waits for another thread to have done something; it never takes long.
fn until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "it never happens"
        );
        std::thread::yield_now();
    }
}
