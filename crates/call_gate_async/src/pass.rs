//! Bookings that can be given back from async code.

use call_gate_core::{OwnedPass, Pass, Reading, Refund, UpdateError};

/// A [`Pass`] whose storage is awaited.
///
/// The booking stands when it is dropped.
#[derive(Debug)]
#[must_use = "the booking stands when the pass is dropped; use `update` if that is all you want"]
pub struct AsyncPass<'g>(pub(crate) Pass<'g>);

impl AsyncPass<'_> {
    /// What was booked.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.value()
    }

    /// What the gate held right after the booking.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        self.0.reading()
    }

    /// As [`Pass::refund`].
    ///
    /// # Errors
    /// As [`Pass::refund`].
    ///
    /// # Cancel safety
    /// Dropped before its first poll, the booking stands.
    pub async fn refund(self) -> Result<Refund, UpdateError> {
        self.0.refund_awaited().await
    }

    /// As [`Pass::settle`].
    ///
    /// # Errors
    /// As [`Pass::settle`].
    ///
    /// # Cancel safety
    /// Dropped before its first poll, the booking stands as it is.
    pub async fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        self.0.settle_awaited(actual).await
    }
}

/// An [`OwnedPass`] whose storage is awaited; it may go to another task.
///
/// The booking stands when it is dropped.
#[derive(Debug)]
#[must_use = "the booking stands when the pass is dropped; use `update` if that is all you want"]
pub struct AsyncOwnedPass(pub(crate) OwnedPass);

impl AsyncOwnedPass {
    /// What was booked.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.value()
    }

    /// What the gate held right after the booking.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        self.0.reading()
    }

    /// As [`Pass::refund`].
    ///
    /// # Errors
    /// As [`Pass::refund`].
    ///
    /// # Cancel safety
    /// As [`AsyncPass::refund`].
    pub async fn refund(self) -> Result<Refund, UpdateError> {
        self.0.refund_awaited().await
    }

    /// As [`Pass::settle`].
    ///
    /// # Errors
    /// As [`Pass::settle`].
    ///
    /// # Cancel safety
    /// As [`AsyncPass::settle`].
    pub async fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        self.0.settle_awaited(actual).await
    }
}
