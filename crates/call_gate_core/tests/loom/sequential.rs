//! An obvious window, one operation after the other.

use crate::history::{Op, Op::*};
use call_gate_core::model::Said;
use std::collections::BTreeMap;

/// What runs beside a booking decides how much later than it its sums may be from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Beside {
    /// They are those of the booking.
    Nothing,
    /// Limits change: others may have booked more.
    Limits,
    /// Frames end, or something is taken back: nothing is known of them.
    Clears,
}

/// A map from frame to value, judged by definition.
#[derive(Debug, Clone)]
pub(crate) struct Sequential {
    pub(crate) frames: u64,
    pub(crate) limits: [u64; 2],
    pub(crate) head: u64,
    pub(crate) held: BTreeMap<u64, u64>,
}

impl Sequential {
    fn sum(&self, newest: u64, frames: u64) -> u64 {
        self.held
            .iter()
            .filter(|(frame, _)| **frame <= newest && **frame + frames > newest)
            .map(|(_, value)| value)
            .sum()
    }

    fn refusing(&self, newest: u64, value: u64) -> Option<(usize, u64)> {
        [1, self.frames]
            .into_iter()
            .enumerate()
            .find_map(|(span, frames)| {
                let used = self.sum(newest, frames);
                (used + value > self.limits[span]).then_some((span, used))
            })
    }

    pub(crate) fn apply(&mut self, op: &Op) -> Said {
        if let Some(second) = op.second() {
            self.head = self.head.max(second);
        }
        match op {
            Book(_, value) | Update(_, value) => {
                if let Some((span, used)) = self.refusing(self.head, *value) {
                    let retry =
                        (self.head + 1..).find(|frame| self.refusing(*frame, *value).is_none());
                    // a value above a lowered limit waits in vain: the window names the frame that is empty again
                    let vain = (0..2).any(|span| *value > self.limits[span]);
                    return Said::Refused {
                        span,
                        used,
                        retry: if vain { 0 } else { retry.unwrap() },
                    };
                }
                *self.held.entry(self.head).or_default() += value;
                let used = [self.sum(self.head, 1), self.sum(self.head, self.frames)];
                Said::Booked {
                    frame: self.head,
                    used,
                }
            }
            Refund(_, value) => {
                let booked = self.held.entry(self.head).or_default();
                if value > booked {
                    return Said::Underflow(*booked);
                }
                *booked -= value;
                Said::Returned
            }
            Clear => {
                self.held.clear();
                Said::Done
            }
            Limits(frame, gate) => {
                self.limits = [*frame, *gate];
                Said::Done
            }
            Read(_) => {
                let values = (0..self.frames).map(|back| self.head.checked_sub(back));
                let values = values.map(|frame| {
                    frame
                        .and_then(|frame| self.held.get(&frame).copied())
                        .unwrap_or(0)
                });
                Said::Frames(self.head, values.collect())
            }
            Killed(_, op) => self.apply(op),
        }
    }

    /// Whether `said` is the answer `expected`; sums may be later ones where a change of the plan ran beside.
    pub(crate) fn accepts(expected: &Said, said: &Said, beside: Beside) -> bool {
        match (expected, said) {
            (
                Said::Booked {
                    frame: a,
                    used: then,
                },
                Said::Booked {
                    frame: b,
                    used: shown,
                },
            ) => {
                let later = shown.iter().zip(then).all(|(shown, then)| shown >= then);
                a == b
                    && match beside {
                        Beside::Nothing => then == shown,
                        Beside::Limits => later,
                        Beside::Clears => true,
                    }
            }
            (
                Said::Refused {
                    span,
                    used,
                    retry: 0,
                },
                Said::Refused {
                    span: s, used: u, ..
                },
            ) => (span, used) == (s, u),
            _ => expected == said,
        }
    }
}
