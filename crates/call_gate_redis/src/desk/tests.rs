//! Desks before a server that is exact, slow, held up or away.

mod leases;
#[cfg(feature = "tokio")]
mod tasks;
mod threads;

use super::fake::Server;
use super::told::{Admitted, Denied, Told};
use call_gate_core::{StorageError, StorageErrorKind};
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

/// Long enough for everything that is to happen in a test.
const LONG: Duration = Duration::from_secs(20);

fn soon(millis: u64) -> Instant {
    Instant::now() + Duration::from_millis(millis)
}

fn later() -> Instant {
    Instant::now() + LONG
}

/// Waits until `done`.
fn until(mut done: impl FnMut() -> bool) {
    let late = later();
    while !done() {
        assert!(Instant::now() < late, "it never came about");
        thread::yield_now();
    }
}

fn in_flight(server: &Server, calls: usize) {
    until(|| server.count() == calls);
}

fn admitted(told: Result<Told, StorageError>) -> Admitted {
    match told {
        Ok(Told::Admitted(admitted)) => admitted,
        other => panic!("{other:?} is no admission"),
    }
}

fn denied(told: Result<Told, StorageError>) -> Denied {
    match told {
        Ok(Told::Denied(denied)) => denied,
        other => panic!("{other:?} is no denial"),
    }
}

fn failed(told: Result<Told, StorageError>, kind: StorageErrorKind) -> String {
    match told {
        Err(error) if error.kind() == kind => {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(error) = cause {
                text = format!("{text}: {error}");
                cause = error.source();
            }
            text
        }
        other => panic!("{other:?} is not {kind:?}"),
    }
}
