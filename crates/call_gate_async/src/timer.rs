//! tokio's timer as a waiter's alarm clock.

use call_gate_core::{Moment, UpdateError};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until};

/// The longest that tokio is asked to sleep: its own answer to "for ever".
const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// One timer that is set again and again.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The gate's time that it is set for, and how long it runs.
    set: Option<(Moment, Duration)>,
}

impl Timer {
    pub(crate) fn is_set_for(&self, at: Moment) -> bool {
        self.set.is_some_and(|(set, _)| set == at)
    }

    /// Fires for `at` after `wait`, rounded up to tokio's next millisecond.
    pub(crate) fn set(&mut self, at: Moment, wait: Duration) -> Result<(), UpdateError> {
        let wait = wait.min(LONGEST);
        let deadline = Instant::now() + wait;
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(deadline),
            none => *none = Some(sleep(deadline)?),
        }
        self.set = Some((at, wait));
        Ok(())
    }

    pub(crate) fn unset(&mut self) {
        self.set = None;
    }

    /// Ready once it has fired, with how long it ran; then it is no longer set.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Duration> {
        let (Some(sleep), Some((_, wait))) = (&mut self.sleep, self.set) else {
            return Poll::Pending;
        };
        sleep.as_mut().poll(context).map(|()| {
            self.set = None;
            wait
        })
    }
}

/// tokio cannot be asked whether a runtime has a time driver (tokio#8361): making a timer panics without one.
fn sleep(deadline: Instant) -> Result<Pin<Box<Sleep>>, UpdateError> {
    if Handle::try_current().is_err() {
        return Err(UpdateError::NoTimer);
    }
    catch_unwind(AssertUnwindSafe(|| Box::pin(sleep_until(deadline))))
        .map_err(|_| UpdateError::NoTimer)
}
