//! What a list of segments tells.

use crate::error::SharedError;
use crate::header::Header;
use call_gate_core::Moment;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// In what state a segment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SegmentState {
    /// In use, or ready to be.
    Live,
    /// Taken out of use; the next to open the gate's name clears it away.
    Retired,
    /// From before a reboot; the next to open the gate's name makes a new one.
    Stale,
    /// Not to be used: see [`error`](Segment::error).
    Refused,
}

/// A segment as it was found.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    bytes: u64,
    state: SegmentState,
    header: Result<Header, SharedError>,
}

#[cfg(unix)]
impl Segment {
    pub(crate) fn new(path: PathBuf, bytes: u64, state: SegmentState, header: Header) -> Self {
        Self {
            path,
            bytes,
            state,
            header: Ok(header),
        }
    }

    pub(crate) fn refused(path: PathBuf, bytes: u64, error: SharedError) -> Self {
        Self {
            path,
            bytes,
            state: SegmentState::Refused,
            header: Err(error),
        }
    }
}

impl Segment {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its length in bytes; 0 where that is not to be had.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// In what state it is.
    #[must_use]
    pub fn state(&self) -> SegmentState {
        self.state
    }

    /// Why it is refused.
    #[must_use]
    pub fn error(&self) -> Option<&SharedError> {
        self.header.as_ref().err()
    }

    /// The name of its gate.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.told().map(|header| header.name.as_str())
    }

    /// Length of its gate's window.
    #[must_use]
    pub fn gate_size(&self) -> Option<Duration> {
        self.told()
            .map(|header| Duration::from_nanos(header.gate_size))
    }

    /// Length of its gate's frames.
    #[must_use]
    pub fn frame_step(&self) -> Option<Duration> {
        self.told()
            .map(|header| Duration::from_nanos(header.frame_step))
    }

    /// Whether its gate is strict.
    #[must_use]
    pub fn is_strict(&self) -> Option<bool> {
        self.told().map(|header| header.strict)
    }

    /// When it was made, by its gate's clock.
    #[must_use]
    pub fn made(&self) -> Option<SystemTime> {
        self.told()
            .map(|header| Moment::from_nanos(header.made).into())
    }

    fn told(&self) -> Option<&Header> {
        self.header.as_ref().ok()
    }
}
