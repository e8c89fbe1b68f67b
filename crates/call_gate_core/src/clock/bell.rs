//! What a waiter holds while a clock holds its waker.

use std::any::Any;
use std::fmt;

/// What a waiter holds while a clock holds its waker.
///
/// It is dropped when the waiter no longer sleeps: whatever a clock puts in it
/// then takes the waker back out of the clock.
pub struct Bell {
    _held: Box<dyn Any + Send + Sync>,
}

impl Bell {
    /// A bell that drops `held` when the waiter no longer sleeps.
    #[must_use]
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self {
            _held: Box::new(held),
        }
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}
