//! The ways to a server: one script call there, its answer back.
//!
//! [`client`] is one server; `Cluster` and `Sentinel` find out which of several a call goes to, and send it through a
//! `Client`. What blocks and what is awaited lies in `blocking` and `shared`, all the rest is written once over a
//! [`Way`].

#[cfg(any(feature = "cluster", feature = "sentinel"))]
mod address;
mod blocking;
pub(crate) mod client;
#[cfg(feature = "cluster")]
pub(crate) mod cluster;
mod fault;
mod message;
#[cfg(feature = "sentinel")]
pub(crate) mod sentinel;
#[cfg(feature = "tokio")]
mod shared;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls")]
mod tls;

use crate::script::Call;
use call_gate_core::{BoxFuture, StorageError, Way, at_once};
use fault::Fault;
use std::fmt::Debug;
use std::future::Future;
use std::time::Instant;

/// A server, or several that are one, to which script calls can be sent.
///
/// Whoever implements it keeps the time: nobody is held longer than `until`, connecting included. What it cannot do in
/// time, or not at all, is a [`StorageError`] whose kind says whether the script may have run.
pub(crate) trait Link: Debug + Send + Sync {
    /// Runs the script and blocks the thread for its answer.
    fn run(&self, call: &Call, until: Instant) -> Result<Vec<u8>, StorageError>;

    /// The same without blocking the thread; dropped, it may have been run all the same.
    fn run_async<'a>(
        &'a self,
        call: &'a Call,
        until: Instant,
    ) -> BoxFuture<'a, Result<Vec<u8>, StorageError>>;
}

/// What brings a call to its server, written once for both ways; that makes it a [`Link`].
trait Route: Debug + Send + Sync {
    fn route(
        &self,
        way: Way,
        call: &Call,
        until: Instant,
    ) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send;
}

impl<R: Route> Link for R {
    fn run(&self, call: &Call, until: Instant) -> Result<Vec<u8>, StorageError> {
        Ok(at_once(self.route(Way::Blocking, call, until))?)
    }

    fn run_async<'a>(
        &'a self,
        call: &'a Call,
        until: Instant,
    ) -> BoxFuture<'a, Result<Vec<u8>, StorageError>> {
        Box::pin(async move { Ok(self.route(Way::Awaited, call, until).await?) })
    }
}
