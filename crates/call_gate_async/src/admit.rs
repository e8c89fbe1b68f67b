//! What `#[call_gate(..)]` accepts as a gate of an `async fn`.

use crate::gate::AsyncCallGate;
use crate::update::Update;
use call_gate_core::{Admit, AsGate, CallGate, Entry, UpdateError};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A limiter that an `async fn` can be put behind.
///
/// `#[call_gate(..)]` is written over this trait, so that every limiter of the
/// family fits it. Implement [`AsGate`] with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand before an `async fn`",
    label = "this limiter is for sync functions only",
    note = "`#[call_gate(..)]` on an `async fn` needs a limiter that implements `AdmitAsync`"
)]
pub trait AdmitAsync {
    /// What is held while the function runs.
    type Guard: Send;

    /// Books what `entry` asks for, waiting as long as it says.
    ///
    /// # Errors
    /// Whatever the limiter's own booking says.
    ///
    /// # Cancel safety
    /// Dropped before it answers, nothing is booked.
    fn admit_async(
        &self,
        entry: Entry,
    ) -> impl Future<Output = Result<Self::Guard, UpdateError>> + Send;
}

impl AdmitAsync for CallGate {
    type Guard = ();

    #[inline(always)]
    fn admit_async(&self, entry: Entry) -> impl Future<Output = Result<(), UpdateError>> + Send {
        Admitted(Update::new(self, entry.value(), entry.patience()))
    }
}

impl AdmitAsync for AsyncCallGate {
    type Guard = ();

    #[inline(always)]
    fn admit_async(&self, entry: Entry) -> impl Future<Output = Result<(), UpdateError>> + Send {
        Admitted(self.update_with(entry.value(), entry.patience()))
    }
}

/// Blocks the thread, as a sync function does.
impl Admit for AsyncCallGate {
    type Guard = ();

    fn admit(&self, entry: Entry) -> Result<(), UpdateError> {
        self.as_sync().admit(entry)
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
