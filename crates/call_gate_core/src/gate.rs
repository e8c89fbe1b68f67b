//! The gate: a named window of time that never lets more through than its limits say.

mod admit;
mod awaited;
mod builder;
mod changes;
mod decide;
mod driver;
#[cfg(feature = "persist")]
mod files;
mod inner;
mod pass;
mod permits;
mod properties;
mod reads;
mod seed;
mod take;
mod turnstile;
mod update;
mod wait;
mod way;

pub use admit::{Admit, AsGate, Entry, Inline};
pub use awaited::Awaited;
pub use builder::CallGateBuilder;
pub use decide::Decide;
pub(crate) use inner::Inner;
pub use pass::{OwnedPass, Pass, Refund};
pub(crate) use permits::IfFull;
pub use turnstile::{Turnstile, TurnstileBuilder, TurnstileState, WindowState};
pub use wait::Wait;
pub use way::{Way, at_once};

use crate::clock::Moment;
use crate::demand::Demand;
use crate::error::{ConfigError, StorageError, UpdateError};
use crate::limits::Limits;
use crate::reading::{Decision, Reading, State};
use std::sync::Arc;
use std::time::Duration;

/// A named sliding window with limits.
///
/// The window is the current frame and the `frames - 1` before it; frames lie
/// on multiples of the frame step since the Unix epoch. No frame ever holds
/// more than the frame limit, and no window more than the gate limit, under
/// any number of threads.
///
/// Clones are cheap and all see one gate.
///
/// # Examples
/// ```
/// use call_gate_core::{CallGate, UpdateError};
/// use std::time::Duration;
///
/// let gate = CallGate::builder("gmail", Duration::from_secs(600), Duration::from_secs(1))
///     .gate_limit(1200)
///     .frame_limit(2)
///     .build()?;
/// gate.try_update(2)?;
/// match gate.try_update(1) {
///     Err(UpdateError::FrameLimit(denial)) => assert!(denial.retry_after() <= Duration::from_secs(1)),
///     // unless a new second has just begun
///     other => assert_eq!(other?.frame().value(), 1),
/// }
/// # Ok::<(), call_gate_core::Error>(())
/// ```
#[derive(Clone)]
pub struct CallGate(pub(crate) Arc<Inner>);

impl CallGate {
    /// Starts a gate of `gate_size` in frames of `frame_step`.
    ///
    /// `gate_size` must be a multiple of `frame_step` and hold 2 to 1,048,576
    /// frames of at least 1 µs. The rules are checked by
    /// [`build`](CallGateBuilder::build).
    pub fn builder(
        name: impl Into<String>,
        gate_size: Duration,
        frame_step: Duration,
    ) -> CallGateBuilder {
        CallGateBuilder::new(Some(name.into()), gate_size, frame_step)
    }

    /// Starts a private gate in memory that needs no name.
    pub fn unnamed(gate_size: Duration, frame_step: Duration) -> CallGateBuilder {
        CallGateBuilder::new(None, gate_size, frame_step)
    }

    /// Books `value` now, or says why not.
    ///
    /// A value of 0 books nothing and is never denied. Costs one clock
    /// reading and one compare-and-swap; no lock, no allocation.
    ///
    /// # Errors
    /// A limit without room, others who wait ([`UpdateError::Queued`]), a
    /// value above a limit, a closed gate, a failing storage. Nothing is
    /// booked.
    #[inline]
    pub fn try_update(&self, value: u64) -> Result<Reading, UpdateError> {
        self.0.try_update(value)
    }

    /// Books `value`, waiting its turn for at most one `gate_size`.
    ///
    /// Waiters are served in the order they came; each sleeps until the exact
    /// time at which its value fits.
    ///
    /// # Errors
    /// As [`try_update`](Self::try_update), and [`UpdateError::WaitExhausted`]
    /// when the wait is over. Nothing is booked.
    #[inline(always)]
    pub fn update(&self, value: u64) -> Result<Reading, UpdateError> {
        match self.try_fast(value) {
            Some(reading) => Ok(reading),
            None => self.0.wait_for(Demand::new(value), Wait::Window),
        }
    }

    /// Books `value`, waiting its turn as long as `wait` says.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    #[inline]
    pub fn update_with(&self, value: u64, wait: Wait) -> Result<Reading, UpdateError> {
        if wait == Wait::Never {
            return self.0.try_update(value);
        }
        match self.try_fast(value) {
            Some(reading) => Ok(reading),
            None => self.0.wait_for(Demand::new(value), wait),
        }
    }

    /// Books `value` as [`update`](Self::update) does, for a scope: the pass can give it back.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn enter(&self, value: u64) -> Result<Pass<'_>, UpdateError> {
        self.enter_with(value, Wait::Window)
    }

    /// Books `value` as [`update_with`](Self::update_with) does, for a scope.
    ///
    /// # Errors
    /// As [`update_with`](Self::update_with).
    pub fn enter_with(&self, value: u64, wait: Wait) -> Result<Pass<'_>, UpdateError> {
        let reading = self.update_with(value, wait)?;
        Ok(self.pass(value, reading))
    }

    /// As [`enter`](Self::enter), with a pass that owns its gate.
    ///
    /// It may go to another thread.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn enter_owned(&self, value: u64) -> Result<OwnedPass, UpdateError> {
        self.enter_owned_with(value, Wait::Window)
    }

    /// As [`enter_with`](Self::enter_with), with a pass that owns a handle of the gate.
    ///
    /// # Errors
    /// As [`update_with`](Self::update_with).
    pub fn enter_owned_with(&self, value: u64, wait: Wait) -> Result<OwnedPass, UpdateError> {
        Ok(self.enter_with(value, wait)?.into_owned())
    }

    /// Books `value` as [`update`](Self::update) does, then runs `work`.
    ///
    /// # Errors
    /// As [`update`](Self::update); then `work` is not run.
    pub fn run<R>(&self, value: u64, work: impl FnOnce() -> R) -> Result<R, UpdateError> {
        self.update(value)?;
        Ok(work())
    }

    /// As [`run`](Self::run), for work that can fail: one `Result` for both.
    ///
    /// # Errors
    /// That of the update, converted, or that of `work`.
    pub fn try_run<R, E: From<UpdateError>>(
        &self,
        value: u64,
        work: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, E> {
        self.update(value)?;
        work()
    }

    /// Says whether there is room for anything at all; books nothing.
    ///
    /// # Errors
    /// [`UpdateError::GateLimit`] when the window is full, else
    /// [`UpdateError::FrameLimit`] when the frame is, else what the storage
    /// says.
    pub fn check_limits(&self) -> Result<(), UpdateError> {
        at_once(self.0.check_limits(Way::Blocking))
    }

    /// Says what an update of `value` would meet; books nothing.
    ///
    /// Takes no account of those who wait.
    ///
    /// # Errors
    /// A value above a limit, or a failing storage.
    pub fn peek(&self, value: u64) -> Result<Decision, UpdateError> {
        at_once(self.0.peek(Way::Blocking, value))
    }

    /// Takes `value` back out of the current frame.
    ///
    /// Whose booking it was does not matter; [`enter`](Self::enter) gives a
    /// pass that takes back its own.
    ///
    /// # Errors
    /// [`UpdateError::Underflow`] when the frame holds less, a closed gate, a
    /// failing storage. Nothing is taken back.
    pub fn refund(&self, value: u64) -> Result<Reading, UpdateError> {
        at_once(self.0.refund_frame(Way::Blocking, value))
    }

    /// Puts `limits` in force at once, for all handles; what is counted stays counted.
    ///
    /// A sum above a lowered limit admits nothing until it has fallen.
    ///
    /// # Errors
    /// A limit of 0, a frame limit above the gate limit, or limits that allow
    /// a larger sum than the gate was built for: without
    /// [`limits_up_to`](CallGateBuilder::limits_up_to) that is what the
    /// lock-free window holds, 1,048,575 with frames of 1 ms, 1,073,741,823
    /// with frames of 1 s, less where the clock is the caller's and may jump
    /// to the end of time; and taking both limits away is refused too.
    /// Nothing is changed.
    pub fn set_limits(&self, limits: Limits) -> Result<(), ConfigError> {
        at_once(self.0.set_limits(Way::Blocking, limits))
    }

    /// One consistent look at all frames.
    ///
    /// # Errors
    /// The storage failed.
    pub fn state(&self) -> Result<State, StorageError> {
        at_once(self.0.state(Way::Blocking))
    }

    /// Forgets everything counted.
    ///
    /// # Errors
    /// The storage failed.
    pub fn clear(&self) -> Result<(), StorageError> {
        at_once(self.0.clear(Way::Blocking))
    }

    /// Closes this family of handles for good.
    ///
    /// Who waits returns with [`UpdateError::Closed`], and so does every
    /// booking and refund after. Reads, `clear` and `set_limits` still work.
    pub fn close(&self) {
        self.0.queue().close();
    }

    /// Whether the gate is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.0.queue().is_closed()
    }

    /// How many wait.
    #[must_use]
    pub fn waiters(&self) -> usize {
        usize::try_from(self.0.queue().waiting()).unwrap_or(usize::MAX)
    }

    pub(crate) fn now(&self) -> Moment {
        self.0.now()
    }
}
