//! What a gate is; none of it asks the storage.

use super::AsyncCallGate;
use call_gate_core::{Limits, StorageKind};
use std::time::Duration;

impl AsyncCallGate {
    /// Whether the gate is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// How many wait, tasks and threads.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.0.waiters()
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
        self.0.frames()
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
        self.0.gate_limit()
    }

    /// The most that one frame may hold.
    #[must_use]
    pub fn frame_limit(&self) -> Option<u64> {
        self.0.frame_limit()
    }

    /// Where the counters live.
    #[must_use]
    pub fn storage(&self) -> StorageKind {
        self.0.storage()
    }

    /// The label of what is shown and saved.
    #[must_use]
    pub fn timezone(&self) -> Option<&str> {
        self.0.timezone()
    }
}
