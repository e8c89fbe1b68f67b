//! Clocks: what a gate takes for the time, and how its waiters sleep.

mod bell;
mod group;
mod manual;
mod moment;
mod system;

pub use bell::Bell;
pub use group::{GroupClock, Present};
pub use manual::ManualClock;
pub use moment::Moment;
pub(crate) use system::Source;
pub use system::{SystemClock, monotonic};

use std::fmt::Debug;
use std::task::Waker;
use std::time::Duration;

/// Where a waiter stands in its gate's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a waiter is first or it is not")]
pub enum Turn {
    /// At the head: it sleeps until its request can be admitted, or its wait is over.
    First,
    /// Behind others: it sleeps until its wait is over.
    Behind,
}

/// How a waiter is to be woken.
#[derive(Debug)]
#[non_exhaustive]
pub enum Alarm {
    /// By a timer of the waiter's own, after this long.
    Timer(Duration),
    /// By the clock, which keeps the waker while the waiter keeps the bell, and wakes it when it moves.
    Rings(Bell),
}

/// A source of time for a gate.
///
/// Readings should not go backwards; one that does books in the newest frame
/// that the gate has seen.
pub trait Clock: Debug + Send + Sync {
    /// The time.
    fn now(&self) -> Moment;

    /// How a waiter sleeps until `at`.
    ///
    /// The default is a timer for the difference, which suits a clock that
    /// runs at the pace of real time, in steps of two seconds at most.
    fn alarm(&self, at: Moment, turn: Turn, waker: &Waker) -> Alarm {
        let _ = (turn, waker);
        Alarm::Timer(at.since(self.now()))
    }

    /// The built-in clock that this is, which gates read without a call through the trait.
    #[doc(hidden)]
    fn as_system(&self) -> Option<SystemClock> {
        None
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Moment {
        (**self).now()
    }

    fn alarm(&self, at: Moment, turn: Turn, waker: &Waker) -> Alarm {
        (**self).alarm(at, turn, waker)
    }

    fn as_system(&self) -> Option<SystemClock> {
        (**self).as_system()
    }
}
