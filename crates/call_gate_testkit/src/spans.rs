//! The naive oracle for several spans over one counter, in plain numbers.
//!
//! It takes and gives nothing but integers, so that a unit test inside core can use it too.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

mod change;
#[cfg(test)]
mod tests;

pub use change::Closed;

/// One span: no `frames` consecutive frames of `step` may hold more than `limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanRule {
    /// The length of its frames in nanoseconds.
    pub step: u64,
    /// How many of them it sums.
    pub frames: u64,
    /// The most they may hold.
    pub limit: Option<u64>,
}

/// Why a value was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanRefusal {
    /// The first span without room.
    pub span: usize,
    /// Its limit.
    pub limit: u64,
    /// What it holds.
    pub used: u64,
    /// When the same value would first be booked if nobody else asked.
    pub retry_at: u64,
}

/// A counter under several spans, judged by walking the list of all bookings.
#[derive(Clone, Debug)]
pub struct SpanOracle {
    spans: Vec<SpanRule>,
    base: u64,
    seen: u64,
    list: Vec<(u64, u64)>,
}

impl SpanOracle {
    /// An empty counter made at `now`, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn new(spans: Vec<SpanRule>, now: u64) -> Self {
        let all_divided_by = |step: &u64| spans.iter().all(|span| span.step % step == 0);
        let shortest = spans
            .iter()
            .map(|span| span.step)
            .min()
            .expect("at least one span");
        let base = (1..=shortest)
            .filter(|part| shortest % part == 0)
            .map(|part| shortest / part)
            .find(all_divided_by);
        let base = base.expect("1 divides all");
        Self {
            spans,
            base,
            seen: now / base * base,
            list: Vec::new(),
        }
    }

    /// Books `value` in every span and tells what remains, or books nothing and tells why.
    ///
    /// # Errors
    ///
    /// The first span without room.
    pub fn book(&mut self, now: u64, value: u64) -> Result<u64, SpanRefusal> {
        if let Some(refusal) = self.refusal(now, value) {
            return Err(refusal);
        }
        self.note(now, value);
        let time = self.time(now);
        let room = |span: &SpanRule| Some(span.limit?.saturating_sub(self.used(span, time)));
        Ok(self.spans.iter().filter_map(room).min().unwrap_or(u64::MAX))
    }

    /// The first span without room for `value`, which is above no limit; books nothing.
    pub fn refusal(&mut self, now: u64, value: u64) -> Option<SpanRefusal> {
        let time = self.time(now);
        let refuses = |span: &SpanRule| value > 0 && !self.fits(span, time, value);
        let span = self.spans.iter().position(refuses)?;
        let rule = self.spans[span];
        Some(SpanRefusal {
            span,
            limit: rule.limit.expect("only a limit refuses"),
            used: self.used(&rule, time),
            retry_at: self.retry_at(time, value),
        })
    }

    /// The limit of each span, and what it holds at `now`.
    pub fn held(&mut self, now: u64) -> Vec<(Option<u64>, u64)> {
        let time = self.time(now);
        let held = |span: &SpanRule| (span.limit, self.used(span, time));
        self.spans.iter().map(held).collect()
    }

    /// The time of the counter.
    fn time(&mut self, now: u64) -> u64 {
        // Time inside stands still while the clock is behind the newest base frame that was seen.
        self.seen = self.seen.max(now / self.base * self.base);
        now.max(self.seen)
    }

    fn used(&self, span: &SpanRule, time: u64) -> u64 {
        let newest = time / span.step;
        // The list is in the order of frames: what comes before one that is out is out too.
        let counts = |booked: u64| newest < booked + span.frames;
        self.list
            .iter()
            .rev()
            .take_while(|(time, _)| counts(time / span.step))
            .map(|(_, value)| value)
            .sum()
    }

    fn fits(&self, span: &SpanRule, time: u64, value: u64) -> bool {
        span.limit
            .is_none_or(|limit| self.used(span, time) + value <= limit)
    }

    fn retry_at(&self, time: u64, value: u64) -> u64 {
        let mut frame = time / self.base * self.base + self.base;
        while !self.spans.iter().all(|span| self.fits(span, frame, value)) {
            frame += self.base;
        }
        frame
    }
}

/// Counters under a few spans with limits of a few, the nanosecond each is made at, and for each request how far the
/// clock moves before it (back when negative) and its value, which is never above a limit.
pub fn cases(requests: usize) -> impl Strategy<Value = (Vec<SpanRule>, u64, Vec<(i64, u64)>)> {
    let base = select(vec![20_000_u64, 1_000_000, 1_000_003]);
    let span = (
        select(vec![1_u64, 1, 2, 3, 4, 6, 9]),
        1_u64..=5,
        proptest::option::weighted(0.8, 1_u64..=12),
    );
    let first = (1_u64..=4, 1_u64..=5, 1_u64..=12)
        .prop_map(|(step, frames, limit)| (step, frames, Some(limit)));
    let ticks = prop_oneof![4 => Just(0_i64), 8 => 1_i64..=8, 2 => -6_i64..=0, 1 => 9_i64..=100];
    let moves = vec((ticks, 0_u64..1_000, 0_u64..=6), 1..=requests);
    (base, first, vec(span, 0..=3), 0_u64..100, moves).prop_map(
        |(base, first, more, phase, moves)| {
            let rule = |(step, frames, limit)| SpanRule {
                step: step * base,
                frames,
                limit,
            };
            let spans: Vec<SpanRule> = std::iter::once(first).chain(more).map(rule).collect();
            let most = spans
                .iter()
                .filter_map(|span| span.limit)
                .min()
                .unwrap_or(u64::MAX);
            let start = 1_700_000_000_000_000_000 / base * base + base * phase;
            // Thirds of the base frame hit its edges and its middle.
            let moves = moves.into_iter().map(|(ticks, odd, value)| {
                let by = ticks * i64::try_from(base / 3).expect("short frames");
                (
                    by + i64::try_from(odd % 3).expect("a digit") - 1,
                    value.min(most),
                )
            });
            (spans, start, moves.collect())
        },
    )
}
