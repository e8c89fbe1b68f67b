//! What `#[call_gate(..)]` accepts as a gate.

use super::{CallGate, Wait};
use crate::error::{ConfigError, StorageError, StorageErrorKind, UpdateError};
use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

/// What a call of a function behind a gate asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Entry {
    value: u64,
    wait: Option<Wait>,
    reports: bool,
}

impl Entry {
    /// An entry for `value`, by a function that can report a denial.
    pub const fn new(value: u64) -> Self {
        Self {
            value,
            wait: None,
            reports: true,
        }
    }

    /// The same, waiting so long.
    pub const fn with_wait(self, wait: Wait) -> Self {
        Self {
            wait: Some(wait),
            ..self
        }
    }

    /// The same by a function that cannot report a denial, and has to wait until it is admitted.
    pub const fn unreported(self) -> Self {
        Self {
            reports: false,
            ..self
        }
    }

    /// What is to be booked.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// How long it may wait, if the function says so.
    #[must_use]
    pub const fn wait(&self) -> Option<Wait> {
        self.wait
    }

    /// Whether the function can report a denial.
    #[must_use]
    pub const fn reports(&self) -> bool {
        self.reports
    }

    /// How long it waits at a gate: as the function says, else one window, or for ever if it cannot report a denial.
    #[must_use]
    pub const fn patience(&self) -> Wait {
        match self.wait {
            Some(wait) => wait,
            None if self.reports => Wait::Window,
            None => Wait::Forever,
        }
    }
}

/// A limiter that a function can be put behind.
///
/// `#[call_gate(..)]` is written over this trait, so that every limiter of the
/// family fits it. Implement [`AsGate`] with it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand before a sync function",
    label = "this limiter is for `async fn`s only",
    note = "`#[call_gate(..)]` on a sync function needs a limiter that implements `Admit`"
)]
pub trait Admit {
    /// What is held while the function runs.
    type Guard;

    /// Books what `entry` asks for, waiting as long as it says.
    ///
    /// # Errors
    /// Whatever the limiter's own booking says.
    fn admit(&self, entry: Entry) -> Result<Self::Guard, UpdateError>;
}

impl Admit for CallGate {
    type Guard = ();

    #[inline]
    fn admit(&self, entry: Entry) -> Result<(), UpdateError> {
        self.update_with(entry.value(), entry.patience()).map(drop)
    }
}

/// A limiter, or anything that derefs to one.
///
/// For limiters themselves, `Gate` is `Self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no gate",
    label = "neither a gate nor something that derefs to one",
    note = "`#[call_gate(..)]` takes a gate or a limiter, sync or async, or a reference, `Arc` or `LazyLock` of one"
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
