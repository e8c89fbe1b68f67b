//! The limiter before a decorated `async fn`.

use super::{AsyncOwnedPermit, AsyncRateLimiter};
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
        let wait = self.0.patience_of(entry);
        self.acquire_owned_with(Demand::new(entry.value()), wait)
    }
}

impl AdmitAsync for RateLimiter {
    type Guard = AsyncOwnedPermit;

    async fn admit_async(&self, entry: Entry) -> Result<AsyncOwnedPermit, UpdateError> {
        AsyncRateLimiter::from(self.clone())
            .admit_async(entry)
            .await
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
