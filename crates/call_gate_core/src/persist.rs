//! Snapshots as files in the shape of the Python package `call_gate` 2.x.
//!
//! A file that Python wrote loads here, and a file written here loads there:
//!
//! | field | meaning |
//! | --- | --- |
//! | `name` | the gate's name |
//! | `gate_size`, `frame_step` | seconds; read and written as exact decimals, down to the nanosecond |
//! | `gate_limit`, `frame_limit` | integers; 0 or absent is no limit |
//! | `timezone` | an IANA name or `null` |
//! | `storage` | `simple`, `shared` or `redis` |
//! | `_data` | the counts, newest first; too short a list ends in zeros |
//! | `_current_dt` | the start of the newest frame; `null` for an unused gate |
//! | `strict` | ours alone: `true` for a strict gate, whose `_data` holds one frame more |
//!
//! Other fields are ignored. Only the name and the two durations are required,
//! as in Python.
//!
//! **Times.** A time with an offset (or `Z`) is what it says. One without is
//! local to `timezone` if the file names one, else to this system, as Python
//! writes it. A local time that a change of the clocks made ambiguous is taken
//! for the earlier of the two, one that it skipped for as much later as the gap
//! is long (RFC 5545's rule). Python computes frame starts in floating point, so
//! a time within 2 µs of a multiple of `frame_step` means that multiple; any
//! other is rounded down to one. (Python's subtraction ignores changes of the
//! clocks: frames of an hour or more that it saves on such a day may be an hour
//! off, which nothing in the file tells.) We always write a time zone (`UTC` unless the
//! gate is labelled otherwise) and a time with an offset, because Python fails
//! on a time with an offset beside a `null` zone. It is written in microseconds
//! where that is exact, as Python does, else in nanoseconds, which Python 3.11
//! and later truncates and earlier versions refuse.
//!
//! **Undated counts.** A Python gate in shared memory that is saved by a process
//! which never called through it has counts and a `null` time. They are restored
//! as if booked at the time of restoring, as Python does.

mod check;
mod decimal;
mod error;
mod read;
mod replace;
mod time;
mod write;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use jiff::tz::TimeZone;

pub use self::error::{FileError, FileErrorKind};
use crate::Snapshot;

/// The most that is read of a file. The largest legal one is half as long:
/// 2^20 frames of 20 digits, each on its own indented line.
const MAX_FILE: u64 = 64 << 20;

impl Snapshot {
    /// Reads a snapshot from the JSON of a gate's file.
    ///
    /// The fields are those of the Python package `call_gate` 2.x. A time
    /// without an offset is local to the `timezone` that the file names, or to
    /// this system if it names none; of a local time that occurs twice the
    /// earlier is meant.
    ///
    /// # Errors
    ///
    /// [`FileErrorKind::TooBig`] above 64 MiB, [`FileErrorKind::Syntax`] if it is
    /// not a JSON object, and [`FileErrorKind::Field`] for a field that is
    /// missing, given twice or against a rule, which it names with the value.
    pub fn from_json(bytes: &[u8]) -> Result<Self, FileError> {
        read::snapshot(bytes, TimeZone::system)
    }

    /// Writes the snapshot as the JSON that Python's `call_gate` 2.x writes.
    ///
    /// # Errors
    ///
    /// [`FileErrorKind::Field`] for what could not be read back: an unfit name,
    /// durations that do not make a window, more values than the window has
    /// frames, a sum above 64 bits, a time before 1970, or a time zone that this
    /// system does not know.
    pub fn to_json(&self) -> Result<String, FileError> {
        write::json(self)
    }

    /// Reads a snapshot from a gate's file.
    ///
    /// # Errors
    ///
    /// [`FileErrorKind::Read`] if it cannot be read, else as
    /// [`from_json`](Self::from_json).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        read_file(path)
            .and_then(|bytes| Self::from_json(&bytes))
            .map_err(|error| error.at(path))
    }

    /// Writes the snapshot to a file, all of it or nothing.
    ///
    /// It is written to a new file beside `path`, synced to the disk and renamed
    /// over `path`, so that a reader or a crash finds either the old file or the
    /// new one. Missing folders are made, an old file's permissions are kept on
    /// Unix, and a symbolic link is followed.
    ///
    /// # Errors
    ///
    /// [`FileErrorKind::Write`] if it cannot be written, or if `path` is
    /// something other than a file; else as [`to_json`](Self::to_json). The old
    /// file is intact then, unless all that failed was syncing the folder.
    pub fn to_file(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        self.to_json()
            .and_then(|json| replace::replace(path, json.as_bytes()))
            .map_err(|error| error.at(path))
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(FileError::read)?;
    Ok(bytes)
}
