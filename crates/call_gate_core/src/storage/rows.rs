//! How the windows of many keys lie in words, for whoever keeps a table of them.
// long file: the words, and what is read in them

use super::{Act, Answer, Booked, GateConfig};
use crate::clock::{Moment, Present};
use crate::denial::Denial;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits::Limits;
use crate::reading::{Decision, Reading, State};
use crate::snapshot::Snapshot;
use crate::storage::config::Kind;
use crate::window::{
    Cells, Closed, Head, Machine, Refunded, Refusal, Shape, Ticket, Verdict, joined, split,
};
use std::time::Duration;

/// Words before the cells: the frame, its upper half, how often the row was cleared, and the total in one or two.
const HEAD: usize = 3;
/// The largest sum that narrow words hold under any limits: old and new ones together leave twice as much at most.
const NARROW: u64 = u32::MAX as u64 / 2;

/// The shape of rows: windows of one geometry, a key's each, in words of their owner's.
///
/// A row judges as a gate does, and is as exact; it has no lock, no queue and
/// no clock. It takes 4 bytes a frame and 28 to 32 more where the limits it is
/// made for, or [`limits_up_to`](GateConfig::limits_up_to), keep its sum below
/// 2^31; else twice that.
#[derive(Debug)]
pub struct RowShape {
    shape: Shape,
    width: Width,
    kept: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Narrow,
    Split,
}

impl RowShape {
    /// The shape of rows that count as the gate of `config` would; one of them may take over what `seed` holds.
    ///
    /// # Errors
    /// Credits or limits of cost, which rows do not count.
    pub fn new(config: &GateConfig, seed: Option<&Snapshot>) -> Result<Self, ConfigError> {
        if config.credits() || config.costs().is_some() || config.is_limiter() {
            return Err(ConfigError::new(
                ConfigErrorKind::Unsupported,
                "credits, several windows and limits of cost must be left to single gates and limiters: a row of a key \
                 has one window and no closed frames to credit",
            ));
        }
        let kept = config.kept();
        let up_to = config.limits_up_to().map(|most| most.saturating_mul(kept));
        let seeded = seed.map_or(0, Snapshot::counted);
        let largest = sum_under(config.limits(), kept)
            .max(up_to.unwrap_or(0))
            .max(seeded);
        Ok(Self {
            shape: Shape::new(config.geometry(), Closed::Expires),
            width: if largest <= NARROW {
                Width::Narrow
            } else {
                Width::Split
            },
            kept,
        })
    }

    /// How many words a row takes.
    #[must_use]
    pub fn words(&self) -> usize {
        let each = match self.width {
            Width::Narrow => 1,
            Width::Split => 2,
        };
        // the total is a cell too, but for where it stands
        HEAD + (self.shape.cells() + 1) * each
    }

    /// Whether rows can count under `limits`.
    ///
    /// # Errors
    /// Limits that allow a larger sum than the words hold.
    pub fn check(&self, limits: Limits) -> Result<(), ConfigError> {
        if self.width == Width::Split || sum_under(limits, self.kept) <= NARROW {
            return Ok(());
        }
        let show = |limit: Option<u64>| limit.map_or("none".to_owned(), |limit| limit.to_string());
        let (frame, gate) = (show(limits.frame_limit()), show(limits.gate_limit()));
        Err(ConfigError::new(
            ConfigErrorKind::Limits,
            format_args!(
                "a gate_limit of {gate} with a frame_limit of {frame} must keep a key's sum at most {NARROW} here; build \
                 with `.limits_up_to({})` to set any limit live",
                u64::MAX
            ),
        ))
    }

    /// Makes `words` an empty row in the group's present frame.
    pub fn start(&self, words: &mut [u32], present: Present) {
        words.fill(0);
        let frame = split(present.frame.as_nanos() / self.shape.base());
        for (word, half) in words.iter_mut().zip(frame) {
            *word = half;
        }
    }

    /// The row in `words`, which [`start`](Self::start) has made, under `limits`.
    ///
    /// Fewer words than a row takes answer nonsense, but nothing else is
    /// touched.
    #[inline]
    pub fn row<'r>(&'r self, words: &'r mut [u32], limits: Limits) -> Row<'r> {
        let (head, cells) = words.split_at_mut_checked(HEAD).unwrap_or_default();
        let (total, cells) = match self.width {
            Width::Narrow => {
                let (total, cells) = cells.split_at_mut_checked(1).unwrap_or_default();
                (total, Cells::Narrow(cells))
            }
            Width::Split => {
                let (total, cells) = cells.split_at_mut_checked(2).unwrap_or_default();
                (total, Cells::Split(cells.as_chunks_mut().0))
            }
        };
        let word = |words: &[u32], at: usize| words.get(at).copied().unwrap_or(0);
        let counted = Head {
            frame: joined([word(head, 0), word(head, 1)]),
            total: joined([word(total, 0), word(total, 1)]),
            clears: u64::from(word(head, 2)),
        };
        Row {
            shape: self,
            limits: limits.of_spans(),
            counted,
            head,
            total,
            cells,
        }
    }
}

/// The largest sum that a window can come to under `limits`.
fn sum_under(limits: Limits, kept: u64) -> u64 {
    let frames = limits
        .frame_limit()
        .map_or(u64::MAX, |limit| limit.saturating_mul(kept));
    frames.min(limits.gate_limit().unwrap_or(u64::MAX))
}

/// One key's window. What is done to it is in its words when the row is dropped.
#[derive(Debug)]
pub struct Row<'r> {
    shape: &'r RowShape,
    limits: [Option<u64>; 2],
    counted: Head,
    head: &'r mut [u32],
    total: &'r mut [u32],
    cells: Cells<'r>,
}

impl Row<'_> {
    /// Takes over what `seed` holds, which the shape was made for; the row was just started.
    pub fn seed(&mut self, seed: &Snapshot) {
        if let Some((start, values)) = seed.newest() {
            self.machine().seed(start, values);
        }
    }

    /// Books `value`, or says why not.
    ///
    /// A value of 0 books nothing and is never denied. A denial whose limit is
    /// below what was asked says that it never can be admitted.
    ///
    /// # Errors
    /// The denial, without a name.
    #[inline]
    pub fn book(&mut self, present: Present, value: u64) -> Result<Reading, Denial> {
        match self.machine().book(present.frame.as_nanos(), value) {
            Verdict::Booked(booking) => Ok(Reading { booking }),
            Verdict::Refused(refusal) => Err(denial(&refusal, present.now, value)),
        }
    }

    /// Does `act`; `None`: it is none of a row's acts.
    ///
    /// Limits are the owner's, so putting others in force is none either.
    #[must_use]
    pub fn answer(&mut self, present: Present, act: &Act) -> Option<Answer> {
        Some(match *act {
            Act::Update { value } => match self.book(present, value) {
                Ok(reading) => Answer::Admitted(reading),
                Err(denial) => Answer::Denied(denial),
            },
            Act::Refund { value, booked } => self.refund(present, value, booked),
            Act::Peek { value } => self.peek(present, value),
            Act::Check => self.check(present),
            Act::State => {
                let kept = self.shape.kept;
                let (start, frames) = self.machine().read(present.frame.as_nanos(), kept);
                Answer::State(State::new(Moment::from_nanos(start), frames))
            }
            Act::Clear => {
                self.machine().clear();
                Answer::Done
            }
            _ => return None,
        })
    }

    /// Whether nothing is counted any more: a row started anew would answer the same.
    #[must_use]
    pub fn is_idle(&self, present: Present) -> bool {
        let newest = present.frame.as_nanos() / self.shape.shape.base();
        // nothing was booked after the row's frame
        newest >= self.counted.frame.saturating_add(self.shape.kept) || self.is_empty()
    }

    /// The start of the newest frame that the row was asked in.
    #[must_use]
    pub fn last(&self) -> Moment {
        Moment::from_nanos(self.counted.frame.saturating_mul(self.shape.shape.base()))
    }

    /// Whether the window holds nothing as of its own frame.
    fn is_empty(&self) -> bool {
        // every span's window lies in the longest one
        (0..self.shape.shape.spans()).all(|index| {
            let start = self.cells.get(index);
            start == self.counted.total
        })
    }

    fn refund(&mut self, present: Present, value: u64, booked: Option<Booked>) -> Answer {
        let ticket = booked.map(|booked| Ticket {
            start: booked.frame().as_nanos(),
            mark: booked.era(),
        });
        match self
            .machine()
            .refund(present.frame.as_nanos(), value, ticket)
        {
            Refunded::Returned(booking) => Answer::Returned(Reading { booking }),
            Refunded::Expired => Answer::Expired,
            Refunded::Underflow { booked } => Answer::Underflow(booked),
        }
    }

    fn peek(&mut self, present: Present, value: u64) -> Answer {
        let (verdict, empty_at) = self.machine().survey(present.frame.as_nanos(), value);
        let reset = Moment::from_nanos(empty_at).since(present.now);
        match verdict {
            Verdict::Booked(booking) => {
                let [frame, sum] = booking.used.map(|used| used.saturating_sub(value));
                let limits = Limits::of_first(&self.limits);
                let (limit, _) = limits.tightest(frame, sum);
                let remaining = booking.remaining.saturating_add(value);
                let decision = Decision::new(true, limit, remaining, Duration::ZERO, reset);
                Answer::Decided(decision, None)
            }
            Verdict::Refused(refusal) => {
                let denial = denial(&refusal, present.now, value);
                let remaining = match self.machine().judge(present.frame.as_nanos(), 0) {
                    Verdict::Booked(booking) => booking.remaining,
                    Verdict::Refused(_) => 0,
                };
                let wait = denial.retry_after();
                let decision = Decision::new(false, refusal.limit, remaining, wait, reset);
                Answer::Decided(decision, Some(denial))
            }
        }
    }

    /// Whether the window is full, or else the frame.
    fn check(&mut self, present: Present) -> Answer {
        let Verdict::Refused(refusal) = self.machine().judge(present.frame.as_nanos(), 1) else {
            return Answer::Done;
        };
        let [frame, sum] = [0, 1].map(|index| self.machine().used(index));
        let gate = Some(self.limits[1].unwrap_or(u64::MAX)).filter(|limit| sum >= *limit);
        let (span, limit, used) = match (gate, self.limits[0]) {
            (None, Some(limit)) if frame >= limit => (0, limit, frame),
            (Some(limit), _) => (1, limit, sum),
            _ => (refusal.span, refusal.limit, refusal.used),
        };
        let told = Refusal {
            span,
            limit,
            used,
            ..refusal
        };
        Answer::Denied(denial(&told, present.now, 1))
    }

    #[inline]
    fn machine(&mut self) -> Machine<'_> {
        Machine {
            shape: &self.shape.shape,
            limits: &self.limits,
            head: &mut self.counted,
            cells: self.cells.reborrow(),
        }
    }
}

impl Drop for Row<'_> {
    #[inline]
    fn drop(&mut self) {
        let Head {
            frame,
            total,
            clears,
        } = self.counted;
        let [low, high] = split(frame);
        for (word, value) in self.head.iter_mut().zip([low, high, split(clears)[0]]) {
            *word = value;
        }
        for (word, half) in self.total.iter_mut().zip(split(total)) {
            *word = half;
        }
    }
}

fn denial(refusal: &Refusal, now: Moment, requested: u64) -> Denial {
    let wait = Moment::from_nanos(refusal.retry_at).since(now);
    let held = (refusal.limit, refusal.used);
    Kind::Gate.denial(refusal.span, held, requested, wait)
}
