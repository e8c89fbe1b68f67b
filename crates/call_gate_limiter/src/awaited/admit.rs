//! The limiter before a decorated `async fn`.

use super::{AsyncOwnedPermit, AsyncRateLimiter, acquire};
use crate::limiter::RateLimiter;
use crate::permit::OwnedPermit;
use call_gate_async::AdmitAsync;
use call_gate_core::{Admit, AsGate, Demand, Entry, UpdateError};

impl AdmitAsync for AsyncRateLimiter {
    type Guard = AsyncOwnedPermit;

    fn admit_async(
        &self,
        entry: Entry,
    ) -> impl Future<Output = Result<AsyncOwnedPermit, UpdateError>> + Send {
        self.0.admit_async(entry)
    }
}

impl AdmitAsync for RateLimiter {
    type Guard = AsyncOwnedPermit;

    async fn admit_async(&self, entry: Entry) -> Result<AsyncOwnedPermit, UpdateError> {
        let (demand, wait) = (Demand::new(entry.value()), self.patience_of(entry));
        let permit = acquire(self.turnstile(), demand, wait).await?;
        Ok(permit.into_owned())
    }
}

/// Blocks the thread, as a sync function does.
impl Admit for AsyncRateLimiter {
    type Guard = OwnedPermit;

    fn admit(&self, entry: Entry) -> Result<OwnedPermit, UpdateError> {
        self.0.admit(entry)
    }
}

impl AsGate for AsyncRateLimiter {
    type Gate = Self;

    fn as_gate(&self) -> &Self {
        self
    }
}
