//! Gates in files.

use super::{CallGate, CallGateBuilder};
use crate::persist::FileError;
use crate::snapshot::Snapshot;
use std::path::Path;

impl CallGate {
    /// Writes the gate to the file at `path`, in the field names of Python `call_gate` 2.x.
    ///
    /// The file is written beside `path`, synced and moved over it: a reader
    /// finds the old file or the new one, never half of one. Folders that are
    /// missing are made.
    ///
    /// # Errors
    /// The storage failed, the gate has no name or a time zone that is not
    /// known here, or the file cannot be written; an old file stays as it was.
    pub fn to_file(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        self.snapshot().map_err(FileError::from)?.to_file(path)
    }

    /// Makes the gate that the file at `path` holds, in this process's memory.
    ///
    /// Frames that have left the window since it was written are dropped. A
    /// file does not tell `credits` nor `limits_up_to`: see
    /// [`CallGateBuilder::from_file`].
    ///
    /// # Errors
    /// The file cannot be read, or holds what no gate can; the message names
    /// the field, the value and the rule.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let built = CallGateBuilder::from_file(path)?.build();
        built.map_err(|error| FileError::from(error).at(path))
    }
}

impl CallGateBuilder {
    /// Starts the gate that the file at `path` holds, to be given a storage or a clock before it is made.
    ///
    /// # Errors
    /// As [`CallGate::from_file`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Ok(Self::from_snapshot(Snapshot::from_file(path)?))
    }
}
