//! The two ways to a remote storage, over one copy of every operation.
//!
//! What a gate does is written once, as `async fn`s that take a [`Way`]. On the blocking way none of their awaits is ever
//! pending, so one poll completes them; a window in reach has nothing to await on either way.

use super::inner::{Backend, Inner};
use crate::error::StorageError;
use crate::storage::{Act, Answer, Deadline, Key, Remote};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// How a remote storage is asked.
///
/// Whoever wraps one writes its operations once, as `async fn`s that take a
/// way, for [`Remote::call`](crate::Remote::call) and
/// [`Remote::call_async`](crate::Remote::call_async) alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "to block or not to")]
pub enum Way {
    /// The thread blocks until the answer is there.
    Blocking,
    /// The task awaits it.
    Awaited,
}

/// The outcome of an operation on the blocking way, on which nothing is ever pending.
///
/// # Errors
/// Those of the operation; and
/// [`Protocol`](crate::StorageErrorKind::Protocol) for one that is pending.
pub fn at_once<T, E: From<StorageError>>(
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
        way.ask(&**remote, key, act, Deadline::NONE).await
    }
}

impl Way {
    /// Has `remote` do `act` on the counters of `key`.
    ///
    /// # Errors
    /// As [`Remote::call`].
    pub async fn ask(
        self,
        remote: &dyn Remote,
        key: &Key,
        act: Act,
        by: Deadline,
    ) -> Result<Answer, StorageError> {
        match self {
            Self::Blocking => remote.call(key, &act, by),
            Self::Awaited => remote.call_async(key, act, by).await,
        }
    }
}
