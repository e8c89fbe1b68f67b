//! The storage contract: where a gate's counters live.
//!
//! `CallGate` is one type whatever the storage. A storage that holds the window's words in this process or in memory
//! shared with others opens a [`Counter`], and the gate works on it directly; one behind a network opens a [`Remote`],
//! and every operation is one [`Act`] in one call.

mod act;
#[cfg(not(loom))]
mod blueprint;
mod config;
mod counter;
mod kind;
mod memory;
mod rows;

pub use act::{Act, Answer, Booked, BoxFuture, Deadline, Held, Key, Remote};
#[cfg(not(loom))]
pub use blueprint::Blueprint;
pub(crate) use config::Kind;
pub use config::{GateConfig, OnLimits};
pub use counter::Counter;
pub(crate) use counter::Placement;
pub use kind::StorageKind;
pub use memory::Memory;
pub use rows::{Row, RowShape};

use crate::error::ConfigError;
use crate::snapshot::Snapshot;
use std::fmt::Debug;
use std::sync::Arc;

/// Opens the counters of gates.
pub trait Storage: Debug + Send + Sync {
    /// What the storage calls itself.
    fn kind(&self) -> StorageKind;

    /// Opens the counters of the gate that `config` describes; empty ones start from `seed`.
    ///
    /// Never waits for a network.
    ///
    /// # Errors
    /// What this storage cannot hold: the message names the value and the
    /// most it can.
    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError>;
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn kind(&self) -> StorageKind {
        (**self).kind()
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        (**self).open(config, seed)
    }
}

impl<S: Storage + ?Sized> Storage for Arc<S> {
    fn kind(&self) -> StorageKind {
        (**self).kind()
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        (**self).open(config, seed)
    }
}

/// Opened counters.
#[derive(Debug)]
#[non_exhaustive]
pub enum Opened {
    /// A window whose words are in reach.
    Counter(Counter),
    /// The same, set to the wall by those who share it: a gate on the machine's clock adds this to
    /// [`monotonic`](crate::clock::monotonic) nanoseconds, modulo 2^64.
    Anchored(Counter, u64),
    /// A server.
    Remote(Arc<dyn Remote>),
}
