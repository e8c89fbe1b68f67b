//! The core of the `call_gate` family: an exact sliding window, and the gate over it.
//!
//! On its own it is a complete limiter for one process: [`CallGate`] books values in the frames of a sliding window and
//! never lets more through than its limits say. It has no runtime, and no dependency beside the one that reads the
//! clock on Linux and those of the `persist` feature.
//!
//! | feature | adds |
//! | --- | --- |
//! | `std` (default) | the gate, its queue, clocks, the storage contract |
//! | `persist` (default) | files in the format of Python `call_gate` 2.x |
//!
//! Without `std` the crate is `no_std + alloc` and holds the lock-free [`Window`], its [`Geometry`] and [`Limits`].

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(feature = "std"),
    allow(
        dead_code,
        reason = "the gate, which needs std, uses more of the window"
    )
)]
#![forbid(unsafe_code)]

extern crate alloc;

mod error;
mod geometry;
mod limits;
mod sync;
mod window;

#[cfg(feature = "std")]
pub mod clock;
#[cfg(feature = "std")]
mod demand;
#[cfg(feature = "std")]
mod denial;
#[cfg(feature = "std")]
mod gate;
#[cfg(all(loom, feature = "std"))]
#[doc(hidden)]
pub mod model;
#[cfg(feature = "std")]
mod name;
#[cfg(feature = "persist")]
mod persist;
#[cfg(feature = "std")]
mod queue;
#[cfg(feature = "std")]
mod reading;
#[cfg(feature = "std")]
mod snapshot;
#[cfg(feature = "std")]
mod storage;

pub use error::{ConfigError, ConfigErrorKind};
pub use geometry::{Geometry, MAX_FRAMES, MAX_GATE_SIZE, MIN_FRAME_STEP, Span};
pub use limits::Limits;
pub use window::{Booking, Refusal, Verdict, Window, WindowError};

#[cfg(feature = "std")]
pub use clock::{Clock, ManualClock, Moment, SystemClock};
#[cfg(feature = "std")]
pub use demand::Demand;
#[cfg(feature = "std")]
pub use denial::{Denial, Scope};
#[cfg(feature = "std")]
pub use error::{
    Error, ErrorKind, StorageError, StorageErrorKind, TooLarge, Underflow, UpdateError,
};
#[cfg(feature = "std")]
#[doc(hidden)]
pub use gate::Inline;
#[cfg(feature = "std")]
pub use gate::{
    Admit, AsGate, Awaited, CallGate, CallGateBuilder, Decide, Entry, OwnedPass, Pass, Refund,
    Turnstile, TurnstileBuilder, TurnstileState, Wait, Way, WindowState, at_once,
};
#[cfg(feature = "persist")]
pub use persist::{FileError, FileErrorKind};
#[cfg(feature = "std")]
pub use queue::{Step, Waiter};
#[cfg(feature = "std")]
pub use reading::{Decision, Frame, Reading, State};
#[cfg(feature = "std")]
pub use snapshot::Snapshot;
#[cfg(all(feature = "std", not(loom)))]
pub use storage::Blueprint;
#[cfg(feature = "std")]
pub use storage::{
    Act, Answer, Booked, BoxFuture, Counter, Deadline, GateConfig, Held, Key, Memory, OnLimits,
    Opened, Remote, Row, RowShape, Storage, StorageKind,
};
