//! The default storage: this process's memory.

use super::{Counter, GateConfig, Opened, Storage, StorageKind};
use crate::error::ConfigError;
use crate::snapshot::Snapshot;

/// Counters in this process; every gate has its own.
///
/// Gates whose limits fit are lock-free: 8 bytes a frame and less than 512.
/// Gates with larger limits, without any limit, with frames under about
/// 10 µs, or built with `.credits()` hold the same window under a mutex: the
/// same answers at several times the cost of a call, and many times where
/// threads meet.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Memory;

impl Memory {
    /// The storage.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Storage for Memory {
    fn kind(&self) -> StorageKind {
        StorageKind::Simple
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        Ok(Opened::Counter(Counter::in_memory(config, seed)))
    }
}
