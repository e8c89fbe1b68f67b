//! A booking that can be given back.

use super::CallGate;
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

    /// Gives the whole booking back.
    ///
    /// # Errors
    /// [`UpdateError::Underflow`] when somebody took it out of the frame
    /// already, a closed gate, a failing storage.
    pub fn refund(self) -> Result<Refund, UpdateError> {
        give_back(self.gate, self.value, &self.reading)
    }

    /// Makes the booking `actual`: gives back what is too much, or books what is missing, at once.
    ///
    /// # Errors
    /// When more is needed, any that [`try_update`](CallGate::try_update)
    /// has: the reservation stands. When less, as [`refund`](Self::refund).
    pub fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        settle(self.gate, self.value, &self.reading, actual)
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
    pub(super) fn new(gate: CallGate, value: u64, reading: Reading) -> Self {
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

    /// As [`Pass::refund`].
    ///
    /// # Errors
    /// As [`Pass::refund`].
    pub fn refund(self) -> Result<Refund, UpdateError> {
        give_back(&self.gate, self.value, &self.reading)
    }

    /// As [`Pass::settle`].
    ///
    /// # Errors
    /// As [`Pass::settle`].
    pub fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        settle(&self.gate, self.value, &self.reading, actual)
    }
}

fn settle(
    gate: &CallGate,
    value: u64,
    reading: &Reading,
    actual: u64,
) -> Result<Refund, UpdateError> {
    if actual > value {
        gate.try_update(actual - value)?;
        return Ok(Refund::Returned(0));
    }
    give_back(gate, value - actual, reading)
}

fn give_back(gate: &CallGate, value: u64, reading: &Reading) -> Result<Refund, UpdateError> {
    if value == 0 {
        return Ok(Refund::Returned(0));
    }
    match gate.0.refund(value, Some(reading.booking.ticket))? {
        Refunded::Returned(_) => Ok(Refund::Returned(value)),
        Refunded::Expired => Ok(Refund::Expired),
        Refunded::Underflow { booked } => Err(UpdateError::Underflow(Underflow {
            requested: value,
            booked,
        })),
    }
}
