//! The naive oracle: a list of every booking, judged by definition.
//!
//! It knows nothing of rings, totals, packed words or rolls, and shares no arithmetic with the window it judges.
//! Every question is answered by walking the whole list again, so it is slow and easy to believe.

use crate::outcome::{Held, Outcome, Rule};

mod change;
mod count;
mod judge;
mod rules;
mod sight;

#[cfg(test)]
mod tests;

pub use rules::{Caps, Rules, Sees};

/// What a pass remembers of its booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slip {
    frame: u64,
    era: u64,
    value: u64,
}

impl Slip {
    /// What was booked.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Booked(u64),
    TakenBack(u64),
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    time: u64,
    change: Change,
}

/// A gate by definition.
///
/// Every method takes the clock's reading in nanoseconds since the Unix epoch. Readings may go backwards: what is done
/// then lands in the newest frame that was seen before. A gate sees the time when it is made and whenever it is asked
/// for something that depends on it; changing limits and clearing do not. [`Sees::Changes`] is another agreement.
#[derive(Clone, Debug)]
pub struct Oracle {
    rules: Rules,
    list: Vec<Entry>,
    /// The newest frame seen; 0 if none was, which no clock is behind.
    seen: u64,
    era: u64,
}

impl Oracle {
    /// An empty gate made at `now`.
    #[must_use]
    pub fn new(rules: Rules, now: u64) -> Self {
        let seen = match rules.sees {
            Sees::Always => now / rules.frame_step,
            Sees::Changes => 0,
        };
        Self {
            rules,
            list: Vec::new(),
            seen,
            era: 0,
        }
    }

    /// A gate made at `now` that takes over what another one held: the start of its newest frame and its values,
    /// newest first. `None`: the values lie more than a window ahead of the clock, which no gate believes.
    ///
    /// Whatever [it sees](Sees), it has seen the time it was made at if anything of that is in its window.
    #[must_use]
    pub fn restored(rules: Rules, now: u64, held: Option<(u64, &[u64])>) -> Option<Self> {
        let mut oracle = Self::new(rules, now);
        if let Some((newest, values)) = held {
            if newest > now + oracle.rules.frames * oracle.rules.frame_step {
                return None;
            }
            let present = oracle.frame_of(newest).max(oracle.frame_of(now));
            let mut start = newest;
            for &value in values {
                if oracle.frame_of(start) >= oracle.oldest(present) {
                    oracle.note(start, Change::Booked(value));
                }
                if start < oracle.rules.frame_step {
                    break;
                }
                start -= oracle.rules.frame_step;
            }
            if !oracle.list.is_empty() {
                oracle.seen = present;
            }
        }
        Some(oracle)
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How long the list is.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.list.len()
    }

    /// How often it was cleared.
    #[must_use]
    pub fn era(&self) -> u64 {
        self.era
    }

    /// Asks to book `value`.
    pub fn try_update(&mut self, now: u64, value: u64) -> Outcome {
        self.seeing(now, |gate| gate.book(now, value))
    }

    /// Asks to book `value` and keeps a slip of it.
    pub fn enter(&mut self, now: u64, value: u64) -> (Outcome, Option<Slip>) {
        self.seeing(now, |gate| {
            let outcome = gate.book(now, value);
            let slip = matches!(outcome, Outcome::Admitted(_)).then(|| Slip {
                frame: gate.newest(now),
                era: gate.era,
                value,
            });
            (outcome, slip)
        })
    }

    /// Books `value` and tells how the window then stands, as layers do.
    pub fn decide(&mut self, now: u64, value: u64) -> Outcome {
        self.seeing(now, |gate| match gate.book(now, value) {
            Outcome::Admitted(_) => Outcome::Decision(gate.decision(now, None)),
            Outcome::Denied(denial) => Outcome::Decision(gate.decision(now, Some(&denial))),
            other => other,
        })
    }

    /// Takes `value` out of the current frame.
    pub fn refund(&mut self, now: u64, value: u64) -> Outcome {
        self.seeing(now, |gate| {
            let frame = gate.newest(now);
            let booked = gate.total(frame, frame);
            if u128::from(value) > booked {
                return Outcome::Underflow {
                    requested: value,
                    booked: narrow(booked),
                };
            }
            let time = gate.time(now);
            gate.note(time, Change::TakenBack(value));
            Outcome::Admitted(gate.reading(now))
        })
    }

    /// Takes all of a slip's booking back.
    pub fn refund_slip(&mut self, now: u64, slip: Slip) -> Outcome {
        self.give_back(now, slip, slip.value)
    }

    /// Takes back a booking of `value` in the frame that begins at `start`, made in `era`, for a caller who keeps no
    /// slips.
    pub fn refund_booked(&mut self, now: u64, start: u64, era: u64, value: u64) -> Outcome {
        let frame = self.frame_of(start);
        self.refund_slip(now, Slip { frame, era, value })
    }

    /// Corrects a slip's booking to what was really used.
    pub fn settle_slip(&mut self, now: u64, slip: Slip, actual: u64) -> Outcome {
        if actual <= slip.value {
            return self.give_back(now, slip, slip.value - actual);
        }
        match self.try_update(now, actual - slip.value) {
            Outcome::Admitted(_) => Outcome::Returned(0),
            other => other,
        }
    }

    /// Forgets everything counted. Time stays where it was.
    pub fn clear(&mut self) -> Outcome {
        self.list.clear();
        self.era += 1;
        Outcome::Done
    }

    /// Changes the limits and nothing else.
    pub fn set_caps(&mut self, caps: Caps) -> Outcome {
        let top = self.rules.ceiling.unwrap_or(u64::MAX).min(self.rules.most);
        if !caps.are_legal(Some(top)) {
            return Outcome::Rejected;
        }
        self.rules.caps = caps;
        Outcome::Done
    }

    /// What an update with `value` would be told; books nothing.
    pub fn peek(&mut self, now: u64, value: u64) -> Outcome {
        self.seeing(now, |gate| {
            if let Some(refused) = gate.too_large(value) {
                return refused;
            }
            let refusal = if value == 0 {
                None
            } else {
                gate.refusal(now, value)
            };
            Outcome::Decision(gate.decision(now, refusal.as_ref()))
        })
    }

    /// Whether any limit is reached, the gate limit first.
    pub fn check_limits(&mut self, now: u64) -> Outcome {
        self.seeing(now, |gate| {
            let frame = gate.newest(now);
            for rule in [Rule::Gate, Rule::Frame] {
                let (limit, used) = gate.standing(rule, frame);
                if used >= u128::from(limit) {
                    return Outcome::Denied(gate.denial(now, rule, 1));
                }
            }
            Outcome::Done
        })
    }

    /// Everything the gate holds at `now`.
    pub fn held(&mut self, now: u64) -> Held {
        self.seeing(now, |gate| {
            let newest = gate.newest(now);
            let frames: Vec<u64> = (0..gate.rules.kept())
                .map(|age| {
                    if age > newest {
                        0
                    } else {
                        narrow(gate.total(newest - age, newest - age))
                    }
                })
                .collect();
            Held {
                frames,
                sum: narrow(gate.sum(newest)),
                frame_start: newest * gate.rules.frame_step,
            }
        })
    }
}

fn narrow(value: u128) -> u64 {
    u64::try_from(value).expect("a window never holds more than a u64 can tell")
}
