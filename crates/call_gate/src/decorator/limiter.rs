//! What an inline limiter expands to.

#[cfg(all(feature = "limiter", feature = "tokio"))]
pub use call_gate_limiter::AsyncRateLimiter;
#[cfg(feature = "limiter")]
pub use call_gate_limiter::RateLimiter;
// stand-ins, so that the missing feature is all that is told
#[cfg(not(feature = "limiter"))]
pub use call_gate_core::{CallGate as AsyncRateLimiter, CallGate as RateLimiter};
#[cfg(all(feature = "limiter", not(feature = "tokio")))]
pub use call_gate_limiter::RateLimiter as AsyncRateLimiter;

/// The limiter that the keys describe; without the feature, implemented by nothing.
#[diagnostic::on_unimplemented(
    message = "a limiter in `#[call_gate(..)]` needs the feature `limiter` of `call_gate`",
    label = "enable the feature `limiter`"
)]
pub trait InlineLimiter {
    /// What makes it.
    type Builder;

    /// Starts it.
    fn builder() -> Self::Builder;
}

#[cfg(feature = "limiter")]
impl InlineLimiter for RateLimiter {
    type Builder = call_gate_limiter::RateLimiterBuilder;

    fn builder() -> Self::Builder {
        Self::builder()
    }
}

/// Starts an inline limiter.
#[must_use]
pub fn limiter<L: InlineLimiter>() -> L::Builder {
    L::builder()
}

/// Checks a number of an inline limiter when it is compiled: what to say of 0, and of more than the most.
///
/// # Panics
/// The number is 0, or more than the most.
#[track_caller]
pub const fn check_number(number: u64, zero: &str, most: Option<(u64, &str)>) {
    assert!(number > 0, "{}", zero);
    if let Some((most, rule)) = most {
        assert!(number <= most, "{}", rule);
    }
}

/// Checks what a call books when it is compiled: against each limit, with what to say of it.
///
/// A limit of 0 has a check of its own, so that one mistake is told once.
///
/// # Panics
/// The value is above a limit.
#[track_caller]
pub const fn check_value(value: u64, mut limits: &[(u64, &str)]) {
    while let [(limit, rule), rest @ ..] = limits {
        assert!(*limit == 0 || value <= *limit, "{}", *rule);
        limits = rest;
    }
}
