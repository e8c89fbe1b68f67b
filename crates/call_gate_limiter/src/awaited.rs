//! The limiter for tasks.

mod admit;
mod permit;

pub use permit::{AsyncOwnedPermit, AsyncPermit};

use crate::limiter::RateLimiter;
use crate::permit::Permit;
use crate::remaining::Remaining;
use call_gate_async::Waiting;
use call_gate_core::{
    ConfigError, Demand, Reading, StorageError, StorageKind, Turnstile, UpdateError, Wait, Way,
};
use std::time::Duration;

/// A [`RateLimiter`] whose verbs are awaited.
///
/// The two are handles of one limiter and stand in one queue: `From` turns
/// either into the other, and what [`RateLimiter::builder`] makes into this. A task that waits blocks no thread.
///
/// # Cancel safety
/// A future that is dropped before it answers has booked nothing and taken
/// nothing, and the next in the queue is woken; the exception is a request
/// under way to a remote storage, which may be booked. A permit inside a task
/// that is dropped is given back with it.
#[derive(Debug, Clone)]
pub struct AsyncRateLimiter(RateLimiter);

impl From<RateLimiter> for AsyncRateLimiter {
    fn from(limiter: RateLimiter) -> Self {
        Self(limiter)
    }
}

impl From<AsyncRateLimiter> for RateLimiter {
    fn from(limiter: AsyncRateLimiter) -> Self {
        limiter.0
    }
}

impl AsyncRateLimiter {
    /// As [`RateLimiter::acquire`].
    ///
    /// # Errors
    /// As [`RateLimiter::acquire`], and [`UpdateError::NoTimer`] where it has
    /// to wait in a runtime without one.
    #[inline]
    pub async fn acquire(&self) -> Result<AsyncPermit<'_>, UpdateError> {
        self.acquire_with(Demand::new(1), self.0.patience()).await
    }

    /// As [`RateLimiter::enter`].
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub async fn enter(&self) -> Result<AsyncPermit<'_>, UpdateError> {
        self.acquire().await
    }

    /// As [`RateLimiter::try_acquire`]; awaits nothing but a remote storage.
    ///
    /// # Errors
    /// As [`RateLimiter::try_acquire`].
    #[inline]
    pub async fn try_acquire(&self) -> Result<AsyncPermit<'_>, UpdateError> {
        self.acquire_with(Demand::new(1), Wait::Never).await
    }

    /// As [`RateLimiter::acquire_timeout`].
    ///
    /// # Errors
    /// As [`RateLimiter::acquire_timeout`].
    pub async fn acquire_timeout(&self, timeout: Duration) -> Result<AsyncPermit<'_>, UpdateError> {
        self.acquire_with(Demand::new(1), Wait::For(timeout)).await
    }

    /// As [`RateLimiter::acquire_many`].
    ///
    /// # Errors
    /// As [`RateLimiter::acquire_many`].
    pub async fn acquire_many(&self, n: u64) -> Result<AsyncPermit<'_>, UpdateError> {
        self.acquire_with(Demand::new(n), self.0.patience()).await
    }

    /// As [`RateLimiter::acquire_costing`].
    ///
    /// # Errors
    /// As [`RateLimiter::acquire_costing`].
    pub async fn acquire_costing(&self, cost: u64) -> Result<AsyncPermit<'_>, UpdateError> {
        let demand = Demand::new(1).costing(cost);
        self.acquire_with(demand, self.0.patience()).await
    }

    /// As [`RateLimiter::acquire_with`].
    ///
    /// # Errors
    /// As [`RateLimiter::acquire_with`].
    #[inline]
    pub async fn acquire_with(
        &self,
        demand: Demand,
        wait: Wait,
    ) -> Result<AsyncPermit<'_>, UpdateError> {
        acquire(self.turnstile(), demand, wait).await
    }

    /// As [`RateLimiter::acquire_owned`].
    ///
    /// # Errors
    /// As [`RateLimiter::acquire_owned`].
    pub async fn acquire_owned(&self) -> Result<AsyncOwnedPermit, UpdateError> {
        Ok(self.acquire().await?.into_owned())
    }

    /// As [`RateLimiter::acquire_owned_with`].
    ///
    /// # Errors
    /// As [`RateLimiter::acquire_owned_with`].
    pub async fn acquire_owned_with(
        &self,
        demand: Demand,
        wait: Wait,
    ) -> Result<AsyncOwnedPermit, UpdateError> {
        Ok(self.acquire_with(demand, wait).await?.into_owned())
    }

    /// Awaits `work` under a permit, which is given back however it ends.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); then `work` is not polled.
    pub async fn run<F: Future>(&self, work: F) -> Result<F::Output, UpdateError> {
        let _permit = self.acquire().await?;
        Ok(work.await)
    }

    /// As [`run`](Self::run), for work that can fail: one `Result` for both.
    ///
    /// # Errors
    /// Why there is no permit, converted, or that of `work`.
    pub async fn try_run<R, E: From<UpdateError>>(
        &self,
        work: impl Future<Output = Result<R, E>>,
    ) -> Result<R, E> {
        let _permit = self.acquire().await?;
        work.await
    }

    /// As [`RateLimiter::wait_time`].
    pub async fn wait_time(&self) -> Option<Duration> {
        let wait = self.turnstile().wait_time(Way::Awaited).await;
        wait.unwrap_or(Some(Duration::ZERO))
    }

    /// As [`RateLimiter::remaining`].
    ///
    /// # Errors
    /// As [`RateLimiter::remaining`].
    pub async fn remaining(&self) -> Result<Remaining, StorageError> {
        let state = self.turnstile().state(Way::Awaited).await?;
        Ok(Remaining::from(state))
    }

    /// As [`RateLimiter::set_limit`].
    ///
    /// # Errors
    /// As [`RateLimiter::set_limit`].
    pub async fn set_limit(&self, window: Duration, limit: u64) -> Result<(), ConfigError> {
        let turnstile = self.turnstile();
        turnstile.set_limit(Way::Awaited, window, limit).await
    }

    /// As [`RateLimiter::set_cost_limit`].
    ///
    /// # Errors
    /// As [`RateLimiter::set_cost_limit`].
    pub async fn set_cost_limit(&self, window: Duration, limit: u64) -> Result<(), ConfigError> {
        let turnstile = self.turnstile();
        turnstile.set_cost_limit(Way::Awaited, window, limit).await
    }

    /// As [`RateLimiter::set_max_burst`].
    ///
    /// # Errors
    /// As [`RateLimiter::set_max_burst`].
    pub fn set_max_burst(&self, max_burst: u64) -> Result<(), ConfigError> {
        self.0.set_max_burst(max_burst)
    }

    /// As [`RateLimiter::max_burst`].
    #[must_use]
    pub fn max_burst(&self) -> Option<u64> {
        self.0.max_burst()
    }

    /// As [`RateLimiter::permits_out`].
    #[must_use]
    pub fn permits_out(&self) -> Option<u64> {
        self.0.permits_out()
    }

    /// As [`RateLimiter::close`].
    pub fn close(&self) {
        self.0.close();
    }

    /// As [`RateLimiter::is_closed`].
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// As [`RateLimiter::waiters`].
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.0.waiters()
    }

    /// As [`RateLimiter::name`].
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// As [`RateLimiter::storage`].
    #[must_use]
    pub fn storage(&self) -> StorageKind {
        self.0.storage()
    }

    /// As [`RateLimiter::is_blocking`].
    #[must_use]
    pub fn is_blocking(&self) -> bool {
        self.0.is_blocking()
    }

    /// The same limiter for threads.
    #[must_use]
    pub fn as_sync(&self) -> &RateLimiter {
        &self.0
    }

    fn turnstile(&self) -> &Turnstile {
        self.0.turnstile()
    }
}

/// A permit for `demand`.
#[inline]
async fn acquire(
    turnstile: &Turnstile,
    demand: Demand,
    wait: Wait,
) -> Result<AsyncPermit<'_>, UpdateError> {
    let reading = match turnstile.try_fast(demand) {
        Some(reading) => reading,
        // in a box, so that a future that is admitted at once stays small
        None => Box::pin(take(turnstile, demand, wait)).await?,
    };
    Ok(AsyncPermit(Permit::new(turnstile, demand, reading)))
}

/// Takes `demand` where the fast path did not.
async fn take(turnstile: &Turnstile, demand: Demand, wait: Wait) -> Result<Reading, UpdateError> {
    if wait == Wait::Never {
        return turnstile.try_take_awaited(demand).await;
    }
    // its time runs from here, also while a remote storage answers
    let waiter = turnstile.waiter(demand, wait);
    if !turnstile.must_wait(demand) {
        match turnstile.try_take_awaited(demand).await {
            Err(error) if error.may_pass_later() => {}
            outcome => return outcome,
        }
    }
    Waiting::new(waiter).await
}
