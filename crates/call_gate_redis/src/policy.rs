//! What a gate answers while its server is away.

mod fallback;
mod gate;
mod limiter;
mod local;
#[cfg(test)]
mod tests;

pub(crate) use limiter::Spans;

/// Asks a gate's server first, and answers by the policy where it is away.
pub(crate) type Fallback = fallback::Fallback<gate::ForGate>;
/// The same for a limiter's.
pub(crate) type LimiterFallback = fallback::Fallback<limiter::ForLimiter>;

use call_gate_core::{StorageError, StorageErrorKind, UpdateError};
use std::num::NonZeroU32;

/// What a gate answers while its server is away.
///
/// Away means that the server cannot be reached, refuses to work or does not
/// answer in time: [`StorageErrorKind::Unavailable`] and
/// [`StorageErrorKind::TimedOut`]. Every other error stays an error under
/// each policy, so that a wrong password does not switch the limits off.
///
/// The policy answers updates, peeks and `check_limits`. A refund, a look at
/// the state, a clear and a change of limits have an error for their answer
/// all the same: what may have been done must not be done again.
///
/// Each call asks the server first, so the first answer that it gives again
/// is the gate's. Under a policy every denial names as its `retry_after` the
/// pause of the storage's breaker at most, after which the server is asked
/// again, so that those who wait find it when it is back.
///
/// What was admitted here and not by the server is given back through its
/// pass only: a plain `refund` takes from what the server counted.
///
/// A value of 0 books nothing and is admitted under all of them but `Error`.
///
/// A limiter is answered for in the same way: its windows, and those of cost,
/// each with its own limit. Its permits are this process's own, whatever
/// becomes of the server.
///
/// [`StorageErrorKind::Unavailable`]: call_gate_core::StorageErrorKind::Unavailable
/// [`StorageErrorKind::TimedOut`]: call_gate_core::StorageErrorKind::TimedOut
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnStorageError {
    /// The error.
    #[default]
    Error,
    /// Everything is admitted, and nothing is counted.
    ///
    /// A reading says so: its frame and its sum hold 0, and what remains is
    /// the whole limit. A pass booked so has nothing to give back: its refund
    /// has expired.
    Allow,
    /// Everything is denied, as by a full window.
    Deny,
    /// Each gate goes on alone, in this process's memory, with this part of the limits: 1 is the whole of them, 8 an
    /// eighth, rounded down.
    ///
    /// With as many gates of that name as this, in all processes together,
    /// they admit no more than the limits while the server is away; clones
    /// are one gate. A limit smaller than this leaves nothing to anybody, and
    /// everything is denied. The limits are those that the server told last.
    ///
    /// What the server has counted is not known here, nor there what is
    /// counted here: a window in which an outage begins or ends may hold up
    /// to twice the limit, once by the server and once by all the parts.
    /// A process that starts anew has forgotten what it counted.
    ///
    /// Readings are of this gate's own part, and passes are given back to it,
    /// also when the server is back. Denials name the whole limit, with the
    /// parts of the others as used.
    Local(NonZeroU32),
}

impl OnStorageError {
    /// [`Local`](Self::Local) for so many processes with one gate each; `None` for 0 of them.
    #[must_use]
    pub const fn local(processes: u32) -> Option<Self> {
        match NonZeroU32::new(processes) {
            Some(processes) => Some(Self::Local(processes)),
            None => None,
        }
    }
}

/// Why what is in memory had no answer.
fn failure(error: UpdateError) -> StorageError {
    match error {
        UpdateError::Storage(error) => error,
        error => StorageError::with_source(StorageErrorKind::Protocol, error),
    }
}
