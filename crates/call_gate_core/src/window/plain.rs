//! The plain window: the same answers under a lock, for what the packed word cannot hold.
//!
//! Limits and values up to `u64::MAX`, frames of any length, no limit at all, and credits to closed frames. A window's
//! sum never passes `u64::MAX`: a span without a limit is judged as if that were its limit.
// long file: one state machine

mod pair;
mod ring;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use pair::{Costs, Pair};

use super::{Booking, Refunded, Refusal, Ticket, Verdict, first_fit};
use crate::geometry::Geometry;
use alloc::vec;
use alloc::vec::Vec;
use ring::{Ring, Span};

/// What a refund of a closed frame does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Its booking stands.
    Expires,
    /// The closed frame itself is credited while it is in the window.
    Credited,
}

/// The state machine; whoever owns it puts it under a lock.
#[derive(Debug)]
pub(crate) struct Plain {
    base: u64,
    /// The current base frame, counted from the Unix epoch.
    frame: u64,
    /// Everything ever booked, less refunds and what was cleared.
    total: u64,
    clears: u64,
    closed: Closed,
    rings: Vec<Ring>,
    base_ring: usize,
    spans: Vec<Span>,
}

impl Plain {
    pub(crate) fn new(
        geometry: &Geometry,
        limits: &[Option<u64>],
        now: u64,
        closed: Closed,
    ) -> Self {
        let rings: Vec<Ring> = geometry
            .rings()
            .iter()
            .map(|ring| Ring {
                ratio: ring.ratio,
                before: vec![0; usize::try_from(ring.len).unwrap_or(1)].into(),
            })
            .collect();
        let spans = geometry.spans().iter().zip(geometry.ring_of()).zip(limits);
        Self {
            base: geometry.base_nanos(),
            frame: now / geometry.base_nanos(),
            total: 0,
            clears: 0,
            closed,
            base_ring: rings.iter().position(|ring| ring.ratio == 1).unwrap_or(0),
            rings,
            spans: spans
                .map(|((span, ring), limit)| Span {
                    ring: *ring,
                    frames: span.frames(),
                    limit: *limit,
                    start: 0,
                })
                .collect(),
        }
    }

    /// Books `values`, newest first, into the frames up to the one that starts at `start`.
    pub(crate) fn seed(&mut self, start: u64, values: &[u64]) {
        let newest = start / self.base;
        self.frame = newest.saturating_sub(values.len() as u64);
        for (back, value) in values.iter().enumerate().rev() {
            self.roll_to(newest.saturating_sub(back as u64));
            self.total = self.total.wrapping_add(*value);
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
    fn add(&mut self, value: u64) {
        self.total = self.total.wrapping_add(value);
    }

    fn judge(&mut self, now: u64, value: u64) -> Verdict {
        self.roll_at(now);
        if value == 0 || self.spans.iter().all(|span| self.has_room(span, value)) {
            return Verdict::Booked(self.booking(value));
        }
        let mut first = None;
        let mut retry = self.frame + 1;
        for (index, span) in self.spans.iter().enumerate() {
            if self.has_room(span, value) {
                continue;
            }
            let limit = span.limit.unwrap_or(u64::MAX);
            // a span without a limit of its own is named only when no other refuses
            if first.is_none_or(|(named, ..): (usize, u64, u64)| self.limit(named).is_none()) {
                first = Some((index, limit, self.used(span)));
            }
            let Some(ring) = self.rings.get(span.ring) else {
                continue;
            };
            let current = self.frame / ring.ratio;
            let fit = self.first_ahead(span, |left| {
                left.checked_add(value).is_some_and(|sum| sum <= limit)
            });
            retry = retry.max((current + fit) * ring.ratio);
        }
        let (span, limit, used) = first.unwrap_or((0, 0, 0));
        Verdict::Refused(Refusal {
            span,
            limit,
            used,
            retry_at: retry.saturating_mul(self.base),
        })
    }

    /// What [`book`](Self::book) would answer; and when nothing counted is left in any span.
    pub(crate) fn survey(&mut self, now: u64, value: u64) -> (Verdict, u64) {
        let verdict = self.judge(now, value);
        let mut empty = 0;
        for span in self.spans.iter().filter(|span| self.used(span) > 0) {
            let ratio = self.rings.get(span.ring).map_or(1, |ring| ring.ratio);
            empty =
                empty.max((self.frame / ratio + self.first_ahead(span, |left| left == 0)) * ratio);
        }
        (verdict, empty.saturating_mul(self.base))
    }

    pub(crate) fn refund(&mut self, now: u64, value: u64, ticket: Option<Ticket>) -> Refunded {
        let Some((tag, booked)) = self.booked(now, ticket) else {
            return Refunded::Expired;
        };
        if value > booked {
            return Refunded::Underflow { booked };
        }
        self.total = self.total.wrapping_sub(value);
        let base_frame = self.frame;
        for ring in &mut self.rings {
            let last = base_frame / ring.ratio;
            let first = (tag / ring.ratio + 1).max((last + 1).saturating_sub(ring.len()));
            for frame in first..=last {
                if let Some(total) = ring.slot(frame) {
                    *total = total.wrapping_sub(value);
                }
            }
        }
        self.find_starts();
        Refunded::Returned(self.booking(0))
    }

    /// The ticket's frame, and what a refund may take out of it; `None`: it is in no window any more, or closed for good.
    fn booked(&mut self, now: u64, ticket: Option<Ticket>) -> Option<(u64, u64)> {
        self.roll_at(now);
        if ticket.is_some_and(|ticket| ticket.mark != self.clears) {
            return None;
        }
        let tag = ticket.map_or(self.frame, |ticket| ticket.start / self.base);
        if tag != self.frame && self.closed == Closed::Expires {
            return None;
        }
        // as much as every frame holds that it is a part of, so that no window's sum falls below 0
        let held = self.rings.iter().filter_map(|ring| {
            let (frame, newest) = (tag / ring.ratio, self.frame / ring.ratio);
            if frame.saturating_add(ring.len()) <= newest {
                return None;
            }
            let end = if frame == newest {
                self.total
            } else {
                ring.total(frame + 1)
            };
            Some(end.wrapping_sub(ring.total(frame)))
        });
        Some((tag, held.min()?))
    }

    /// The start of the current frame, and the `frames` newest values, newest first.
    pub(crate) fn read(&mut self, now: u64, frames: u64) -> (u64, Vec<u64>) {
        self.roll_at(now);
        let mut values = Vec::with_capacity(usize::try_from(frames).unwrap_or(0));
        let mut above = self.total;
        for back in 0..frames {
            let below = match (self.rings.get(self.base_ring), self.frame.checked_sub(back)) {
                (Some(ring), Some(frame)) => ring.total(frame),
                _ => above,
            };
            values.push(above.wrapping_sub(below));
            above = below;
        }
        (self.frame.saturating_mul(self.base), values)
    }

    pub(crate) fn clear(&mut self) {
        self.total = 0;
        self.clears += 1;
        for ring in &mut self.rings {
            ring.before.fill(0);
        }
        self.find_starts();
    }

    /// The limit of each span, and what it holds at `now`.
    pub(crate) fn held(&mut self, now: u64) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        self.roll_at(now);
        self.spans.iter().map(|span| (span.limit, self.used(span)))
    }

    fn limit(&self, index: usize) -> Option<u64> {
        self.spans.get(index).and_then(|span| span.limit)
    }

    pub(crate) fn limits(&self) -> impl Iterator<Item = Option<u64>> + '_ {
        self.spans.iter().map(|span| span.limit)
    }

    /// Puts the limit that `limit` says, of the old one and the span's index, in force for each span.
    pub(crate) fn set_limits(&mut self, limit: impl Fn(Option<u64>, usize) -> Option<u64>) {
        for (index, span) in self.spans.iter_mut().enumerate() {
            span.limit = limit(span.limit, index);
        }
    }

    /// After how many more frames of `span` what is left of today's window satisfies `enough`; an empty one does.
    fn first_ahead(&self, span: &Span, enough: impl Fn(u64) -> bool) -> u64 {
        let Some(ring) = self.rings.get(span.ring) else {
            return span.frames;
        };
        let next = self.frame / ring.ratio + 1;
        let fit = first_fit(span.frames, |ahead| {
            let start = (next + ahead)
                .checked_sub(span.frames)
                .map_or(0, |frame| ring.total(frame));
            Some(ahead == span.frames || enough(self.total.wrapping_sub(start)))
        });
        fit.unwrap_or(span.frames)
    }

    fn has_room(&self, span: &Span, value: u64) -> bool {
        self.used(span)
            .checked_add(value)
            .is_some_and(|sum| sum <= span.limit.unwrap_or(u64::MAX))
    }

    fn used(&self, span: &Span) -> u64 {
        self.total.wrapping_sub(span.start)
    }

    /// Finds the totals before the windows again, after the frame or the totals have changed.
    fn find_starts(&mut self) {
        for span in &mut self.spans {
            span.start = self.rings.get(span.ring).map_or(0, |ring| {
                let frame = (self.frame / ring.ratio + 1).checked_sub(span.frames);
                frame.map_or(0, |frame| ring.total(frame))
            });
        }
    }

    /// The state as it will be with `value` more in the current frame.
    fn booking(&self, value: u64) -> Booking {
        let used = |index: usize| {
            self.spans
                .get(index)
                .or(self.spans.first())
                .map_or(0, |span| self.used(span))
        };
        let room = self.spans.iter().map(|span| {
            span.limit
                .unwrap_or(u64::MAX)
                .saturating_sub(self.used(span))
                .saturating_sub(value)
        });
        Booking {
            ticket: Ticket {
                start: self.frame.saturating_mul(self.base),
                mark: self.clears,
            },
            used: [used(0).wrapping_add(value), used(1).wrapping_add(value)],
            remaining: room.min().unwrap_or(0),
        }
    }

    fn roll_at(&mut self, now: u64) {
        // the same question without a division, for a clock that moves forwards
        if now.wrapping_sub(self.frame.wrapping_mul(self.base)) >= self.base {
            self.roll_to(now / self.base);
        }
    }

    fn roll_to(&mut self, frame: u64) {
        // a stale reading books in the newer frame
        if frame <= self.frame {
            return;
        }
        let (old, total) = (self.frame, self.total);
        for ring in &mut self.rings {
            let last = frame / ring.ratio;
            let first = (old / ring.ratio + 1).max((last + 1).saturating_sub(ring.len()));
            for passed in first..=last {
                if let Some(slot) = ring.slot(passed) {
                    *slot = total;
                }
            }
        }
        self.frame = frame;
        self.find_starts();
    }
}
