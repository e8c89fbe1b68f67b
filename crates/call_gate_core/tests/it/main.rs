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
mod waiting;

/// Waits for another thread to have done something; it never takes long.
fn until(done: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !done() {
        assert!(
            start.elapsed() < std::time::Duration::from_secs(60),
            "it never happens"
        );
        std::thread::yield_now();
    }
}
