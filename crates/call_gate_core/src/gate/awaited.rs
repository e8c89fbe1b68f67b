//! A gate's operations for async callers, on any runtime.

use super::{CallGate, Way};
use crate::error::{ConfigError, StorageError, UpdateError};
use crate::limits::Limits;
use crate::reading::{Decision, Frame, Reading, State};
use crate::snapshot::Snapshot;

/// A gate's operations for async callers: a remote storage is awaited, and nothing else waits.
///
/// In process every one of them is done on the first poll. No timer is
/// needed: waiting for a turn is a [`Waiter`](crate::Waiter)'s, which a
/// runtime's adapter drives.
///
/// # Cancel safety
/// A future that is dropped before its first poll has done nothing. Dropped
/// while it awaits a remote storage, the act may be done all the same, and
/// `limits` may go on telling the limits of before.
#[derive(Debug, Clone, Copy)]
pub struct Awaited<'g> {
    gate: &'g CallGate,
}

impl<'g> Awaited<'g> {
    pub(super) fn new(gate: &'g CallGate) -> Self {
        Self { gate }
    }

    /// As [`CallGate::try_update`].
    ///
    /// # Errors
    /// As [`CallGate::try_update`].
    pub async fn try_update(self, value: u64) -> Result<Reading, UpdateError> {
        self.gate.0.try_on(Way::Awaited, value).await
    }

    /// As [`CallGate::check_limits`].
    ///
    /// # Errors
    /// As [`CallGate::check_limits`].
    pub async fn check_limits(self) -> Result<(), UpdateError> {
        self.gate.0.check_limits(Way::Awaited).await
    }

    /// As [`CallGate::peek`].
    ///
    /// # Errors
    /// As [`CallGate::peek`].
    pub async fn peek(self, value: u64) -> Result<Decision, UpdateError> {
        self.gate.0.peek(Way::Awaited, value).await
    }

    /// As [`CallGate::refund`].
    ///
    /// # Errors
    /// As [`CallGate::refund`].
    pub async fn refund(self, value: u64) -> Result<Reading, UpdateError> {
        self.gate.0.refund_frame(Way::Awaited, value).await
    }

    /// As [`CallGate::set_limits`].
    ///
    /// # Errors
    /// As [`CallGate::set_limits`].
    pub async fn set_limits(self, limits: Limits) -> Result<(), ConfigError> {
        self.gate.0.set_limits(Way::Awaited, limits).await
    }

    /// As [`CallGate::state`].
    ///
    /// # Errors
    /// As [`CallGate::state`].
    pub async fn state(self) -> Result<State, StorageError> {
        self.gate.0.state(Way::Awaited).await
    }

    /// As [`CallGate::snapshot`].
    ///
    /// # Errors
    /// As [`CallGate::snapshot`].
    pub async fn snapshot(self) -> Result<Snapshot, StorageError> {
        Ok(self.gate.snapshot_of(self.state().await?))
    }

    /// As [`CallGate::last_frame`].
    ///
    /// # Errors
    /// As [`CallGate::last_frame`].
    pub async fn last_frame(self) -> Result<Frame, StorageError> {
        Ok(self.gate.last_frame_of(&self.state().await?))
    }

    /// As [`CallGate::clear`].
    ///
    /// # Errors
    /// As [`CallGate::clear`].
    pub async fn clear(self) -> Result<(), StorageError> {
        self.gate.0.clear(Way::Awaited).await
    }
}
