//! What changes the list beside a booking that is asked for: notes, what is taken back, other limits.

use super::SpanOracle;

/// What becomes of a booking in a frame that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It stands.
    Expires,
    /// It can be taken back while any span still counts it.
    Credited,
}

impl SpanOracle {
    /// Books `value` without asking, and returns its place in the list.
    pub fn note(&mut self, now: u64, value: u64) -> usize {
        let time = self.time(now);
        self.list.push((time, value));
        self.list.len() - 1
    }

    /// Takes `value` of the booking at `place` back as if it had not been; whether that could be done.
    pub fn take_back(&mut self, now: u64, place: usize, value: u64, closed: Closed) -> bool {
        let present = self.time(now);
        let booked = self.list[place].0;
        let open = booked / self.base == present / self.base;
        let counted = self
            .spans
            .iter()
            .any(|span| present / span.step < booked / span.step + span.frames);
        let can = open || closed == Closed::Credited && counted;
        if can {
            self.list[place].1 -= value;
        }
        can
    }

    /// Puts `limit` in force for a span.
    pub fn set_limit(&mut self, span: usize, limit: u64) {
        self.spans[span].limit = Some(limit);
    }

    /// The first span whose limit `value` is above, and that limit.
    #[must_use]
    pub fn never(&self, value: u64) -> Option<(usize, u64)> {
        let limits = self.spans.iter().enumerate();
        limits
            .filter_map(|(span, rule)| Some((span, rule.limit?)))
            .find(|(_, limit)| value > *limit)
    }
}
