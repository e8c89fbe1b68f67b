//! The state machine of the plain window, over totals that lie wherever their owner has them.
//!
//! `Plain` owns the totals of one window; a `Row` borrows them from a table of many.

use super::cells::Cells;
use super::shape::{Ring, Shape, Span};
use super::{Booking, Closed, Refunded, Refusal, Ticket, Verdict, first_fit};
use alloc::vec::Vec;

/// What a window holds beside its cells.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Head {
    /// The current base frame, counted from the Unix epoch.
    pub(crate) frame: u64,
    /// Everything ever booked, less refunds and what was cleared, wrapped as the cells are.
    pub(crate) total: u64,
    /// How often it was cleared.
    pub(crate) clears: u64,
}

/// One window, put together for an operation.
#[derive(Debug)]
pub(crate) struct Machine<'w> {
    pub(crate) shape: &'w Shape,
    /// The limit of each span; without one it is the largest total.
    pub(crate) limits: &'w [Option<u64>],
    pub(crate) head: &'w mut Head,
    pub(crate) cells: Cells<'w>,
}

impl Machine<'_> {
    /// Books `values`, newest first, into the frames up to the one that starts at `start`.
    pub(crate) fn seed(&mut self, start: u64, values: &[u64]) {
        let newest = start / self.shape.base;
        self.head.frame = newest.saturating_sub(values.len() as u64);
        for (back, value) in values.iter().enumerate().rev() {
            self.roll_to(newest.saturating_sub(back as u64));
            self.add(*value);
        }
        self.find_starts();
    }

    pub(crate) fn book(&mut self, now: u64, value: u64) -> Verdict {
        let verdict = self.judge(now, value);
        if matches!(verdict, Verdict::Booked(_)) {
            self.add(value);
        }
        verdict
    }

    /// Counts `value` in the current frame, which has been judged to have room for it.
    pub(super) fn add(&mut self, value: u64) {
        self.head.total = self.wrapped(self.head.total.wrapping_add(value));
    }

    pub(crate) fn judge(&mut self, now: u64, value: u64) -> Verdict {
        self.roll_at(now);
        if value == 0 || self.spans().all(|(index, _)| self.has_room(index, value)) {
            return Verdict::Booked(self.booking(value));
        }
        let mut first = None;
        let mut retry = self.head.frame + 1;
        for (index, span) in self.spans() {
            if self.has_room(index, value) {
                continue;
            }
            let limit = self.most(index);
            // a span without a limit of its own is named only when no other refuses
            if first.is_none_or(|(named, ..): (usize, u64, u64)| self.limit(named).is_none()) {
                first = Some((index, limit, self.used(index)));
            }
            let current = self.head.frame / span.ring.ratio;
            let fit = self.first_ahead(span, |left| {
                left.checked_add(value).is_some_and(|sum| sum <= limit)
            });
            retry = retry.max((current + fit) * span.ring.ratio);
        }
        let (span, limit, used) = first.unwrap_or((0, 0, 0));
        Verdict::Refused(Refusal {
            span,
            limit,
            used,
            retry_at: retry.saturating_mul(self.shape.base),
        })
    }

    /// What [`book`](Self::book) would answer; and when nothing counted is left in any span.
    pub(crate) fn survey(&mut self, now: u64, value: u64) -> (Verdict, u64) {
        let verdict = self.judge(now, value);
        let mut empty = 0;
        for (_, span) in self.spans().filter(|(index, _)| self.used(*index) > 0) {
            let ratio = span.ring.ratio;
            let ahead = self.first_ahead(span, |left| left == 0);
            empty = empty.max((self.head.frame / ratio + ahead) * ratio);
        }
        (verdict, empty.saturating_mul(self.shape.base))
    }

    pub(crate) fn refund(&mut self, now: u64, value: u64, ticket: Option<Ticket>) -> Refunded {
        let Some((tag, booked)) = self.booked(now, ticket) else {
            return Refunded::Expired;
        };
        if value > booked {
            return Refunded::Underflow { booked };
        }
        self.head.total = self.wrapped(self.head.total.wrapping_sub(value));
        for ring in &self.shape.rings {
            let last = self.head.frame / ring.ratio;
            let first = (tag / ring.ratio + 1).max((last + 1).saturating_sub(ring.len));
            for frame in first..=last {
                let total = self.wrapped(self.total(*ring, frame).wrapping_sub(value));
                self.cells.set(ring.cell(frame), total);
            }
        }
        self.find_starts();
        Refunded::Returned(self.booking(0))
    }

    /// The ticket's frame, and what a refund may take out of it; `None`: it is in no window any more, or closed for good.
    pub(super) fn booked(&mut self, now: u64, ticket: Option<Ticket>) -> Option<(u64, u64)> {
        self.roll_at(now);
        let newest = self.head.frame;
        if ticket.is_some_and(|ticket| ticket.mark != self.head.clears) {
            return None;
        }
        let tag = ticket.map_or(newest, |ticket| ticket.start / self.shape.base);
        if tag != newest && self.shape.closed == Closed::Expires {
            return None;
        }
        // as much as every frame holds that it is a part of, so that no window's sum falls below 0
        let held = self.shape.rings.iter().filter_map(|ring| {
            let (frame, newest) = (tag / ring.ratio, newest / ring.ratio);
            if frame.saturating_add(ring.len) <= newest {
                return None;
            }
            let end = if frame == newest {
                self.head.total
            } else {
                self.total(*ring, frame + 1)
            };
            Some(self.wrapped(end.wrapping_sub(self.total(*ring, frame))))
        });
        Some((tag, held.min()?))
    }

    /// The start of the current frame, and the `frames` newest values, newest first.
    pub(crate) fn read(&mut self, now: u64, frames: u64) -> (u64, Vec<u64>) {
        self.roll_at(now);
        let base = self.shape.rings.get(self.shape.base_ring).copied();
        let mut values = Vec::with_capacity(usize::try_from(frames).unwrap_or(0));
        let mut above = self.head.total;
        for back in 0..frames {
            let below = match (base, self.head.frame.checked_sub(back)) {
                (Some(ring), Some(frame)) => self.total(ring, frame),
                _ => above,
            };
            values.push(self.wrapped(above.wrapping_sub(below)));
            above = below;
        }
        (self.head.frame.saturating_mul(self.shape.base), values)
    }

    pub(crate) fn clear(&mut self) {
        self.head.total = 0;
        self.head.clears = self.head.clears.wrapping_add(1);
        self.cells.clear();
    }

    /// The limit of each span, and what it holds at `now`.
    pub(super) fn held(&mut self, now: u64) -> Vec<(Option<u64>, u64)> {
        self.roll_at(now);
        let spans = self.spans();
        spans
            .map(|(index, _)| (self.limit(index), self.used(index)))
            .collect()
    }

    /// After how many more frames of `span` what is left of today's window satisfies `enough`; an empty one does.
    fn first_ahead(&self, span: &Span, enough: impl Fn(u64) -> bool) -> u64 {
        let next = self.head.frame / span.ring.ratio + 1;
        let fit = first_fit(span.frames, |ahead| {
            let start = (next + ahead)
                .checked_sub(span.frames)
                .map_or(0, |frame| self.total(span.ring, frame));
            let left = self.wrapped(self.head.total.wrapping_sub(start));
            Some(ahead == span.frames || enough(left))
        });
        fit.unwrap_or(span.frames)
    }

    fn spans(&self) -> impl Iterator<Item = (usize, &Span)> + use<'_> {
        self.shape.spans.iter().enumerate()
    }

    fn limit(&self, index: usize) -> Option<u64> {
        self.limits.get(index).copied().flatten()
    }

    /// The most that a span may hold.
    fn most(&self, index: usize) -> u64 {
        self.limit(index).unwrap_or(self.cells.most())
    }

    fn has_room(&self, index: usize, value: u64) -> bool {
        self.used(index)
            .checked_add(value)
            .is_some_and(|sum| sum <= self.most(index))
    }

    pub(crate) fn used(&self, index: usize) -> u64 {
        self.wrapped(self.head.total.wrapping_sub(self.cells.get(index)))
    }

    fn total(&self, ring: Ring, frame: u64) -> u64 {
        self.cells.get(ring.cell(frame))
    }

    fn wrapped(&self, total: u64) -> u64 {
        total & self.cells.most()
    }

    /// Finds the totals before the windows again, after the frame or the totals have changed.
    fn find_starts(&mut self) {
        for (index, span) in self.shape.spans.iter().enumerate() {
            let frame = (self.head.frame / span.ring.ratio + 1).checked_sub(span.frames);
            let start = frame.map_or(0, |frame| self.total(span.ring, frame));
            self.cells.set(index, start);
        }
    }

    /// The state as it will be with `value` more in the current frame.
    pub(super) fn booking(&self, value: u64) -> Booking {
        let last = self.shape.spans.len().saturating_sub(1);
        let used = |index: usize| self.used(if index > last { 0 } else { index });
        let room = self.spans().map(|(index, _)| {
            self.most(index)
                .saturating_sub(self.used(index))
                .saturating_sub(value)
        });
        Booking {
            ticket: Ticket {
                start: self.head.frame.saturating_mul(self.shape.base),
                mark: self.head.clears,
            },
            used: [used(0).wrapping_add(value), used(1).wrapping_add(value)],
            remaining: room.min().unwrap_or(0),
        }
    }

    pub(super) fn roll_at(&mut self, now: u64) {
        let base = self.shape.base;
        // the same question without a division, for a clock that moves forwards
        if now.wrapping_sub(self.head.frame.wrapping_mul(base)) >= base {
            self.roll_to(now / base);
        }
    }

    fn roll_to(&mut self, frame: u64) {
        // a stale reading books in the newer frame
        if frame <= self.head.frame {
            return;
        }
        let Head {
            frame: old, total, ..
        } = *self.head;
        for ring in &self.shape.rings {
            let last = frame / ring.ratio;
            let first = (old / ring.ratio + 1).max((last + 1).saturating_sub(ring.len));
            for passed in first..=last {
                self.cells.set(ring.cell(passed), total);
            }
        }
        self.head.frame = frame;
        self.find_starts();
    }
}
