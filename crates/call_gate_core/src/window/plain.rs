//! The plain window: the same answers under a lock, for what the packed word cannot hold.
//!
//! Limits and values up to `u64::MAX`, frames of any length, no limit at all, and credits to closed frames. A window's
//! sum never passes `u64::MAX`: a span without a limit is judged as if that were its limit.

mod cells;
mod machine;
mod pair;
mod shape;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use cells::{Cells, joined, split};
pub(crate) use machine::{Head, Machine};
pub(crate) use pair::{Costs, Pair};
pub(crate) use shape::Shape;

use super::{Booking, Refunded, Refusal, Ticket, Verdict, first_fit};
use crate::geometry::Geometry;
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// What a refund of a closed frame does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Its booking stands.
    Expires,
    /// The closed frame itself is credited while it is in the window.
    Credited,
}

/// A window that owns its totals; whoever owns it puts it under a lock.
#[derive(Debug)]
pub(crate) struct Plain {
    shape: Shape,
    limits: Box<[Option<u64>]>,
    head: Head,
    cells: Box<[u64]>,
}

impl Plain {
    pub(crate) fn new(
        geometry: &Geometry,
        limits: &[Option<u64>],
        now: u64,
        closed: Closed,
    ) -> Self {
        let shape = Shape::new(geometry, closed);
        Self {
            limits: limits.into(),
            head: Head {
                frame: now / geometry.base_nanos(),
                ..Head::default()
            },
            cells: vec![0; shape.cells()].into(),
            shape,
        }
    }

    fn machine(&mut self) -> Machine<'_> {
        Machine {
            shape: &self.shape,
            limits: &self.limits,
            head: &mut self.head,
            cells: Cells::Wide(&mut self.cells),
        }
    }

    /// Books `values`, newest first, into the frames up to the one that starts at `start`.
    pub(crate) fn seed(&mut self, start: u64, values: &[u64]) {
        self.machine().seed(start, values);
    }

    pub(crate) fn book(&mut self, now: u64, value: u64) -> Verdict {
        self.machine().book(now, value)
    }

    /// What [`book`](Self::book) would answer; and when nothing counted is left in any span.
    pub(crate) fn survey(&mut self, now: u64, value: u64) -> (Verdict, u64) {
        self.machine().survey(now, value)
    }

    pub(crate) fn refund(&mut self, now: u64, value: u64, ticket: Option<Ticket>) -> Refunded {
        self.machine().refund(now, value, ticket)
    }

    /// The start of the current frame, and the `frames` newest values, newest first.
    pub(crate) fn read(&mut self, now: u64, frames: u64) -> (u64, Vec<u64>) {
        self.machine().read(now, frames)
    }

    pub(crate) fn clear(&mut self) {
        self.machine().clear();
    }

    /// The limit of each span, and what it holds at `now`.
    pub(crate) fn held(&mut self, now: u64) -> impl Iterator<Item = (Option<u64>, u64)> + use<> {
        self.machine().held(now).into_iter()
    }

    pub(crate) fn limits(&self) -> impl Iterator<Item = Option<u64>> + '_ {
        self.limits.iter().copied()
    }

    /// Puts the limit that `limit` says, of the old one and the span's index, in force for each span.
    pub(crate) fn set_limits(&mut self, limit: impl Fn(Option<u64>, usize) -> Option<u64>) {
        for (index, old) in self.limits.iter_mut().enumerate() {
            *old = limit(*old, index);
        }
    }
}
