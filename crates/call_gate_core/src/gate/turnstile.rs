//! What limiters are made of: several windows, permits, and one queue.
// long file: the whole face of it, a few lines each

mod builder;

pub use builder::TurnstileBuilder;

use super::inner::Inner;
use super::pass::Refund;
use super::permits;
use super::{Wait, Way};
use crate::demand::Demand;
use crate::error::{ConfigError, ConfigErrorKind, StorageError, UpdateError};
use crate::queue::Waiter;
use crate::reading::Reading;
use crate::storage::{Held, StorageKind};
use crate::window::Refunded;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What limiters are made of: several windows, permits, and one queue before them.
///
/// A request is admitted by all windows, and by all windows of cost, and by
/// the permits, or nothing is booked and nothing is taken. Whoever is
/// admitted has [`Demand::value`] places of the permits, until they are
/// [released](Self::release): the turnstile's caller wraps that in a guard.
///
/// What asks the storage takes a [`Way`], and is polled by
/// [`at_once`](crate::at_once) on the blocking one. Clones are cheap and all
/// see one turnstile.
#[derive(Clone)]
pub struct Turnstile(Arc<Shared>);

struct Shared {
    inner: Inner,
    windows: Windows,
}

/// How long each window is, and where its span stands.
#[derive(Debug, Default)]
struct Windows {
    requests: Vec<(Duration, usize)>,
    costs: Vec<(Duration, usize)>,
}

/// One window's limit, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowState {
    /// How long the window is.
    pub length: Duration,
    /// The most that it may hold.
    pub limit: u64,
    /// What it holds.
    pub used: u64,
}

/// What a limiter's windows and permits hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TurnstileState {
    /// The windows of requests, in the order in which they were given.
    pub windows: Vec<WindowState>,
    /// The windows of cost, likewise.
    pub costs: Vec<WindowState>,
    /// How many permits may be out, and how many are; `None`: any number may.
    pub permits: Option<(u64, u64)>,
}

impl Turnstile {
    /// Starts a turnstile.
    pub fn builder() -> TurnstileBuilder {
        TurnstileBuilder::new()
    }

    /// Takes `demand` if that costs no more than a clock reading and an exchange of a word, three with permits.
    ///
    /// `None` says nothing, and nothing is taken: ask
    /// [`try_take`](Self::try_take).
    #[inline(always)]
    #[must_use]
    pub fn try_fast(&self, demand: Demand) -> Option<Reading> {
        self.0.inner.take_fast(demand)
    }

    /// Takes `demand` now, or says why not. Blocks the thread while a remote storage answers.
    ///
    /// # Errors
    /// No room, no permit, others who wait, more than there can ever be, a
    /// closed turnstile, a failing storage. Nothing is taken.
    #[inline]
    pub fn try_take(&self, demand: Demand) -> Result<Reading, UpdateError> {
        self.0.inner.try_take(demand)
    }

    /// As [`try_take`](Self::try_take), awaiting a remote storage.
    ///
    /// # Errors
    /// As [`try_take`](Self::try_take).
    pub async fn try_take_awaited(&self, demand: Demand) -> Result<Reading, UpdateError> {
        if self.0.inner.is_remote() {
            return self.0.inner.book(Way::Awaited, demand).await;
        }
        self.0.inner.try_take(demand)
    }

    /// Takes `demand` on this thread, waiting its turn as long as `wait` says.
    ///
    /// # Errors
    /// As [`try_take`](Self::try_take), and [`UpdateError::WaitExhausted`].
    #[inline(always)]
    pub fn take_with(&self, demand: Demand, wait: Wait) -> Result<Reading, UpdateError> {
        match self.0.inner.take_fast(demand) {
            Some(reading) => Ok(reading),
            None => self.take_slowly(demand, wait),
        }
    }

    #[cold]
    #[inline(never)]
    fn take_slowly(&self, demand: Demand, wait: Wait) -> Result<Reading, UpdateError> {
        if wait == Wait::Never {
            return self.0.inner.try_take(demand);
        }
        self.0.inner.wait_for(demand, wait)
    }

    /// Whether a request that may wait has to: others do, and waiting can help it.
    #[must_use]
    pub fn must_wait(&self, demand: Demand) -> bool {
        self.0.inner.must_wait(demand)
    }

    /// A place in the queue for `demand`, to be driven by the caller.
    #[must_use]
    pub fn waiter(&self, demand: Demand, wait: Wait) -> Waiter<'_> {
        Waiter::new(&self.0.inner, demand, wait)
    }

    /// Gives back `places` of the permits, which the caller has, and wakes who waits for one.
    ///
    /// Never blocks for longer than the queue's lock is held, and never fails.
    /// To give back what one does not have breaks the count.
    #[inline(always)]
    pub fn release(&self, places: u64) {
        self.0.inner.release(places);
    }

    /// Takes `demand`, or the part of it that this is, back out of the windows that `reading` says it was booked in. The
    /// places stay taken.
    ///
    /// # Errors
    /// A closed turnstile, a failing storage.
    pub async fn take_back(
        &self,
        way: Way,
        demand: Demand,
        reading: &Reading,
    ) -> Result<Refund, UpdateError> {
        if demand == Demand::new(0) {
            return Ok(Refund::Returned(0));
        }
        match self.0.inner.take_back(way, demand, reading).await? {
            Refunded::Returned(_) if demand.value() == 0 => Ok(Refund::Returned(demand.cost())),
            Refunded::Returned(_) => Ok(Refund::Returned(demand.value())),
            Refunded::Expired => Ok(Refund::Expired),
            // a reading's own booking is there as long as its frame and its era are
            Refunded::Underflow { .. } => Err(StorageError::out_of_place().into()),
        }
    }

    /// Books `demand` beside one that was taken before, for work that is done: it takes no places, and does not stand
    /// behind those who wait.
    ///
    /// # Errors
    /// No room, more than there can ever be, a closed turnstile, a failing
    /// storage. Nothing is booked.
    pub async fn take_more(&self, way: Way, demand: Demand) -> Result<(), UpdateError> {
        self.0.inner.take_more(way, demand).await
    }

    /// How long until a request that weighs 1 and costs nothing is admitted, if nobody else asks; `None`: now.
    ///
    /// Zero where only a permit is missing: nobody knows. [`Duration::MAX`]
    /// once it is closed.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn wait_time(&self, way: Way) -> Result<Option<Duration>, StorageError> {
        self.0.inner.wait_time(way).await
    }

    /// What the windows and the permits hold, each looked at by itself.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn state(&self, way: Way) -> Result<TurnstileState, StorageError> {
        let held = if self.has_windows() {
            self.0.inner.held(way).await?
        } else {
            Vec::new()
        };
        let states = |windows: &[(Duration, usize)]| {
            windows
                .iter()
                .filter_map(|(length, span)| window_state(*length, held.get(*span)?))
                .collect()
        };
        Ok(TurnstileState {
            windows: states(&self.0.windows.requests),
            costs: states(&self.0.windows.costs),
            permits: self.permits(),
        })
    }

    /// How many permits may be out, and how many are; `None`: any number may.
    ///
    /// A request that is being judged counts as one whose permit is out.
    #[must_use]
    pub fn permits(&self) -> Option<(u64, u64)> {
        let places = self.0.inner.permits.as_ref()?.places();
        Some((places.most, places.out))
    }

    /// Puts `limit` in force for the window that is `length` long; what is counted stays counted.
    ///
    /// # Errors
    /// No such window, a limit of 0, one that the storage cannot hold. Nothing
    /// is changed.
    pub async fn set_limit(
        &self,
        way: Way,
        length: Duration,
        limit: u64,
    ) -> Result<(), ConfigError> {
        let span = span_of(&self.0.windows.requests, length, "window")?;
        self.0.inner.set_span(way, span, limit).await
    }

    /// The same for a window of cost.
    ///
    /// # Errors
    /// As [`set_limit`](Self::set_limit).
    pub async fn set_cost_limit(
        &self,
        way: Way,
        length: Duration,
        limit: u64,
    ) -> Result<(), ConfigError> {
        let span = span_of(&self.0.windows.costs, length, "window of cost")?;
        self.0.inner.set_span(way, span, limit).await
    }

    /// Lets at most `most` permits be out from now on; those that are out stay out.
    ///
    /// # Errors
    /// 0, more than there can be, or a turnstile that was built without
    /// permits. Nothing is changed.
    pub fn set_permits(&self, most: u64) -> Result<(), ConfigError> {
        check_permits(most)?;
        let Some(permits) = &self.0.inner.permits else {
            return Err(ConfigError::new(
                ConfigErrorKind::Limits,
                format_args!(
                    "max_burst({most}) must be set where the limiter is built before it can be changed"
                ),
            ));
        };
        permits.set_most(most);
        self.0.inner.queue().nudge();
        Ok(())
    }

    /// Closes it for good: who waits returns with [`UpdateError::Closed`], and so does every request after.
    pub fn close(&self) {
        self.0.inner.queue().close();
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.inner.queue().is_closed()
    }

    /// How many wait.
    #[must_use]
    pub fn waiters(&self) -> usize {
        usize::try_from(self.0.inner.queue().waiting()).unwrap_or(usize::MAX)
    }

    /// Its name; empty for an unnamed one.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.inner.name()
    }

    /// Where the windows are counted.
    #[must_use]
    pub fn storage(&self) -> StorageKind {
        self.0.inner.kind()
    }

    /// Whether the windows are behind a network.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.0.inner.is_remote()
    }

    /// Whether it counts what requests cost.
    #[must_use]
    pub fn counts_costs(&self) -> bool {
        self.0.inner.has_costs()
    }

    fn has_windows(&self) -> bool {
        !self.0.windows.requests.is_empty() || !self.0.windows.costs.is_empty()
    }
}

impl fmt::Debug for Turnstile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turnstile")
            .field("name", &self.name())
            .field("storage", &self.storage())
            .field("windows", &self.0.windows)
            .field("permits", &self.permits())
            .finish_non_exhaustive()
    }
}

fn window_state(length: Duration, held: &Held) -> Option<WindowState> {
    Some(WindowState {
        length,
        limit: held.limit?,
        used: held.used,
    })
}

fn span_of(
    windows: &[(Duration, usize)],
    length: Duration,
    what: &str,
) -> Result<usize, ConfigError> {
    let found = windows.iter().find(|(known, _)| *known == length);
    found.map(|(_, span)| *span).ok_or_else(|| {
        let known: Vec<Duration> = windows.iter().map(|(length, _)| *length).collect();
        ConfigError::new(
            ConfigErrorKind::GateSize,
            format_args!("a {what} of {length:?} must be one of the limiter's: {known:?}"),
        )
    })
}

fn check_permits(most: u64) -> Result<(), ConfigError> {
    if (1..=permits::MOST).contains(&most) {
        return Ok(());
    }
    Err(ConfigError::new(
        ConfigErrorKind::Limits,
        format_args!(
            "max_burst of {most} must be 1 to {}; leave it out to not bound how many run at once",
            permits::MOST
        ),
    ))
}
