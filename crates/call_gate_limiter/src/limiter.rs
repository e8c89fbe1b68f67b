//! The limiter for threads.

use crate::builder::RateLimiterBuilder;
use crate::permit::{OwnedPermit, Permit};
use crate::remaining::Remaining;
use call_gate_core::{
    ConfigError, Demand, StorageError, StorageKind, Turnstile, UpdateError, Wait, Way, at_once,
};
use std::fmt;
use std::time::Duration;

/// Several windows, and a bound on how many requests run at once.
///
/// A request is admitted by all of them, or nothing is booked and nothing is
/// taken. Who has to wait is served in order of arrival: for a permit until
/// one comes back, for a window until the exact time at which it has room.
///
/// Clones are cheap and all see one limiter. The windows may be shared by
/// processes and machines, through [`storage`](RateLimiterBuilder::storage);
/// `max_burst`, the queue and `close` are of one limiter and its clones, even
/// where another is built under the same name.
#[derive(Clone)]
pub struct RateLimiter {
    turnstile: Turnstile,
    blocking: bool,
}

impl RateLimiter {
    /// Starts a limiter.
    pub fn builder() -> RateLimiterBuilder {
        RateLimiterBuilder::new()
    }

    pub(crate) fn new(turnstile: Turnstile, blocking: bool) -> Self {
        Self {
            turnstile,
            blocking,
        }
    }

    /// Admits one request, waiting its turn however long that takes; at once where the limiter was built with
    /// `.blocking(false)`.
    ///
    /// # Errors
    /// A closed limiter, a failing storage; where it does not wait, a window
    /// without room ([`UpdateError::WindowLimit`]), all permits out
    /// ([`UpdateError::BurstLimit`]), others who wait
    /// ([`UpdateError::Queued`]). Nothing is booked.
    #[inline(always)]
    pub fn acquire(&self) -> Result<Permit<'_>, UpdateError> {
        self.acquire_with(Demand::new(1), self.patience())
    }

    /// As [`acquire`](Self::acquire), for a scope.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    #[inline(always)]
    pub fn enter(&self) -> Result<Permit<'_>, UpdateError> {
        self.acquire()
    }

    /// Admits one request now, or says why not.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire) where it does not wait.
    #[inline(always)]
    pub fn try_acquire(&self) -> Result<Permit<'_>, UpdateError> {
        self.acquire_with(Demand::new(1), Wait::Never)
    }

    /// Admits one request, waiting its turn for at most `timeout`, by the limiter's clock.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and [`UpdateError::WaitExhausted`] when
    /// the wait is over.
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Permit<'_>, UpdateError> {
        self.acquire_with(Demand::new(1), Wait::For(timeout))
    }

    /// As [`acquire`](Self::acquire), for a request that weighs `n`: it counts `n` times in the windows and takes `n`
    /// places of `max_burst`.
    ///
    /// A weight of 0 counts nothing and takes no place.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and [`UpdateError::TooLarge`] for a
    /// weight above a limit or `max_burst`.
    pub fn acquire_many(&self, n: u64) -> Result<Permit<'_>, UpdateError> {
        self.acquire_with(Demand::new(n), self.patience())
    }

    /// As [`acquire`](Self::acquire), for one request at this cost.
    ///
    /// A limiter without limits of cost takes no account of it.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and [`UpdateError::TooLarge`] for a cost
    /// above a limit.
    pub fn acquire_costing(&self, cost: u64) -> Result<Permit<'_>, UpdateError> {
        self.acquire_with(Demand::new(1).costing(cost), self.patience())
    }

    /// Admits a request of any weight and cost, waiting as long as `wait` says.
    ///
    /// [`Wait::Window`] is the longest of the windows, [`Wait::Frames`] counts
    /// frames of the step that divides the steps of all windows of requests;
    /// both are 1 s where there is no window.
    ///
    /// # Errors
    /// As [`acquire_many`](Self::acquire_many),
    /// [`acquire_costing`](Self::acquire_costing) and
    /// [`acquire_timeout`](Self::acquire_timeout).
    #[inline(always)]
    pub fn acquire_with(&self, demand: Demand, wait: Wait) -> Result<Permit<'_>, UpdateError> {
        let reading = self.turnstile.take_with(demand, wait)?;
        Ok(Permit::new(&self.turnstile, demand, reading))
    }

    /// As [`acquire`](Self::acquire), with a permit that owns a handle of the limiter: it may go anywhere.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn acquire_owned(&self) -> Result<OwnedPermit, UpdateError> {
        self.acquire_owned_with(Demand::new(1), self.patience())
    }

    /// As [`acquire_with`](Self::acquire_with), with a permit that owns a handle of the limiter.
    ///
    /// # Errors
    /// As [`acquire_with`](Self::acquire_with).
    pub fn acquire_owned_with(
        &self,
        demand: Demand,
        wait: Wait,
    ) -> Result<OwnedPermit, UpdateError> {
        Ok(self.acquire_with(demand, wait)?.into_owned())
    }

    /// Runs `work` under a permit, which is given back however it ends.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); then `work` is not run.
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> Result<R, UpdateError> {
        let _permit = self.acquire()?;
        Ok(work())
    }

    /// As [`run`](Self::run), for work that can fail: one `Result` for both.
    ///
    /// # Errors
    /// Why there is no permit, converted, or that of `work`.
    pub fn try_run<R, E: From<UpdateError>>(
        &self,
        work: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, E> {
        let _permit = self.acquire()?;
        work()
    }

    /// How long until one request is admitted, if nobody else asks; `None`: it would be now.
    ///
    /// Zero where nobody knows: only a permit is missing, or the storage
    /// fails. [`Duration::MAX`] once the limiter is closed. Permits of requests
    /// that are just being judged count as taken.
    #[must_use]
    pub fn wait_time(&self) -> Option<Duration> {
        at_once(self.turnstile.wait_time(Way::Blocking)).unwrap_or(Some(Duration::ZERO))
    }

    /// What there is room for, by each limit.
    ///
    /// # Errors
    /// The storage failed.
    pub fn remaining(&self) -> Result<Remaining, StorageError> {
        at_once(self.turnstile.state(Way::Blocking)).map(Remaining::from)
    }

    /// Puts `limit` in force for the window that is `window` long; what is counted stays counted.
    ///
    /// Who waits for this limiter is asked again at once. In shared storage it
    /// is in force for all, whose waiters find out at their own time, and
    /// leaves the other windows' limits as they are.
    ///
    /// # Errors
    /// No window of this length, a limit of 0, or one above what
    /// [`limits_up_to`](RateLimiterBuilder::limits_up_to) says or the window
    /// can hold. Nothing is changed.
    pub fn set_limit(&self, window: Duration, limit: u64) -> Result<(), ConfigError> {
        at_once(self.turnstile.set_limit(Way::Blocking, window, limit))
    }

    /// The same for a window of cost.
    ///
    /// # Errors
    /// As [`set_limit`](Self::set_limit).
    pub fn set_cost_limit(&self, window: Duration, limit: u64) -> Result<(), ConfigError> {
        at_once(self.turnstile.set_cost_limit(Way::Blocking, window, limit))
    }

    /// Lets at most `max_burst` requests run at once from now on; those that are under way go on.
    ///
    /// # Errors
    /// 0, more than 16,777,215, or a limiter that was built without it.
    /// Nothing is changed.
    pub fn set_max_burst(&self, max_burst: u64) -> Result<(), ConfigError> {
        self.turnstile.set_permits(max_burst)
    }

    /// How many requests may run at once; `None`: any number.
    #[must_use]
    pub fn max_burst(&self) -> Option<u64> {
        self.turnstile.permits().map(|(most, _)| most)
    }

    /// How many places of `max_burst` are taken; `None` where it is not bounded.
    ///
    /// A request that is just being judged counts as under way.
    #[must_use]
    pub fn permits_out(&self) -> Option<u64> {
        self.turnstile.permits().map(|(_, out)| out)
    }

    /// Closes the limiter, this one and its clones, for good: who waits returns with [`UpdateError::Closed`], and so does every
    /// request after. Permits that are out are given back as ever.
    pub fn close(&self) {
        self.turnstile.close();
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.turnstile.is_closed()
    }

    /// How many wait.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.turnstile.waiters()
    }

    /// Its name; empty for an unnamed one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.turnstile.name()
    }

    /// Where the windows are counted.
    #[must_use]
    pub fn storage(&self) -> StorageKind {
        self.turnstile.storage()
    }

    /// Whether [`acquire`](Self::acquire) waits.
    #[must_use]
    pub fn is_blocking(&self) -> bool {
        self.blocking
    }

    /// How long `acquire` waits.
    pub(crate) fn patience(&self) -> Wait {
        if self.blocking {
            Wait::Forever
        } else {
            Wait::Never
        }
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn turnstile(&self) -> &Turnstile {
        &self.turnstile
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("turnstile", &self.turnstile)
            .field("blocking", &self.blocking)
            .finish()
    }
}
