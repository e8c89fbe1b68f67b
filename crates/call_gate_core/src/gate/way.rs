//! The two ways to a remote storage, over one copy of every operation.
//!
//! What a gate does is written once, as `async fn`s that take a [`Way`]. On the blocking way none of their awaits is ever
//! pending, so one poll completes them; a window in reach has nothing to await on either way.

use super::inner::{Backend, Inner};
use crate::error::StorageError;
use crate::storage::{Act, Answer, Deadline};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// How a remote storage is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The thread blocks until the answer is there.
    Blocking,
    /// The task awaits it.
    Awaited,
}

/// The outcome of an operation on the blocking way.
pub(crate) fn at_once<T, E: From<StorageError>>(
    operation: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    match pin!(operation).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        // nothing on the blocking way waits
        Poll::Pending => Err(StorageError::out_of_place().into()),
    }
}

impl Inner {
    /// Has the remote storage do `act`.
    pub(crate) async fn call(&self, way: Way, act: Act) -> Result<Answer, StorageError> {
        let Backend::Remote { remote, key } = &self.backend else {
            return Err(StorageError::out_of_place());
        };
        match way {
            Way::Blocking => remote.call(key, &act, Deadline::NONE),
            Way::Awaited => remote.call_async(key, act, Deadline::NONE).await,
        }
    }
}
