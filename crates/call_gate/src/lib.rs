//! An exact sliding-window rate limiter: no window ever holds more than its limit.
//!
//! A [`CallGate`] counts what is booked in frames of `frame_step` and admits no more than its limits
//! allow in a frame and in a window of `gate_size`. Who has to wait is served in order of arrival.
//!
//! ```
//! use call_gate::CallGate;
//! use std::time::Duration;
//!
//! let gate = CallGate::builder("gmail", Duration::from_secs(600), Duration::from_secs(1))
//!     .gate_limit(1200)
//!     .frame_limit(2)
//!     .build()?;
//! gate.update(1)?; // waits its turn, for one window at most
//!
//! let decision = gate.peek(1)?;
//! assert_eq!(decision.remaining, 1);
//! # Ok::<(), call_gate::Error>(())
//! ```
//!
//! The guide, a chapter for each subject, is in the module `guide` of this documentation.
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | `persist` (default) | gates in files: `CallGate::to_file`, `CallGate::from_file` |
//! | `limiter` | `RateLimiter`, several windows and a bound on how many run at once |
//! | `shared` | `SharedMemory`, one gate for the processes of a host |
//! | `redis` | `RedisStorage`, one gate for many machines, in Redis or Valkey |
//! | `redis-cluster`, `redis-sentinel` | the same in a cluster, or behind sentinels |
//! | `redis-tls` | `rediss://` urls |
//! | `tokio` | `AsyncCallGate`, the same gate awaited, and `TokioClock` |
//! | `macros` | `#[call_gate(..)]`, which puts a function behind a gate |
//! | `full` | all there is but `redis-tls`, which brings a library of cryptography |

#![forbid(unsafe_code)]

#[cfg(any(doc, doctest))]
pub mod guide;

#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod decorator;

pub use call_gate_core::clock;
pub use call_gate_core::{
    Act, Admit, Answer, AsGate, Awaited, Blueprint, Booked, Booking, BoxFuture, CallGate,
    CallGateBuilder, Clock, ConfigError, ConfigErrorKind, Counter, Deadline, Decide, Decision,
    Demand, Denial, Entry, Error, ErrorKind, Frame, GateConfig, Geometry, Held, Key, Limits,
    MAX_FRAMES, MAX_GATE_SIZE, MIN_FRAME_STEP, ManualClock, Memory, Moment, OnLimits, Opened,
    OwnedPass, Pass, Reading, Refund, Refusal, Remote, Scope, Snapshot, Span, State, Step, Storage,
    StorageError, StorageErrorKind, StorageKind, SystemClock, TooLarge, Turnstile,
    TurnstileBuilder, TurnstileState, Underflow, UpdateError, Verdict, Wait, Waiter, Window,
    WindowError, WindowState,
};
#[cfg(feature = "persist")]
pub use call_gate_core::{FileError, FileErrorKind};

#[cfg(feature = "redis")]
pub use call_gate_redis::{Lease, OnStorageError, RedisStorage};

#[cfg(all(feature = "limiter", feature = "tokio"))]
pub use call_gate_limiter::{AsyncOwnedPermit, AsyncPermit, AsyncRateLimiter};
#[cfg(feature = "limiter")]
pub use call_gate_limiter::{
    OwnedPermit, Permit, RateLimiter, RateLimiterBuilder, Remaining, WindowRoom,
};

#[cfg(feature = "shared")]
pub use call_gate_shared::{
    Opener, Segment, SegmentState, SharedError, SharedErrorKind, SharedMemory,
};

#[cfg(feature = "tokio")]
pub use call_gate_async::{
    AdmitAsync, AsyncCallGate, AsyncOwnedPass, AsyncPass, Enter, EnterOwned, Run, TokioClock,
    TryRun, Update, Waiting,
};

#[cfg(feature = "macros")]
pub use call_gate_macros::call_gate;

// The README's blocks run as tests, which takes every feature.
#[cfg(all(
    doctest,
    feature = "limiter",
    feature = "persist",
    feature = "redis",
    feature = "shared",
    feature = "tokio",
    feature = "macros"
))]
#[doc = include_str!("../README.md")]
mod readme {}
