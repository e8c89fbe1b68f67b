//! The limiter before a decorated function.

use crate::limiter::RateLimiter;
use crate::permit::OwnedPermit;
use call_gate_core::{Admit, AsGate, Demand, Entry, UpdateError, Wait};

impl RateLimiter {
    /// How long a function waits that asks by `entry`.
    ///
    /// One that cannot report a denial waits, whatever the limiter was built
    /// to do: to run its body would break a limit.
    pub(crate) fn patience_of(&self, entry: Entry) -> Wait {
        match entry.wait() {
            Some(wait) => wait,
            None if entry.reports() => self.patience(),
            None => Wait::Forever,
        }
    }
}

impl Admit for RateLimiter {
    type Guard = OwnedPermit;

    fn admit(&self, entry: Entry) -> Result<OwnedPermit, UpdateError> {
        self.acquire_owned_with(Demand::new(entry.value()), self.patience_of(entry))
    }
}

impl AsGate for RateLimiter {
    type Gate = Self;

    fn as_gate(&self) -> &Self {
        self
    }
}
