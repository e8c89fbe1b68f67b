//! A booking that can be given back.

use super::way::at_once;
use super::{CallGate, Way};
use crate::demand::Demand;
use crate::error::{Underflow, UpdateError};
use crate::reading::Reading;
use crate::window::Refunded;

/// What became of a pass that was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refund {
    /// So much room is there again.
    Returned(u64),
    /// The frame is over, or the gate was cleared: the booking stands, or is forgotten already.
    Expired,
}

/// A booking for a scope.
///
/// It stands when the pass is dropped. [`refund`](Self::refund) and
/// [`settle`](Self::settle) give room back while the frame that it was booked
/// in is the current one; a gate built with `.credits()` credits closed
/// frames too.
#[derive(Debug)]
#[must_use = "the booking stands when the pass is dropped; use `update` if that is all you want"]
pub struct Pass<'g> {
    gate: &'g CallGate,
    value: u64,
    reading: Reading,
}

impl<'g> Pass<'g> {
    pub(super) fn new(gate: &'g CallGate, value: u64, reading: Reading) -> Self {
        Self {
            gate,
            value,
            reading,
        }
    }

    /// What was booked.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// What the gate held right after the booking.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The same pass with a handle of its own.
    pub fn into_owned(self) -> OwnedPass {
        OwnedPass {
            gate: self.gate.clone(),
            value: self.value,
            reading: self.reading,
        }
    }

    /// Gives the whole booking back.
    ///
    /// # Errors
    /// [`UpdateError::Underflow`] when somebody took it out of the frame
    /// already, a closed gate, a failing storage.
    pub fn refund(self) -> Result<Refund, UpdateError> {
        at_once(give_back(
            Way::Blocking,
            self.gate,
            self.value,
            self.reading,
        ))
    }

    /// As [`refund`](Self::refund), awaiting a remote storage instead of blocking the thread.
    ///
    /// # Errors
    /// As [`refund`](Self::refund).
    pub async fn refund_awaited(self) -> Result<Refund, UpdateError> {
        give_back(Way::Awaited, self.gate, self.value, self.reading).await
    }

    /// Makes the booking `actual`: gives back what is too much, or books what is missing, at once.
    ///
    /// # Errors
    /// When more is needed, any that [`try_update`](CallGate::try_update)
    /// has: the reservation stands. When less, as [`refund`](Self::refund).
    pub fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        let (gate, value) = (self.gate, self.value);
        at_once(settle(Way::Blocking, gate, value, self.reading, actual))
    }

    /// As [`settle`](Self::settle), awaiting a remote storage instead of blocking the thread.
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub async fn settle_awaited(self, actual: u64) -> Result<Refund, UpdateError> {
        settle(Way::Awaited, self.gate, self.value, self.reading, actual).await
    }
}

/// A [`Pass`] that owns a handle of its gate.
#[derive(Debug)]
#[must_use = "the booking stands when the pass is dropped; use `update` if that is all you want"]
pub struct OwnedPass {
    gate: CallGate,
    value: u64,
    reading: Reading,
}

impl OwnedPass {
    /// What was booked.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// What the gate held right after the booking.
    #[must_use]
    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// As [`Pass::refund`].
    ///
    /// # Errors
    /// As [`Pass::refund`].
    pub fn refund(self) -> Result<Refund, UpdateError> {
        self.borrowed().refund()
    }

    /// As [`Pass::refund_awaited`].
    ///
    /// # Errors
    /// As [`Pass::refund`].
    pub async fn refund_awaited(self) -> Result<Refund, UpdateError> {
        self.borrowed().refund_awaited().await
    }

    /// As [`Pass::settle`].
    ///
    /// # Errors
    /// As [`Pass::settle`].
    pub fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        self.borrowed().settle(actual)
    }

    /// As [`Pass::settle_awaited`].
    ///
    /// # Errors
    /// As [`Pass::settle`].
    pub async fn settle_awaited(self, actual: u64) -> Result<Refund, UpdateError> {
        self.borrowed().settle_awaited(actual).await
    }

    fn borrowed(&self) -> Pass<'_> {
        Pass::new(&self.gate, self.value, self.reading)
    }
}

async fn settle(
    way: Way,
    gate: &CallGate,
    value: u64,
    reading: Reading,
    actual: u64,
) -> Result<Refund, UpdateError> {
    if actual > value {
        gate.0.try_on(way, actual - value).await?;
        return Ok(Refund::Returned(0));
    }
    give_back(way, gate, value - actual, reading).await
}

async fn give_back(
    way: Way,
    gate: &CallGate,
    value: u64,
    reading: Reading,
) -> Result<Refund, UpdateError> {
    if value == 0 {
        return Ok(Refund::Returned(0));
    }
    let ticket = Some(reading.booking.ticket);
    match gate.0.refund(way, Demand::new(value), ticket).await? {
        Refunded::Returned(_) => Ok(Refund::Returned(value)),
        Refunded::Expired => Ok(Refund::Expired),
        Refunded::Underflow { booked } => Err(UpdateError::Underflow(Underflow {
            requested: value,
            booked,
        })),
    }
}
