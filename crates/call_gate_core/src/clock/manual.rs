//! A clock that stands still until it is moved.

use super::{Alarm, Bell, Clock, Moment, Turn};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime};

/// A clock for tests and for event time: it moves when it is told to.
///
/// Clones share one time. Moving it wakes whoever waits on it.
///
/// # Examples
/// ```
/// use call_gate_core::{CallGate, clock::ManualClock};
/// use std::time::{Duration, SystemTime};
///
/// let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
/// let gate = CallGate::unnamed(Duration::from_secs(10), Duration::from_secs(1))
///     .gate_limit(1)
///     .clock(clock.clone())
///     .build()?;
/// gate.try_update(1)?;
/// assert!(gate.try_update(1).is_err());
/// clock.advance(Duration::from_secs(10));
/// gate.try_update(1)?;
/// # Ok::<(), call_gate_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    shared: Arc<Shared>,
    auto: bool,
}

#[derive(Debug)]
struct Shared {
    /// Changed under `sleepers` only.
    now: AtomicU64,
    sleepers: Mutex<Sleepers>,
}

#[derive(Debug, Default)]
struct Sleepers {
    last: u64,
    wakers: HashMap<u64, Waker>,
}

/// A sleeper's number; dropped, it is forgotten.
struct Sleeper {
    shared: Arc<Shared>,
    number: u64,
}

impl Shared {
    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // dropped without the lock: a waker may run foreign code
        let waker = self.shared.sleepers().wakers.remove(&self.number);
        drop(waker);
    }
}

impl ManualClock {
    /// A clock that shows `now`; before 1970, the beginning of 1970.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        let now = AtomicU64::new(Moment::from(now).as_nanos());
        Self {
            shared: Arc::new(Shared {
                now,
                sleepers: Mutex::default(),
            }),
            auto: false,
        }
    }

    /// The same clock, moved by waiting itself: who waits at the head of a queue moves it to the end of the wait.
    #[must_use]
    pub fn auto(self) -> Self {
        Self { auto: true, ..self }
    }

    /// What the clock shows.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.now().into()
    }

    /// Moves the clock on by `step`.
    pub fn advance(&self, step: Duration) {
        self.shift(|now| now.after(step));
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, time: SystemTime) {
        self.shift(|_| time.into());
    }

    fn shift(&self, to: impl FnOnce(Moment) -> Moment) {
        let woken = {
            let mut sleepers = self.shared.sleepers();
            let now = to(self.now()).as_nanos();
            // Release pairs with the Acquire in `now`: who sees the new time sees what was done before it was set
            self.shared.now.store(now, Ordering::Release);
            std::mem::take(&mut sleepers.wakers)
        };
        woken.into_values().for_each(Waker::wake);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment::from_nanos(self.shared.now.load(Ordering::Acquire))
    }

    fn alarm(&self, at: Moment, turn: Turn, waker: &Waker) -> Alarm {
        if self.auto && turn == Turn::First {
            self.shift(|now| now.max(at));
            return Alarm::Timer(Duration::ZERO);
        }
        let waker = waker.clone();
        let mut sleepers = self.shared.sleepers();
        // under the lock the clock stands still: it cannot pass `at` between this look and the entry in the list
        if self.now() >= at {
            return Alarm::Timer(Duration::ZERO);
        }
        sleepers.last += 1;
        let number = sleepers.last;
        sleepers.wakers.insert(number, waker);
        Alarm::Rings(Bell::new(Sleeper {
            shared: self.shared.clone(),
            number,
        }))
    }
}
