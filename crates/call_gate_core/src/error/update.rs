//! Why an update booked nothing.

use super::StorageError;
use crate::denial::Denial;
use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why an update booked nothing.
///
/// A denial is an answer, not a failure of the library: match on the variant,
/// or ask [`denial`](Self::denial) for what was asked, held and allowed.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdateError {
    /// The current frame has no room.
    FrameLimit(Denial),
    /// The window has no room.
    GateLimit(Denial),
    /// A window of a limiter has no room.
    WindowLimit(Denial),
    /// As many permits of a limiter as may be are out.
    BurstLimit(Denial),
    /// Others are waiting, and whoever comes later queues behind them.
    Queued(Denial),
    /// The value is above a limit: waiting cannot help.
    TooLarge(TooLarge),
    /// A refund of more than the current frame holds.
    Underflow(Underflow),
    /// The wait is over and there was still no room.
    WaitExhausted(Denial),
    /// The gate is closed.
    Closed,
    /// The runtime has no timer to wait with.
    NoTimer,
    /// The timer runs ahead of the gate's clock, as tokio's paused time does, or that clock stands still.
    ClockStopped,
    /// The storage failed.
    Storage(StorageError),
}

impl UpdateError {
    /// What was denied, if this is a denial.
    #[must_use]
    pub fn denial(&self) -> Option<&Denial> {
        match self {
            Self::FrameLimit(denial)
            | Self::GateLimit(denial)
            | Self::WindowLimit(denial)
            | Self::BurstLimit(denial)
            | Self::Queued(denial)
            | Self::WaitExhausted(denial) => Some(denial),
            _ => None,
        }
    }

    /// Whether a limit, or the queue before it, said no.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.denial().is_some()
    }

    /// Whether the request may pass if it waits: a limit has no room now, or others wait.
    ///
    /// Not so a wait that is over, which is a denial too.
    #[must_use]
    pub fn may_pass_later(&self) -> bool {
        matches!(
            self,
            Self::FrameLimit(_)
                | Self::GateLimit(_)
                | Self::WindowLimit(_)
                | Self::BurstLimit(_)
                | Self::Queued(_)
        )
    }
}

impl fmt::Display for UpdateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FrameLimit(denial)
            | Self::GateLimit(denial)
            | Self::WindowLimit(denial)
            | Self::BurstLimit(denial)
            | Self::Queued(denial) => denial.fmt(f),
            Self::WaitExhausted(denial) => write!(f, "the wait is over: {denial}"),
            Self::TooLarge(error) => error.fmt(f),
            Self::Underflow(error) => error.fmt(f),
            Self::Closed => f.write_str("the gate is closed"),
            Self::NoTimer => {
                f.write_str("cannot wait: the runtime has no timer; enable its time driver")
            }
            Self::ClockStopped => f.write_str(
                "cannot wait: the gate's clock does not move with the timer; under tokio's paused time build the gate \
                 with a TokioClock made in that runtime",
            ),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl Error for UpdateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // the message is the storage error's own, so its cause comes next
            Self::Storage(error) => error.source(),
            _ => None,
        }
    }
}

impl From<StorageError> for UpdateError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// A value above a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge {
    pub(crate) requested: u64,
    pub(crate) limit: u64,
    pub(crate) scope: crate::denial::Scope,
    /// How long a limiter's window is.
    pub(crate) window: Option<Duration>,
}

impl TooLarge {
    /// The value that was asked for.
    #[must_use]
    pub fn requested(&self) -> u64 {
        self.requested
    }

    /// The limit that it is above.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Whose limit that is.
    #[must_use]
    pub fn scope(&self) -> crate::denial::Scope {
        self.scope
    }

    /// How long the window is that it is for, of a limiter's; `None` for a gate's own, and for permits.
    #[must_use]
    pub fn window(&self) -> Option<Duration> {
        self.window
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            requested,
            limit,
            scope,
            window,
        } = self;
        write!(
            f,
            "a value of {requested} is above the {scope} limit of {limit}"
        )?;
        if let Some(window) = window {
            write!(f, " in {window:?}")?;
        }
        f.write_str(" and can never be admitted")
    }
}

impl Error for TooLarge {}

/// A refund of more than the current frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Underflow {
    pub(crate) requested: u64,
    pub(crate) booked: u64,
}

impl Underflow {
    /// The value that should have been taken back.
    #[must_use]
    pub fn requested(&self) -> u64 {
        self.requested
    }

    /// What the frame holds.
    #[must_use]
    pub fn booked(&self) -> u64 {
        self.booked
    }
}

impl fmt::Display for Underflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requested, booked } = self;
        write!(
            f,
            "cannot take back {requested}: the current frame holds {booked}, and no frame goes below zero"
        )
    }
}

impl Error for Underflow {}
