//! Servers for tests: `redis-server` processes of their own, on free loopback ports and in temporary folders.
//!
//! - [`Server`]: one of them, which can be killed, restarted, halted and told another time;
//! - [`Cluster`]: six that are one;
//! - [`Sentinels`]: a master, its replicas, and three that watch them;
//! - [`Wire`]: a connection to talk to any of them, with nothing between the test and the bytes.
//!
//! The program is `redis-server` or `valkey-server` from `PATH`, or whatever the variable `CALL_GATE_REDIS_SERVER`
//! names; `cargo xtask test` installs it where it is missing. Every server ends with its test, also when the test's
//! process is killed.

#![allow(
    clippy::must_use_candidate,
    reason = "what is done to servers matters, also to a test that does not ask what came of it"
)]

mod certificates;
mod child;
mod cluster;
mod folder;
mod program;
mod sentinels;
mod server;
mod wire;

#[cfg(test)]
mod tests;

pub use cluster::Cluster;
pub use sentinels::Sentinels;
pub use server::{Server, StoredKey};
pub use wire::{Reply, Wire};

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take for what it is asked to become; far more than an idle machine needs.
const PATIENCE: Duration = Duration::from_secs(40);

/// Waits until something holds that servers bring about; the closure says what is still missing.
fn until(what: &str, mut missing: impl FnMut() -> Option<String>) {
    let started = Instant::now();
    while let Some(missing) = missing() {
        assert!(
            started.elapsed() < PATIENCE,
            "waited {PATIENCE:?} in vain until {what}: {missing}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// A port that was free a moment ago, and so was the one 10,000 above it, which a cluster's node takes too.
fn free_port() -> u16 {
    for _ in 0..1_000 {
        let free = |port| {
            let socket = TcpListener::bind(("127.0.0.1", port)).ok()?;
            Some(socket.local_addr().ok()?.port())
        };
        if let Some(port) = free(0)
            && let Some(bus) = port.checked_add(10_000)
            && free(bus).is_some()
        {
            return port;
        }
    }
    panic!("no free port on 127.0.0.1")
}
