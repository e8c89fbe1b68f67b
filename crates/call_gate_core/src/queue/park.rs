//! The sync driver: a thread that parks.

use super::{Step, Waiter};
use crate::error::UpdateError;
use crate::gate::{Way, at_once};
use crate::reading::Reading;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    static WAKER: Waker = Waker::from(Arc::new(Unpark(thread::current())));
}

/// Drives `waiter` on this thread, parked while there is nothing to do.
///
/// A wake-up that comes between a step and the parking is kept by the thread,
/// and one that nobody sent only steps once more.
pub(crate) fn block_on(mut waiter: Waiter<'_>) -> Result<Reading, UpdateError> {
    // a thread that is being torn down has no locals left
    let waker = WAKER
        .try_with(Clone::clone)
        .unwrap_or_else(|_| Waker::from(Arc::new(Unpark(thread::current()))));
    let mut step = waiter.step(&waker);
    loop {
        step = match step {
            Step::Done(outcome) => return outcome,
            Step::Ask => {
                if let Some(step) = waiter.ask(&waker) {
                    step
                } else {
                    let answer = at_once(waiter.call(Way::Blocking));
                    waiter.answer(answer, &waker)
                }
            }
            Step::Sleep(until, turn) => {
                let timer = until.and_then(|at| waiter.alarm(at, turn, &waker));
                if let Some(wait) = timer {
                    let set = Instant::now();
                    thread::park_timeout(wait);
                    if set.elapsed() >= wait {
                        waiter.fired(wait, &waker)
                    } else {
                        waiter.step(&waker)
                    }
                } else {
                    thread::park();
                    waiter.step(&waker)
                }
            }
        };
    }
}
