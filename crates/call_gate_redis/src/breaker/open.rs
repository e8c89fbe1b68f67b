//! The error of a call that an open breaker did not send.

use call_gate_core::{StorageError, StorageErrorKind};
use std::error::Error;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

/// Nothing was sent: the breaker opened so long ago, and that is what failed last.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) since: Duration,
    pub(super) last: Arc<str>,
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { since, last } = self;
        write!(
            f,
            "nothing was sent: the breaker opened {} ms ago, and what failed last was: {last}",
            since.as_millis()
        )
    }
}

impl Error for Open {}

impl From<Open> for StorageError {
    fn from(open: Open) -> Self {
        Self::with_source(StorageErrorKind::Unavailable, open)
    }
}

/// `error` and what caused it, in one line.
pub(super) fn told(error: &StorageError) -> Arc<str> {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // writing to a string does not fail
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text.into()
}
