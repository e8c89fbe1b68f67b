//! The future that waits its turn.

use crate::waiting::Waiting;
use call_gate_core::{BoxFuture, CallGate, Reading, UpdateError, Wait, Waiter};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Books a value, waiting its turn.
///
/// In process it answers on the first poll when admitted, without an
/// allocation, and does not yield. A task that has to wait is polled up to
/// twice more: when it has become the first in the queue and, if there is no
/// room yet, when there is. Once it has answered it stays pending.
///
/// # Cancel safety
/// Dropped at any point it frees its place and has booked nothing; the next
/// in the queue is woken. The one exception is a request under way to a
/// remote storage, which may be booked.
///
/// While it is neither polled nor dropped, whoever stands behind it waits.
#[must_use = "futures do nothing unless polled"]
pub struct Update<'g> {
    gate: &'g CallGate,
    value: u64,
    wait: Wait,
    begun: bool,
    /// `None` before the first poll, and once it has answered.
    stage: Option<Box<Stage<'g>>>,
}

/// In a box, so that a future that is admitted at once is small and drops without a thought.
enum Stage<'g> {
    /// A remote storage is asked whether there is a need to wait; the wait's time runs already.
    Trying(BoxFuture<'g, Result<Reading, UpdateError>>, Waiter<'g>),
    Waiting(Waiting<'g>),
}

impl<'g> Update<'g> {
    #[inline(always)]
    pub(crate) fn new(gate: &'g CallGate, value: u64, wait: Wait) -> Self {
        Self {
            gate,
            value,
            wait,
            begun: false,
            stage: None,
        }
    }

    /// Everything but an admission by the fast path.
    #[cold]
    #[inline(never)]
    fn poll_slowly(&mut self, context: &mut Context<'_>) -> Poll<Result<Reading, UpdateError>> {
        let mut stage = match self.stage.take() {
            Some(stage) => stage,
            None if self.begun => return Poll::Pending,
            None => {
                self.begun = true;
                match self.begin() {
                    Ok(stage) => Box::new(stage),
                    Err(outcome) => return Poll::Ready(outcome),
                }
            }
        };
        if let Stage::Trying(asked, _) = &mut *stage {
            let Poll::Ready(tried) = asked.as_mut().poll(context) else {
                self.stage = Some(stage);
                return Poll::Pending;
            };
            match (*stage, self.in_vain(&tried)) {
                (Stage::Trying(_, waiter), true) => {
                    stage = Box::new(Stage::Waiting(Waiting::new(waiter)));
                }
                _ => return Poll::Ready(tried),
            }
        }
        let Stage::Waiting(waiting) = &mut *stage else {
            return Poll::Pending;
        };
        let polled = Pin::new(waiting).poll(context);
        if polled.is_pending() {
            self.stage = Some(stage);
        }
        polled
    }

    /// The first stage after the fast path, or the outcome.
    fn begin(&self) -> Result<Stage<'g>, Result<Reading, UpdateError>> {
        let waiter = || self.gate.waiter(self.value, self.wait);
        if self.wait != Wait::Never && self.gate.must_wait(self.value) {
            return Ok(Stage::Waiting(Waiting::new(waiter())));
        }
        if self.gate.is_remote() {
            let asked = self.gate.awaited().try_update(self.value);
            return Ok(Stage::Trying(Box::pin(asked), waiter()));
        }
        let tried = self.gate.try_update(self.value);
        if self.in_vain(&tried) {
            Ok(Stage::Waiting(Waiting::new(waiter())))
        } else {
            Err(tried)
        }
    }

    /// Whether it was denied, waiting can help, and it may wait.
    fn in_vain(&self, tried: &Result<Reading, UpdateError>) -> bool {
        self.wait != Wait::Never && tried.as_ref().is_err_and(UpdateError::may_pass_later)
    }
}

impl Future for Update<'_> {
    type Output = Result<Reading, UpdateError>;

    // into the caller's: an answer that is only looked at is then never built
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.begun
            && let Some(reading) = self.gate.try_fast(self.value)
        {
            self.begun = true;
            return Poll::Ready(Ok(reading));
        }
        self.poll_slowly(context)
    }
}

impl fmt::Debug for Update<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update")
            .field("gate", &self.gate.name())
            .field("value", &self.value)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}
