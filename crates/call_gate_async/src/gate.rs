//! `AsyncCallGate`: the verbs of a gate, awaited.

mod properties;

use crate::enter::{Enter, EnterOwned};
use crate::run::{Run, TryRun};
use crate::update::Update;
use call_gate_core::{
    CallGate, ConfigError, Decision, Frame, Limits, Reading, Snapshot, State, StorageError,
    UpdateError, Wait,
};
use std::future::Future;

/// A gate for async callers: the verbs of [`CallGate`], awaited.
///
/// It is a handle like any other: clones and the [`CallGate`] that it came
/// from see one gate and stand in one queue. Waiting needs a tokio runtime
/// with its time enabled; everything else runs anywhere. tokio's timer has a
/// resolution of a millisecond, so a wait may end that much late, never early.
///
/// # Cancel safety
/// Every future may be dropped at any point. Before it is admitted nothing is
/// booked, and its place in the queue goes to the next. With a remote
/// storage, a request that is under way may be booked all the same.
///
/// A task that waits and is not polled, as in a `select!` that has moved on
/// without dropping the future, holds up those behind it.
///
/// # Examples
/// ```
/// use call_gate_async::AsyncCallGate;
/// use call_gate_core::{CallGate, UpdateError, Wait};
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), call_gate_core::Error> {
/// let gate = CallGate::unnamed(Duration::from_secs(60), Duration::from_secs(1)).gate_limit(10).build()?;
/// let gate = AsyncCallGate::from(gate);
///
/// let length = gate.run(1, async { "a page".len() }).await?;
/// let pass = gate.enter(9).await?; // an estimate
/// pass.settle(length as u64).await?;
///
/// let denied = gate.update_with(9, Wait::For(Duration::from_millis(5))).await;
/// assert!(matches!(denied, Err(UpdateError::WaitExhausted(_))));
/// assert_eq!(gate.sum().await?, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AsyncCallGate(CallGate);

impl AsyncCallGate {
    /// The same gate for sync callers.
    #[must_use]
    pub fn as_sync(&self) -> &CallGate {
        &self.0
    }

    /// As [`CallGate::try_update`]: books `value` now, or says why not.
    ///
    /// # Errors
    /// As [`CallGate::try_update`].
    #[inline(always)]
    pub fn try_update(&self, value: u64) -> Update<'_> {
        self.update_with(value, Wait::Never)
    }

    /// As [`CallGate::update`]: books `value`, waiting its turn for at most one `gate_size`.
    ///
    /// One that is admitted at once does not yield: a task that awaits nothing
    /// else in a loop keeps its thread until it is denied.
    /// `tokio::task::coop::consume_budget` gives way now and then.
    ///
    /// # Errors
    /// As [`CallGate::update`]; also [`UpdateError::NoTimer`] where a wait
    /// finds no tokio runtime with a timer (tokio can only be asked by a panic
    /// that is caught, so its message is printed, and with `panic = "abort"`
    /// the process ends), and [`UpdateError::ClockStopped`] where tokio's time
    /// runs ahead of the gate's.
    #[inline(always)]
    pub fn update(&self, value: u64) -> Update<'_> {
        self.update_with(value, Wait::Window)
    }

    /// As [`CallGate::update_with`]: books `value`, waiting its turn as long as `wait` says.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    #[inline(always)]
    pub fn update_with(&self, value: u64, wait: Wait) -> Update<'_> {
        Update::new(&self.0, value, wait)
    }

    /// As [`update`](Self::update), for a scope: the pass can give the booking back.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn enter(&self, value: u64) -> Enter<'_> {
        self.enter_with(value, Wait::Window)
    }

    /// As [`update_with`](Self::update_with), for a scope.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn enter_with(&self, value: u64, wait: Wait) -> Enter<'_> {
        Enter::new(&self.0, value, wait)
    }

    /// As [`enter`](Self::enter), with a pass that owns its gate and may go to another task.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn enter_owned(&self, value: u64) -> EnterOwned<'_> {
        self.enter_owned_with(value, Wait::Window)
    }

    /// As [`enter_with`](Self::enter_with), with a pass that owns its gate.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub fn enter_owned_with(&self, value: u64, wait: Wait) -> EnterOwned<'_> {
        EnterOwned::new(&self.0, value, wait)
    }

    /// Books `value` as [`update`](Self::update) does, then runs `work`.
    ///
    /// # Errors
    /// As [`update`](Self::update); then `work` is dropped unpolled.
    pub fn run<F: Future>(&self, value: u64, work: F) -> Run<'_, F> {
        Run::new(&self.0, value, work)
    }

    /// As [`run`](Self::run), for work that can fail: one `Result` for both.
    ///
    /// # Errors
    /// That of the update, converted, or that of `work`.
    pub fn try_run<R, E, F>(&self, value: u64, work: F) -> TryRun<'_, F>
    where
        E: From<UpdateError>,
        F: Future<Output = Result<R, E>>,
    {
        TryRun::new(&self.0, value, work)
    }

    /// As [`CallGate::check_limits`].
    ///
    /// # Errors
    /// As [`CallGate::check_limits`].
    pub async fn check_limits(&self) -> Result<(), UpdateError> {
        self.0.awaited().check_limits().await
    }

    /// As [`CallGate::peek`].
    ///
    /// # Errors
    /// As [`CallGate::peek`].
    pub async fn peek(&self, value: u64) -> Result<Decision, UpdateError> {
        self.0.awaited().peek(value).await
    }

    /// As [`CallGate::refund`].
    ///
    /// # Errors
    /// As [`CallGate::refund`].
    pub async fn refund(&self, value: u64) -> Result<Reading, UpdateError> {
        self.0.awaited().refund(value).await
    }

    /// As [`CallGate::set_limits`].
    ///
    /// # Errors
    /// As [`CallGate::set_limits`].
    pub async fn set_limits(&self, limits: Limits) -> Result<(), ConfigError> {
        self.0.awaited().set_limits(limits).await
    }

    /// As [`CallGate::clear`].
    ///
    /// # Errors
    /// As [`CallGate::clear`].
    pub async fn clear(&self) -> Result<(), StorageError> {
        self.0.awaited().clear().await
    }

    /// As [`CallGate::state`].
    ///
    /// # Errors
    /// As [`CallGate::state`].
    pub async fn state(&self) -> Result<State, StorageError> {
        self.0.awaited().state().await
    }

    /// As [`CallGate::snapshot`]; with the feature `persist` a snapshot can be written to a file.
    ///
    /// # Errors
    /// As [`CallGate::snapshot`].
    pub async fn snapshot(&self) -> Result<Snapshot, StorageError> {
        self.0.awaited().snapshot().await
    }

    /// As [`CallGate::sum`].
    ///
    /// # Errors
    /// As [`CallGate::sum`].
    pub async fn sum(&self) -> Result<u64, StorageError> {
        Ok(self.state().await?.sum())
    }

    /// As [`CallGate::data`].
    ///
    /// # Errors
    /// As [`CallGate::data`].
    pub async fn data(&self) -> Result<Vec<u64>, StorageError> {
        Ok(self.state().await?.into_frames())
    }

    /// As [`CallGate::current_frame`].
    ///
    /// # Errors
    /// As [`CallGate::current_frame`].
    pub async fn current_frame(&self) -> Result<Frame, StorageError> {
        Ok(self.state().await?.current_frame())
    }

    /// As [`CallGate::last_frame`].
    ///
    /// # Errors
    /// As [`CallGate::last_frame`].
    pub async fn last_frame(&self) -> Result<Frame, StorageError> {
        self.0.awaited().last_frame().await
    }

    /// As [`CallGate::close`]: who waits returns with [`UpdateError::Closed`].
    pub fn close(&self) {
        self.0.close();
    }
}

impl From<CallGate> for AsyncCallGate {
    fn from(gate: CallGate) -> Self {
        Self(gate)
    }
}

impl From<AsyncCallGate> for CallGate {
    fn from(gate: AsyncCallGate) -> Self {
        gate.0
    }
}
