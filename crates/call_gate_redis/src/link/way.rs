//! Blocking and awaiting, over one copy of every operation.

use super::fault::{Fault, Reason};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// How an answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The thread blocks: no future is ever pending.
    Blocking,
    /// The task awaits.
    Awaited,
}

/// The outcome of an operation on the blocking way.
pub(super) fn at_once<T>(operation: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    match pin!(operation).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        // nothing on the blocking way waits
        Poll::Pending => Err(Fault::sent(Reason::TooLate)),
    }
}
