//! What an adapter for a runtime is made of.

use super::{Awaited, CallGate, Pass, Wait};
use crate::demand::Demand;
use crate::queue::Waiter;
use crate::reading::Reading;

impl CallGate {
    /// Books `value` if that takes no more than a clock reading and a compare-and-swap.
    ///
    /// `None` says nothing, and nothing is booked: ask
    /// [`try_update`](Self::try_update). It keeps what most callers never
    /// need out of a driver's own fast path.
    #[inline(always)]
    #[must_use]
    pub fn try_fast(&self, value: u64) -> Option<Reading> {
        self.0.try_fast(value)
    }

    /// Whether an update of `value` that may wait has to: others wait already, and `value` is not above a limit.
    ///
    /// A driver then makes its [`waiter`](Self::waiter) at once;
    /// [`try_update`](Self::try_update) would work out a denial first.
    #[must_use]
    pub fn must_wait(&self, value: u64) -> bool {
        self.0.must_wait(Demand::new(value))
    }

    /// A place in the queue for `value`, to be driven by the caller.
    ///
    /// The driver does what [`Waiter::step`] says until it is done. Try
    /// [`try_update`](Self::try_update) first.
    #[must_use]
    pub fn waiter(&self, value: u64, wait: Wait) -> Waiter<'_> {
        Waiter::new(&self.0, Demand::new(value), wait)
    }

    /// The pass of a booking of `value`, made by whichever driver; `reading` is what it brought.
    pub fn pass(&self, value: u64, reading: Reading) -> Pass<'_> {
        Pass::new(self, value, reading)
    }

    /// The gate's operations for async callers: a remote storage is awaited, and nothing else waits.
    #[must_use]
    pub fn awaited(&self) -> Awaited<'_> {
        Awaited::new(self)
    }

    /// Whether the counters are behind a network.
    ///
    /// [`try_update`](Self::try_update) then blocks the thread for as long as
    /// the answer takes.
    #[inline]
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.0.is_remote()
    }
}
