//! tokio's timer as a waiter's alarm clock.

use call_gate_core::{Moment, UpdateError};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::{Handle, Id};
use tokio::time::{Instant, Sleep, sleep_until};

/// The longest that tokio is asked to sleep: its own answer to "for ever".
const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// One timer that is set again and again.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    /// With the runtime that it belongs to: no other one makes it fire.
    sleep: Option<(Id, Pin<Box<Sleep>>)>,
    /// The gate's time that it is set for, and how long it runs.
    set: Option<(Moment, Duration)>,
}

impl Timer {
    /// Whether it is to fire at `at`, in the runtime that polls it now.
    pub(crate) fn is_set_for(&self, at: Moment) -> bool {
        self.set.is_some_and(|(set, _)| set == at) && self.is_here()
    }

    fn is_here(&self) -> bool {
        let here = Handle::try_current().map(|here| here.id());
        self.sleep.as_ref().map(|(there, _)| *there) == here.ok()
    }

    /// Fires for `at` after `wait`, rounded up to tokio's next millisecond.
    pub(crate) fn set(&mut self, at: Moment, wait: Duration) -> Result<(), UpdateError> {
        let wait = wait.min(LONGEST);
        let deadline = Instant::now() + wait;
        let here = Handle::try_current()
            .map_err(|_| UpdateError::NoTimer)?
            .id();
        match &mut self.sleep {
            Some((there, sleep)) if *there == here => sleep.as_mut().reset(deadline),
            other => *other = Some((here, sleep(deadline)?)),
        }
        self.set = Some((at, wait));
        Ok(())
    }

    pub(crate) fn unset(&mut self) {
        self.set = None;
    }

    /// Ready once it has fired, with how long it ran; then it is no longer set.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Duration> {
        let (Some((_, sleep)), Some((_, wait))) = (&mut self.sleep, self.set) else {
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
    catch_unwind(AssertUnwindSafe(|| Box::pin(sleep_until(deadline))))
        .map_err(|_| UpdateError::NoTimer)
}
