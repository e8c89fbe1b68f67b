//! The breaker: when calls fail one after the other, those that follow fail at once until a probe has come through.

mod circuit;
mod open;
#[cfg(test)]
mod tests;

use crate::link::Link;
use crate::script::Call;
use call_gate_core::{BoxFuture, StorageError, StorageErrorKind};
use circuit::Circuit;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A link that is spared while its server is away, and so are its callers.
///
/// Closed, it only counts. After so many failures in a row it opens: for one pause nothing is sent, and every call
/// fails at once with a [`StorageErrorKind::Unavailable`] that says since when, and what failed last. After the pause
/// one call is sent as the probe, while the others still fail at once; if it succeeds the breaker closes, and if it
/// fails another pause begins.
#[derive(Debug)]
pub(crate) struct Breaker {
    link: Arc<dyn Link>,
    circuit: Circuit,
}

impl Breaker {
    /// Opens `link` for `pause` after `failures` in a row; 0 counts as 1.
    pub(crate) fn new(link: Arc<dyn Link>, failures: u32, pause: Duration) -> Self {
        Self {
            link,
            circuit: Circuit::new(failures, pause),
        }
    }
}

impl Link for Breaker {
    fn run(&self, call: &Call, until: Instant) -> Result<Vec<u8>, StorageError> {
        let permit = self.circuit.enter(until, Instant::now)?;
        let answer = self.link.run(call, until);
        permit.settle(&answer, Instant::now);
        answer
    }

    fn run_async<'a>(
        &'a self,
        call: &'a Call,
        until: Instant,
    ) -> BoxFuture<'a, Result<Vec<u8>, StorageError>> {
        // a permit is taken at the first poll: a future that nobody polls is no probe
        Box::pin(async move {
            let permit = self.circuit.enter(until, Instant::now)?;
            let answer = self.link.run_async(call, until).await;
            permit.settle(&answer, Instant::now);
            answer
        })
    }
}

/// Whether `error` says that the server cannot be worked with now. Every other one is an answer of a server that is
/// there, such as the one that refuses a password.
pub(crate) fn is_outage(error: &StorageError) -> bool {
    matches!(
        error.kind(),
        StorageErrorKind::Unavailable | StorageErrorKind::TimedOut
    )
}
