//! What can go wrong with a segment.

use call_gate_core::{ConfigError, ConfigErrorKind, Error, StorageError, StorageErrorKind};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What kind of failure a segment met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SharedErrorKind {
    /// Another user's segment, one that others may write to, or no plain file; or the system denied access.
    Access,
    /// The segment's gate has another name, other sizes or another clock.
    Mismatch,
    /// The segment's gate has other limits, and the builder requires its own.
    Limits,
    /// The segment is not one, or not whole.
    Damaged,
    /// There is no memory left for the segment.
    Full,
    /// Others kept removing or making the segment all the while, or one of them is stopped amid it.
    Busy,
    /// Something that the opener cannot do.
    Unsupported,
    /// The system failed; see `source()`.
    Io,
}

/// A segment that could not be opened, removed or listed; names it, the value and the rule.
#[derive(Debug)]
pub struct SharedError {
    kind: SharedErrorKind,
    path: PathBuf,
    message: String,
    sides: Option<(String, String)>,
    source: Option<io::Error>,
}

impl SharedError {
    /// `message` goes on after the segment's path.
    pub(crate) fn new(kind: SharedErrorKind, path: &Path, message: impl fmt::Display) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            message: message.to_string(),
            sides: None,
            source: None,
        }
    }

    /// The segment has `theirs` where the gate to be opened has `ours`.
    pub(crate) fn sides(
        kind: SharedErrorKind,
        path: &Path,
        what: &str,
        theirs: String,
        ours: String,
    ) -> Self {
        let message = format_args!(
            "has {what} {theirs} and must have this gate's {ours}; open it with the same, or remove it"
        )
        .to_string();
        Self {
            sides: Some((theirs, ours)),
            ..Self::new(kind, path, message)
        }
    }

    pub(crate) fn damaged(path: &Path, what: impl fmt::Display) -> Self {
        Self::new(
            SharedErrorKind::Damaged,
            path,
            format_args!("is damaged: {what}; remove it"),
        )
    }

    /// `doing` is what failed, as in "could not be mapped".
    pub(crate) fn io(path: &Path, doing: &str, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let kind = match source.kind() {
            io::ErrorKind::PermissionDenied => SharedErrorKind::Access,
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::OutOfMemory => SharedErrorKind::Full,
            _ => SharedErrorKind::Io,
        };
        Self {
            source: Some(source),
            ..Self::new(kind, path, doing)
        }
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> SharedErrorKind {
        self.kind
    }

    /// The segment, or the folder where it was looked for.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the segment has, where that is not what the gate to be opened has.
    #[must_use]
    pub fn theirs(&self) -> Option<&str> {
        self.sides.as_ref().map(|(theirs, _)| theirs.as_str())
    }

    /// What the gate to be opened has, where the segment has something else.
    #[must_use]
    pub fn ours(&self) -> Option<&str> {
        self.sides.as_ref().map(|(_, ours)| ours.as_str())
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shared segment {} {}", self.path.display(), self.message)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

/// A gate that could not be built says the same, and keeps the error as its source.
impl From<SharedError> for ConfigError {
    fn from(error: SharedError) -> Self {
        let kind = match error.kind {
            SharedErrorKind::Limits => ConfigErrorKind::Limits,
            SharedErrorKind::Unsupported => ConfigErrorKind::Unsupported,
            _ => ConfigErrorKind::Storage,
        };
        Self::with_source(kind, error.to_string(), error)
    }
}

impl From<SharedError> for StorageError {
    fn from(error: SharedError) -> Self {
        Self::with_source(StorageErrorKind::Unavailable, error)
    }
}

impl From<SharedError> for Error {
    fn from(error: SharedError) -> Self {
        StorageError::from(error).into()
    }
}
