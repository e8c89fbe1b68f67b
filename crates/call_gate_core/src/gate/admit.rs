//! What `#[call_gate(..)]` accepts as a gate.

use super::{CallGate, Wait};
use crate::error::{ConfigError, StorageError, StorageErrorKind, UpdateError};
use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

/// A limiter that a function can be put behind.
///
/// `#[call_gate(..)]` is written over this trait, so that every limiter of the
/// family fits it. Implement [`AsGate`] with it.
pub trait Admit {
    /// What is held while the function runs.
    type Guard;

    /// Books `value`, waiting as long as `wait` says.
    ///
    /// # Errors
    /// Whatever the limiter's own booking says.
    fn admit(&self, value: u64, wait: Wait) -> Result<Self::Guard, UpdateError>;
}

impl Admit for CallGate {
    type Guard = ();

    fn admit(&self, value: u64, wait: Wait) -> Result<(), UpdateError> {
        self.update_with(value, wait).map(drop)
    }
}

/// A limiter, or anything that derefs to one.
///
/// For limiters themselves, `Gate` is `Self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no gate",
    label = "neither a gate nor something that derefs to one",
    note = "`#[call_gate(..)]` takes a `CallGate`, an `AsyncCallGate`, or a reference, `Arc` or `LazyLock` of one"
)]
pub trait AsGate {
    /// The limiter.
    type Gate: ?Sized;

    /// Borrows the limiter.
    fn as_gate(&self) -> &Self::Gate;
}

impl AsGate for CallGate {
    type Gate = Self;

    fn as_gate(&self) -> &Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<P: Deref + ?Sized> AsGate for P
where
    P::Target: AsGate,
{
    type Gate = <P::Target as AsGate>::Gate;

    fn as_gate(&self) -> &Self::Gate {
        (**self).as_gate()
    }
}

/// A limiter that is made when it is first asked, for statics.
#[doc(hidden)]
pub struct Inline<G: 'static> {
    made: LazyLock<Result<G, ConfigError>>,
}

impl<G> Inline<G> {
    pub const fn new(make: fn() -> Result<G, ConfigError>) -> Self {
        Self {
            made: LazyLock::new(make),
        }
    }

    /// The limiter.
    ///
    /// # Errors
    /// Why it cannot be made, each time it is asked.
    pub fn get(&self) -> Result<&G, UpdateError> {
        self.made.as_ref().map_err(|error| {
            StorageError::with_source(StorageErrorKind::Unavailable, error.to_string()).into()
        })
    }
}

impl<G> fmt::Debug for Inline<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inline").finish_non_exhaustive()
    }
}
