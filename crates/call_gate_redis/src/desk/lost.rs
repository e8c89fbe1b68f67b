//! Requests that get no answer, and the error that many share.

use super::seat::Seat;
use call_gate_core::{StorageError, StorageErrorKind};
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// It queued until its time was up: it was never sent, and nothing is booked.
pub(super) fn not_sent() -> StorageError {
    StorageError::with_source(
        StorageErrorKind::Unavailable,
        "not sent: the calls before it took until its deadline",
    )
}

/// Whoever would have sent it is gone: nothing is booked.
#[cfg(feature = "tokio")]
pub(super) fn stranded() -> StorageError {
    StorageError::with_source(
        StorageErrorKind::Unavailable,
        "not sent: the runtime that was to send it is shut down",
    )
}

/// It was in flight when its time was up.
pub(super) fn late() -> StorageError {
    StorageError::with_source(
        StorageErrorKind::TimedOut,
        "the call that carried it was not back by its deadline",
    )
}

/// Whoever was to bring its answer is gone.
pub(super) fn unknown() -> StorageError {
    StorageError::with_source(
        StorageErrorKind::TimedOut,
        "the call that carried it was given up",
    )
}

/// Tells `error` to all of `seats`: itself to a single one, else its like with the same cause to each.
pub(super) fn to_all(error: StorageError, seats: &[Arc<Seat>]) {
    if let [only] = seats {
        only.tell(Err(error));
        return;
    }
    let error = Arc::new(error);
    for seat in seats {
        let shared = Shared {
            of: seats.len(),
            error: Arc::clone(&error),
        };
        seat.tell(Err(StorageError::with_source(error.kind(), shared)));
    }
}

/// One error of several requests.
#[derive(Debug)]
struct Shared {
    of: usize,
    error: Arc<StorageError>,
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the call that carried it and {} more failed",
            self.of - 1
        )
    }
}

impl Error for Shared {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
