//! The driver of a waiter's steps.

use crate::timer::Timer;
use call_gate_core::{Answer, BoxFuture, Reading, Step, StorageError, UpdateError, Waiter};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Drives a [`Waiter`] with tokio's timer, for limiters that are made of core's queue.
///
/// Once it has answered it stays pending.
///
/// # Cancel safety
/// Dropped at any point it frees its place and has booked nothing, unless a
/// remote storage is just being asked.
#[must_use = "futures do nothing unless polled"]
pub struct Waiting<'g> {
    /// `None` once it has answered: the place is left then, however it ended.
    driven: Option<Driven<'g>>,
}

struct Driven<'g> {
    waiter: Waiter<'g>,
    timer: Timer,
    asking: Option<BoxFuture<'g, Result<Answer, StorageError>>>,
}

impl<'g> Waiting<'g> {
    /// Waits by `waiter`, which has not been stepped yet.
    pub fn new(waiter: Waiter<'g>) -> Self {
        Self {
            driven: Some(Driven {
                waiter,
                timer: Timer::default(),
                asking: None,
            }),
        }
    }
}

impl Driven<'_> {
    fn drive(&mut self, context: &mut Context<'_>) -> Poll<Result<Reading, UpdateError>> {
        let mut step = match self.asking {
            Some(_) => Step::Ask,
            None => self.waiter.step(context.waker()),
        };
        // it ends: a step asks or sleeps, an answer that is no more than a denial sleeps, and a sleep is over only when
        // its timer fired and the gate's time moved along with it
        loop {
            step = match step {
                Step::Done(outcome) => return Poll::Ready(outcome),
                Step::Ask => match self.ask(context) {
                    Poll::Ready(step) => step,
                    Poll::Pending => return Poll::Pending,
                },
                Step::Sleep(None, _) => {
                    self.timer.unset();
                    return Poll::Pending;
                }
                Step::Sleep(Some(at), turn) => {
                    if !self.timer.is_set_for(at) {
                        match self.waiter.alarm(at, turn, context.waker()) {
                            // the clock has moved there meanwhile: no timer is needed, nor may there be one
                            Some(Duration::ZERO) => {
                                step = self.waiter.fired(Duration::ZERO, context.waker());
                                continue;
                            }
                            Some(wait) => {
                                if let Err(error) = self.timer.set(at, wait) {
                                    return Poll::Ready(Err(error));
                                }
                            }
                            None => self.timer.unset(),
                        }
                    }
                    match self.timer.poll(context) {
                        Poll::Ready(slept) => self.waiter.fired(slept, context.waker()),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
    }

    fn ask(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        if self.asking.is_none()
            && let Some(step) = self.waiter.ask(context.waker())
        {
            return Poll::Ready(step);
        }
        let waiter = &self.waiter;
        let asking = self.asking.get_or_insert_with(|| waiter.ask_remote());
        asking.as_mut().poll(context).map(|answer| {
            self.asking = None;
            self.waiter.answer(answer, context.waker())
        })
    }
}

impl Future for Waiting<'_> {
    type Output = Result<Reading, UpdateError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(driven) = &mut self.driven else {
            return Poll::Pending;
        };
        let polled = driven.drive(context);
        if polled.is_ready() {
            self.driven = None;
        }
        polled
    }
}

impl fmt::Debug for Waiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("waiter", &self.driven.as_ref().map(|driven| &driven.waiter))
            .finish_non_exhaustive()
    }
}
