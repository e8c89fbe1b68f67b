//! One error over every operation of the family.

use super::{ConfigError, StorageError, UpdateError};
use crate::denial::Denial;
#[cfg(feature = "persist")]
use crate::persist::FileError;
use std::fmt;
use std::sync::Arc;

/// Which operation an [`Error`] comes from, and how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A limit, or the queue before it, said no.
    Denied,
    /// An update, a refund or a wait could not be done; not a denial.
    Update,
    /// A configuration breaks a rule.
    Config,
    /// The storage failed.
    Storage,
    /// A file could not be read or written.
    File,
}

/// Any error of the family, for code that passes them all on with `?`.
#[derive(Debug)]
pub struct Error {
    cause: Cause,
    /// Looked up when the error was made: the gate may be gone when it is shown.
    gate: Option<Arc<str>>,
}

#[derive(Debug)]
enum Cause {
    Update(UpdateError),
    Config(ConfigError),
    Storage(StorageError),
    #[cfg(feature = "persist")]
    File(FileError),
}

impl Error {
    /// Which operation it comes from, and how that ended.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.cause {
            Cause::Update(error) if error.is_denied() => ErrorKind::Denied,
            Cause::Update(UpdateError::Storage(_)) | Cause::Storage(_) => ErrorKind::Storage,
            Cause::Update(_) => ErrorKind::Update,
            Cause::Config(_) => ErrorKind::Config,
            #[cfg(feature = "persist")]
            Cause::File(_) => ErrorKind::File,
        }
    }

    /// Whether a limit, or the queue before it, said no.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.denial().is_some()
    }

    /// What was denied, if this is a denial.
    #[must_use]
    pub fn denial(&self) -> Option<&Denial> {
        match &self.cause {
            Cause::Update(error) => error.denial(),
            _ => None,
        }
    }

    /// The name of the gate that denied.
    #[must_use]
    pub fn gate(&self) -> Option<&str> {
        self.gate.as_deref()
    }

    fn inner(&self) -> &(dyn std::error::Error + 'static) {
        match &self.cause {
            Cause::Update(error) => error,
            Cause::Config(error) => error,
            Cause::Storage(error) => error,
            #[cfg(feature = "persist")]
            Cause::File(error) => error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.inner(), f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner().source()
    }
}

impl From<UpdateError> for Error {
    fn from(error: UpdateError) -> Self {
        let gate = error.denial().and_then(Denial::gate);
        Self {
            cause: Cause::Update(error),
            gate,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self {
            cause: Cause::Config(error),
            gate: None,
        }
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        Self {
            cause: Cause::Storage(error),
            gate: None,
        }
    }
}

#[cfg(feature = "persist")]
impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Self {
            cause: Cause::File(error),
            gate: None,
        }
    }
}
