//! What went wrong in a storage.

use crate::window::WindowError;
use std::error::Error;
use std::fmt;

/// What kind of failure a storage met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// The window numbered all the frames or changes that it can: make a new gate.
    Exhausted,
    /// Too many attempts lost against other threads.
    Contended,
    /// The counters are damaged.
    Corrupt,
    /// The counters are of a time far ahead of this process's clock.
    Ahead,
    /// The gate was removed from its storage: make it again.
    Retired,
    /// The storage answered something that does not belong to the question.
    Protocol,
    /// The gate lives already, with another geometry or other limits than this handle was built with; `source()` names
    /// both.
    Mismatch,
    /// The storage does not let this client do it; see `source()`.
    Unauthorized,
    /// No answer came in time: what was asked may have been done all the same, and counts as done.
    TimedOut,
    /// The storage cannot do this for this caller, whether it is there or not; see `source()`.
    Unsupported,
    /// The storage cannot be reached or refused to work; see `source()`.
    Unavailable,
}

/// A storage that could not do what was asked of it.
#[derive(Debug)]
pub struct StorageError {
    kind: StorageErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl StorageError {
    /// A failure of `kind` without a cause of its own.
    #[must_use]
    pub fn new(kind: StorageErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// A failure of `kind`, caused by `source`.
    #[must_use]
    pub fn with_source(
        kind: StorageErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// An answer that does not belong to what was asked.
    pub(crate) fn out_of_place() -> Self {
        Self::new(StorageErrorKind::Protocol)
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> StorageErrorKind {
        self.kind
    }
}

impl From<WindowError> for StorageError {
    fn from(error: WindowError) -> Self {
        Self::new(match error {
            WindowError::Exhausted => StorageErrorKind::Exhausted,
            WindowError::Contended => StorageErrorKind::Contended,
            WindowError::Corrupt => StorageErrorKind::Corrupt,
            WindowError::Ahead => StorageErrorKind::Ahead,
            WindowError::Retired => StorageErrorKind::Retired,
        })
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StorageErrorKind::Exhausted => {
                "the gate has numbered all the frames that it can: make a new one"
            }
            StorageErrorKind::Contended => {
                "the gate is too contended: too many attempts lost against other threads"
            }
            StorageErrorKind::Corrupt => {
                "the gate's counters are damaged: remove them and make a new gate"
            }
            StorageErrorKind::Ahead => {
                "the gate's counters are of a time far ahead of this clock: remove them and make a new gate"
            }
            StorageErrorKind::Retired => "the gate was removed from its storage: make it again",
            StorageErrorKind::Protocol => {
                "the storage gave an answer that does not belong to the question"
            }
            StorageErrorKind::Mismatch => {
                "the gate lives already with another geometry or other limits: build it as it is, or under another name"
            }
            StorageErrorKind::Unauthorized => "the storage does not let this client do it",
            StorageErrorKind::TimedOut => {
                "the storage did not answer in time: what was asked may have been done, and counts as done"
            }
            StorageErrorKind::Unsupported => "the storage cannot do this for this caller",
            StorageErrorKind::Unavailable => "the storage is not available",
        })
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
