//! What a window answers.

use core::fmt;
use core::time::Duration;

/// Why a window could not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowError {
    /// The window has counted all the frames, or taken all the changes, that its words can number.
    Exhausted,
    /// A million attempts in a row lost against other threads.
    Contended,
    /// The words say what no correct window writes.
    Corrupt,
    /// The words show a time far ahead of the clock.
    Ahead,
    /// The window was taken out of use.
    Retired,
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exhausted => "the window's frames are used up: make a new one",
            Self::Contended => "the window is too contended",
            Self::Corrupt => "the window's words are damaged",
            Self::Ahead => "the window is far ahead of the clock",
            Self::Retired => "the window is out of use",
        })
    }
}

impl core::error::Error for WindowError {}

/// The frame that a booking went into, and which clear came last before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// Start of the frame, in nanoseconds of the gate's time.
    pub(crate) start: u64,
    pub(crate) mark: u64,
}

/// A booking, and what the window held right after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    pub(crate) ticket: Ticket,
    /// What the first two spans hold.
    pub(crate) used: [u64; 2],
    /// What all spans have room for; 0 in debt.
    pub(crate) remaining: u64,
}

impl Booking {
    /// Most that could be booked right after this booking.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.remaining
    }
}

/// A refusal: nothing was booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) span: usize,
    pub(crate) limit: u64,
    pub(crate) used: u64,
    /// Start of the first frame that has room, in nanoseconds of the gate's time.
    pub(crate) retry_at: u64,
}

impl Refusal {
    /// Index of the first span that had no room.
    #[must_use]
    pub fn span(&self) -> usize {
        self.span
    }

    /// That span's limit.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// What that span held.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    /// When the same value would first be booked if nobody else asks, since the Unix epoch.
    #[must_use]
    pub fn retry_at(&self) -> Duration {
        Duration::from_nanos(self.retry_at)
    }
}

/// The words that an answer was made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge {
    pub(crate) plan: u64,
    pub(crate) word: u64,
}

/// What a window answers to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a value is booked or it is not")]
pub enum Verdict {
    /// Every span had room, and the value is booked in all of them.
    Booked(Booking),
    /// Some span had no room, and nothing is booked.
    Refused(Refusal),
}

/// What became of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refunded {
    Returned(Booking),
    /// The ticket's frame is over, or what it held was cleared.
    Expired,
    /// The frame holds less.
    Underflow {
        booked: u64,
    },
}

/// What the fast path could settle by itself.
#[derive(Debug)]
pub(crate) enum Fast {
    Booked(Booking),
    Refused(Refusal),
    /// Booked, but limits changed in that moment: `.0` needs [`Packed::confirmed`] under plan `.1`.
    Unsure(Booking, u64),
    /// Nothing done.
    Slow,
}
