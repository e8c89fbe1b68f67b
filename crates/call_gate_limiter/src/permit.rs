//! A request that is under way.

use call_gate_core::{Demand, Reading, Refund, Turnstile, UpdateError, Way, at_once};

/// A request that is under way.
///
/// Dropped, it gives its places of `max_burst` back, as many as it weighs,
/// and wakes who waits for one. The request stays counted in the windows. It
/// may be dropped on any thread, and after the limiter is closed.
///
/// Leaked, by [`std::mem::forget`] or in a cycle of `Rc`s, it never gives
/// them back: see [`forget`](Self::forget).
#[derive(Debug)]
#[must_use = "a permit that is dropped at once bounds nothing"]
pub struct Permit<'l> {
    turnstile: &'l Turnstile,
    booked: Booked,
}

/// A [`Permit`] that owns a handle of its limiter.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once bounds nothing"]
pub struct OwnedPermit {
    turnstile: Turnstile,
    booked: Booked,
}

/// What was booked, and how many places are to be given back.
#[derive(Debug, Clone, Copy)]
struct Booked {
    demand: Demand,
    reading: Reading,
    places: u64,
}

impl<'l> Permit<'l> {
    #[inline(always)]
    pub(crate) fn new(turnstile: &'l Turnstile, demand: Demand, reading: Reading) -> Self {
        Self {
            turnstile,
            booked: Booked {
                demand,
                reading,
                places: demand.value(),
            },
        }
    }

    /// What was asked for.
    pub fn demand(&self) -> Demand {
        self.booked.demand
    }

    /// The same permit with a handle of its own.
    pub fn into_owned(mut self) -> OwnedPermit {
        let booked = self.booked;
        self.booked.places = 0;
        OwnedPermit {
            turnstile: self.turnstile.clone(),
            booked,
        }
    }

    /// Takes the request back, as if it had not been: out of the windows, and its places.
    ///
    /// The windows give room back while the frame that it was booked in is the
    /// current one, of the step that divides the steps of all windows: 100 ms
    /// beside a window of some seconds. In a limiter with limits of cost, or
    /// built with `.credits()`, they do while that frame is in a window, those
    /// of requests and those of cost each for themselves. `Returned` tells that
    /// at least one of the two did.
    ///
    /// # Errors
    /// A closed limiter, a failing storage: the request stays counted. Its
    /// places are given back.
    pub fn refund(self) -> Result<Refund, UpdateError> {
        at_once(self.booked.refund(self.turnstile, Way::Blocking))
    }

    /// Ends the request with what it really was: its cost where the limiter has limits of cost, else its weight.
    ///
    /// What was reserved too much is given back as [`refund`](Self::refund)
    /// does; what is missing is booked now if there is room, before anybody
    /// who waits. The places are given back.
    ///
    /// # Errors
    /// When more is needed: a window without room, a closed limiter, a failing
    /// storage; what was reserved stays counted. When less, as
    /// [`refund`](Self::refund).
    pub fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        at_once(self.booked.settle(self.turnstile, Way::Blocking, actual))
    }

    /// Keeps the places for ever: as many requests fewer run at once from now on.
    ///
    /// [`set_max_burst`](crate::RateLimiter::set_max_burst) makes up for it.
    pub fn forget(mut self) {
        self.booked.places = 0;
    }

    #[cfg(feature = "tokio")]
    pub(crate) async fn refund_awaited(self) -> Result<Refund, UpdateError> {
        self.booked.refund(self.turnstile, Way::Awaited).await
    }

    #[cfg(feature = "tokio")]
    pub(crate) async fn settle_awaited(self, actual: u64) -> Result<Refund, UpdateError> {
        let (turnstile, booked) = (self.turnstile, self.booked);
        booked.settle(turnstile, Way::Awaited, actual).await
    }
}

impl Drop for Permit<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.turnstile.release(self.booked.places);
    }
}

impl OwnedPermit {
    /// What was asked for.
    pub fn demand(&self) -> Demand {
        self.booked.demand
    }

    /// As [`Permit::refund`].
    ///
    /// # Errors
    /// As [`Permit::refund`].
    pub fn refund(self) -> Result<Refund, UpdateError> {
        at_once(self.booked.refund(&self.turnstile, Way::Blocking))
    }

    /// As [`Permit::settle`].
    ///
    /// # Errors
    /// As [`Permit::settle`].
    pub fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        at_once(self.booked.settle(&self.turnstile, Way::Blocking, actual))
    }

    /// As [`Permit::forget`].
    pub fn forget(mut self) {
        self.booked.places = 0;
    }

    #[cfg(feature = "tokio")]
    pub(crate) async fn refund_awaited(self) -> Result<Refund, UpdateError> {
        self.booked.refund(&self.turnstile, Way::Awaited).await
    }

    #[cfg(feature = "tokio")]
    pub(crate) async fn settle_awaited(self, actual: u64) -> Result<Refund, UpdateError> {
        let booked = self.booked;
        booked.settle(&self.turnstile, Way::Awaited, actual).await
    }
}

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.turnstile.release(self.booked.places);
    }
}

impl Booked {
    async fn refund(self, turnstile: &Turnstile, way: Way) -> Result<Refund, UpdateError> {
        turnstile.take_back(way, self.demand, &self.reading).await
    }

    async fn settle(
        self,
        turnstile: &Turnstile,
        way: Way,
        actual: u64,
    ) -> Result<Refund, UpdateError> {
        let costs = turnstile.counts_costs();
        let part = |amount| {
            if costs {
                Demand::new(0).costing(amount)
            } else {
                Demand::new(amount)
            }
        };
        let reserved = if costs {
            self.demand.cost()
        } else {
            self.demand.value()
        };
        if actual > reserved {
            turnstile.take_more(way, part(actual - reserved)).await?;
            return Ok(Refund::Returned(0));
        }
        let spare = part(reserved - actual);
        turnstile.take_back(way, spare, &self.reading).await
    }
}
