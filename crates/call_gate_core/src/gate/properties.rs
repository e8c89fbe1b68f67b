//! What a gate is, and what it holds by name.

use super::CallGate;
use crate::clock::Moment;
use crate::denial::Denial;
use crate::error::{StorageError, UpdateError};
use crate::limits::Limits;
use crate::reading::{Frame, State};
use crate::snapshot::Snapshot;
use crate::storage::StorageKind;
use std::fmt;
use std::time::Duration;

impl CallGate {
    /// The error that a denial by this gate's counters is, for whoever asked them without it.
    #[doc(hidden)]
    #[must_use]
    pub fn denied(&self, denial: Denial) -> UpdateError {
        self.0.refused(denial.named(self.0.name_number()))
    }

    /// The gate's name; empty for an unnamed one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// Length of the window.
    #[must_use]
    pub fn gate_size(&self) -> Duration {
        self.0.gate_size()
    }

    /// Length of a frame.
    #[must_use]
    pub fn frame_step(&self) -> Duration {
        self.0.frame_step()
    }

    /// How many frames `gate_size` holds.
    #[must_use]
    pub fn frames(&self) -> usize {
        let kept = self.0.kept() as usize;
        if self.is_strict() { kept - 1 } else { kept }
    }

    /// Whether no interval of `gate_size` at all may hold more than the gate limit.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.0.is_strict()
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.0.limits()
    }

    /// The most that the whole window may hold.
    #[must_use]
    pub fn gate_limit(&self) -> Option<u64> {
        self.limits().gate_limit()
    }

    /// The most that one frame may hold.
    #[must_use]
    pub fn frame_limit(&self) -> Option<u64> {
        self.limits().frame_limit()
    }

    /// Where the counters live.
    #[must_use]
    pub fn storage(&self) -> StorageKind {
        self.0.kind()
    }

    /// The label of what is shown and saved.
    #[must_use]
    pub fn timezone(&self) -> Option<&str> {
        self.0.timezone()
    }

    /// What the gate is and holds, to make it again in any storage.
    ///
    /// Not with it: `credits` and `limits_up_to`, which are a builder's.
    ///
    /// # Errors
    /// The storage failed.
    pub fn snapshot(&self) -> Result<Snapshot, StorageError> {
        Ok(self.snapshot_of(self.state()?))
    }

    /// What the whole window holds; one frame more than `frames` in a strict gate.
    ///
    /// # Errors
    /// The storage failed.
    pub fn sum(&self) -> Result<u64, StorageError> {
        Ok(self.state()?.sum())
    }

    /// What each frame holds, newest first; one more in a strict gate.
    ///
    /// # Errors
    /// The storage failed.
    pub fn data(&self) -> Result<Vec<u64>, StorageError> {
        Ok(self.state()?.into_frames())
    }

    /// The current frame.
    ///
    /// # Errors
    /// The storage failed.
    pub fn current_frame(&self) -> Result<Frame, StorageError> {
        Ok(self.state()?.current_frame())
    }

    /// The oldest frame of the window; one older in a strict gate.
    ///
    /// # Errors
    /// The storage failed.
    pub fn last_frame(&self) -> Result<Frame, StorageError> {
        Ok(self.last_frame_of(&self.state()?))
    }

    pub(super) fn last_frame_of(&self, state: &State) -> Frame {
        let back = self
            .frame_step()
            .saturating_mul(self.0.kept() - 1)
            .as_nanos();
        let start = u128::from(state.start().as_nanos()).saturating_sub(back);
        Frame::new(
            Moment::from_nanos(u64::try_from(start).unwrap_or(0)),
            state.frames().last().copied().unwrap_or(0),
        )
    }

    pub(super) fn snapshot_of(&self, state: State) -> Snapshot {
        let mut snapshot = Snapshot::new(self.name(), self.gate_size(), self.frame_step())
            .with_limits(self.limits())
            .with_storage(self.storage())
            .with_timezone(self.timezone().map(str::to_owned));
        if self.is_strict() {
            snapshot = snapshot.strict();
        }
        if state.frames().iter().any(|value| *value > 0) {
            let start = state.start().into();
            snapshot = snapshot.with_frames(start, state.into_frames());
        }
        snapshot
    }
}

impl fmt::Debug for CallGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallGate")
            .field("name", &self.name())
            .field("gate_size", &self.gate_size())
            .field("frame_step", &self.frame_step())
            .field("gate_limit", &self.gate_limit())
            .field("frame_limit", &self.frame_limit())
            .field("strict", &self.is_strict())
            .field("storage", &self.storage())
            .field("timezone", &self.timezone())
            .finish()
    }
}

/// The frames, newest first, and their sum; what the storage says where it fails.
impl fmt::Display for CallGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state() {
            Ok(state) => state.fmt(f),
            Err(error) => error.fmt(f),
        }
    }
}
