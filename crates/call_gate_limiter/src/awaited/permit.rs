//! Permits whose storage is awaited.

use crate::permit::{OwnedPermit, Permit};
use call_gate_core::{Demand, Refund, UpdateError};

/// A [`Permit`] whose storage is awaited.
///
/// Dropped, it gives its places back, and nothing else.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once bounds nothing"]
pub struct AsyncPermit<'l>(pub(super) Permit<'l>);

impl AsyncPermit<'_> {
    /// What was asked for.
    pub fn demand(&self) -> Demand {
        self.0.demand()
    }

    /// The same permit with a handle of its own.
    pub fn into_owned(self) -> AsyncOwnedPermit {
        AsyncOwnedPermit(self.0.into_owned())
    }

    /// As [`Permit::refund`].
    ///
    /// # Errors
    /// As [`Permit::refund`].
    ///
    /// # Cancel safety
    /// Dropped before its first poll, the request stays counted; its places
    /// are given back.
    pub async fn refund(self) -> Result<Refund, UpdateError> {
        self.0.refund_awaited().await
    }

    /// As [`Permit::settle`].
    ///
    /// # Errors
    /// As [`Permit::settle`].
    ///
    /// # Cancel safety
    /// As [`refund`](Self::refund).
    pub async fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        self.0.settle_awaited(actual).await
    }

    /// As [`Permit::forget`].
    pub fn forget(self) {
        self.0.forget();
    }
}

/// An [`AsyncPermit`] that owns a handle of its limiter.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once bounds nothing"]
pub struct AsyncOwnedPermit(OwnedPermit);

impl AsyncOwnedPermit {
    /// What was asked for.
    pub fn demand(&self) -> Demand {
        self.0.demand()
    }

    /// As [`AsyncPermit::refund`].
    ///
    /// # Errors
    /// As [`Permit::refund`].
    pub async fn refund(self) -> Result<Refund, UpdateError> {
        self.0.refund_awaited().await
    }

    /// As [`AsyncPermit::settle`].
    ///
    /// # Errors
    /// As [`Permit::settle`].
    pub async fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        self.0.settle_awaited(actual).await
    }

    /// As [`Permit::forget`].
    pub fn forget(self) {
        self.0.forget();
    }
}
