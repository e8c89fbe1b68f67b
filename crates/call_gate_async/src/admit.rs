//! What `#[call_gate(..)]` accepts as a gate of an `async fn`.

use crate::gate::AsyncCallGate;
use crate::update::Update;
use call_gate_core::{Admit, AsGate, CallGate, UpdateError, Wait};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A limiter that an `async fn` can be put behind.
///
/// `#[call_gate(..)]` is written over this trait, so that every limiter of the
/// family fits it. Implement [`AsGate`] with it.
pub trait AdmitAsync {
    /// What is held while the function runs.
    type Guard: Send;

    /// Books `value`, waiting as long as `wait` says.
    ///
    /// # Errors
    /// Whatever the limiter's own booking says.
    ///
    /// # Cancel safety
    /// Dropped before it answers, nothing is booked.
    fn admit_async(
        &self,
        value: u64,
        wait: Wait,
    ) -> impl Future<Output = Result<Self::Guard, UpdateError>> + Send;
}

impl AdmitAsync for CallGate {
    type Guard = ();

    #[inline(always)]
    fn admit_async(
        &self,
        value: u64,
        wait: Wait,
    ) -> impl Future<Output = Result<(), UpdateError>> + Send {
        Admitted(Update::new(self, value, wait))
    }
}

impl AdmitAsync for AsyncCallGate {
    type Guard = ();

    #[inline(always)]
    fn admit_async(
        &self,
        value: u64,
        wait: Wait,
    ) -> impl Future<Output = Result<(), UpdateError>> + Send {
        Admitted(self.update_with(value, wait))
    }
}

/// Blocks the thread, as a sync function does.
impl Admit for AsyncCallGate {
    type Guard = ();

    fn admit(&self, value: u64, wait: Wait) -> Result<(), UpdateError> {
        self.as_sync().admit(value, wait)
    }
}

impl AsGate for AsyncCallGate {
    type Gate = Self;

    fn as_gate(&self) -> &Self {
        self
    }
}

/// An update whose reading nobody asks for.
struct Admitted<'g>(Update<'g>);

impl Future for Admitted<'_> {
    type Output = Result<(), UpdateError>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_ok(drop)
    }
}
