//! What a gate shows: a reading after a booking, a frame, the whole state, a decision.

use crate::clock::Moment;
use crate::storage::Booked;
use crate::window::{Booking, Ticket};
use std::fmt;
use std::time::{Duration, SystemTime};

/// One frame: when it starts and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    start: Moment,
    value: u64,
}

impl Frame {
    /// A frame that starts at `start`.
    #[must_use]
    pub fn new(start: Moment, value: u64) -> Self {
        Self { start, value }
    }

    /// When the frame starts, by the wall.
    #[must_use]
    pub fn start(&self) -> SystemTime {
        self.start.into()
    }

    /// What it holds.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }
}

/// A booking, and what the gate held right after it.
///
/// Should limits change or the gate be cleared in the very moment of the
/// booking, it shows what the gate held right after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub(crate) booking: Booking,
}

impl Reading {
    /// A reading as a storage reports it: the booked frame, the window's sum and what remains.
    #[must_use]
    pub fn new(frame: Frame, sum: u64, remaining: u64) -> Self {
        let ticket = Ticket {
            start: frame.start.as_nanos(),
            mark: 0,
        };
        Self {
            booking: Booking {
                ticket,
                used: [frame.value, sum],
                remaining,
            },
        }
    }

    /// How often the counters had been cleared when it was booked; a refund of a pass comes back with it.
    #[must_use]
    pub fn of_era(mut self, era: u64) -> Self {
        self.booking.ticket.mark = era;
        self
    }

    /// The reading of a limiter that counts costs: where this one's was booked. It has no frame and no sum to show.
    #[must_use]
    pub fn with_cost_at(mut self, booked: Booked) -> Self {
        self.booking.used = [booked.frame().as_nanos(), booked.era()];
        self
    }

    /// Where a limiter's booking went: its value, and its cost.
    pub(crate) fn booked(&self) -> (Booked, Booked) {
        let Booking { ticket, used, .. } = self.booking;
        let [frame, era] = used;
        (
            Booked::new(Moment::from_nanos(ticket.start), ticket.mark),
            Booked::new(Moment::from_nanos(frame), era),
        )
    }

    /// What the whole window holds, this booking included.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.booking.used[1]
    }

    /// The frame that was booked in, with what it holds.
    #[must_use]
    pub fn frame(&self) -> Frame {
        Frame {
            start: Moment::from_nanos(self.booking.ticket.start),
            value: self.booking.used[0],
        }
    }

    /// The most that could be booked at once right after it, under all limits.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.booking.remaining
    }
}

/// One consistent look at a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    start: Moment,
    frames: Vec<u64>,
}

impl State {
    /// The state whose newest frame starts at `start`; `frames` are newest first.
    #[must_use]
    pub fn new(start: Moment, frames: Vec<u64>) -> Self {
        Self { start, frames }
    }

    /// What each frame holds, newest first; one frame more than `gate_size` has in a strict gate.
    #[must_use]
    pub fn frames(&self) -> &[u64] {
        &self.frames
    }

    /// What all of them hold.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.frames
            .iter()
            .fold(0, |sum, value| sum.saturating_add(*value))
    }

    /// The current frame.
    #[must_use]
    pub fn current_frame(&self) -> Frame {
        Frame {
            start: self.start,
            value: self.frames.first().copied().unwrap_or(0),
        }
    }

    pub(crate) fn start(&self) -> Moment {
        self.start
    }

    /// The frames, newest first.
    #[must_use]
    pub fn into_frames(self) -> Vec<u64> {
        self.frames
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, sum {}", self.frames, self.sum())
    }
}

/// Whether a value would be, or was, admitted; in the numbers that a layer reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether it is admitted.
    pub allowed: bool,
    /// The limit that binds: the one that refused, or else the one with the least room.
    pub limit: u64,
    /// The most that could be admitted now, under all limits.
    pub remaining: u64,
    /// How long until the value is admitted if nobody else asks; zero when it is allowed.
    pub retry_after: Duration,
    /// How long until everything counted has left the window.
    pub reset_after: Duration,
}

impl Decision {
    /// A decision in numbers.
    #[must_use]
    pub fn new(
        allowed: bool,
        limit: u64,
        remaining: u64,
        retry_after: Duration,
        reset_after: Duration,
    ) -> Self {
        Self {
            allowed,
            limit,
            remaining,
            retry_after,
            reset_after,
        }
    }
}
