//! What `#[call_gate(..)]` expands to; nothing else is to use it.

mod limiter;

pub use call_gate_core::{Entry, Inline, Wait};
pub use limiter::{
    AsyncRateLimiter, InlineLimiter, RateLimiter, check_number, check_value, limiter,
};

use call_gate_core::{Admit, AsGate, UpdateError};

/// Passes the gate, blocking the thread.
///
/// # Errors
/// What the gate says.
#[inline]
pub fn admit<G>(gate: &G, entry: Entry) -> Result<<G::Gate as Admit>::Guard, UpdateError>
where
    G: AsGate + ?Sized,
    G::Gate: Admit,
{
    gate.as_gate().admit(entry)
}

/// Passes the gate.
///
/// # Errors
/// What the gate says.
#[cfg(feature = "tokio")]
#[inline(always)]
pub fn admit_async<G>(
    gate: &G,
    entry: Entry,
) -> impl Future<Output = Result<<G::Gate as call_gate_async::AdmitAsync>::Guard, UpdateError>> + Send
where
    G: AsGate + ?Sized,
    G::Gate: call_gate_async::AdmitAsync,
{
    use call_gate_async::AdmitAsync;

    gate.as_gate().admit_async(entry)
}

/// Tells why there is no gate for an `async fn` in this build.
///
/// # Errors
/// It is never called.
#[cfg(not(feature = "tokio"))]
#[expect(clippy::unused_async, reason = "the other one waits")]
pub async fn admit_async<G: InAsyncFn + ?Sized>(_: &G, _: Entry) -> Result<(), UpdateError> {
    Err(UpdateError::NoTimer)
}

/// Implemented by nothing.
#[cfg(not(feature = "tokio"))]
#[diagnostic::on_unimplemented(
    message = "`#[call_gate(..)]` on an `async fn` needs the feature `tokio` of `call_gate`",
    label = "enable the feature `tokio`"
)]
pub trait InAsyncFn {}

/// The guard, for a function whose return type is not spelled `Result`.
///
/// # Panics
/// The gate does not admit it and never will: it is closed, the value is above
/// a limit, or it cannot wait. To run all the same would break the limit.
#[expect(clippy::panic, reason = "the function has no other way to say it")]
#[track_caller]
#[inline(always)]
pub fn must<T>(passed: Result<T, UpdateError>, function: &str) -> T {
    match passed {
        Ok(guard) => guard,
        Err(error) => {
            panic!(
                "`{function}` cannot pass its gate, and its return type is not spelled `Result` to say so: {error}"
            )
        }
    }
}

/// Checks the last that is given, when an inline gate is compiled: its gate limit, its frame limit, what a call books.
///
/// What stands before it has a check of its own, so that one mistake is told once, and where it is.
///
/// # Panics
/// A limit of 0, a frame limit above the gate limit, or a value above a limit.
#[track_caller]
pub const fn check_limits(gate: Option<u64>, frame: Option<u64>, value: Option<u64>) {
    let most = match gate {
        Some(limit) if limit > 0 => limit,
        _ => u64::MAX,
    };
    match (frame, value) {
        (None, None) => assert!(
            !matches!(gate, Some(0)),
            "a gate_limit of 0 must be at least 1; leave it out for no limit"
        ),
        (Some(frame), None) => {
            assert!(
                frame > 0,
                "a frame_limit of 0 must be at least 1; leave it out for no limit"
            );
            assert!(
                frame <= most,
                "the frame_limit must not be above the gate_limit"
            );
        }
        (Some(frame), Some(value)) if frame > 0 && frame <= most => assert!(
            value <= frame,
            "the value is above the frame_limit and can never be admitted"
        ),
        (None, Some(value)) => assert!(
            value <= most,
            "the value is above the gate_limit and can never be admitted"
        ),
        (Some(_), Some(_)) => {}
    }
}
