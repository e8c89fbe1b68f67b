//! What must happen: a list of those who wait, and the testkit's oracle, asked by the first of them only.
// long file: one model, whose rules are easier to believe in one place

use super::plan::{Deed, MILLI, Manner, Patience, Plan, RASTER};
use super::{Record, Told};
use call_gate_core::Wait;
use call_gate_testkit::Oracle;
use call_gate_testkit::outcome::{Outcome, Rule};
use call_gate_testkit::spec::limits;
use std::collections::HashSet;

/// What is done from outside in one instant, with every doubt removed.
#[derive(Debug)]
pub(super) struct Beat {
    /// Milliseconds after the start.
    pub(super) at: u64,
    pub(super) moves: Vec<Move>,
}

#[derive(Debug)]
pub(super) enum Move {
    Arrive {
        who: usize,
        value: u64,
        wait: Wait,
        manner: Manner,
    },
    Park {
        who: usize,
        value: u64,
    },
    Ask(u64),
    Cancel(usize),
    Refund(u64),
    SetLimits(call_gate_core::Limits),
    Clear,
    Close,
}

struct Waiter {
    who: usize,
    value: u64,
    deadline: Option<u64>,
    timeout: Option<u64>,
    parked: bool,
    /// When its request fits, in nanoseconds; known once it has asked.
    due: Option<u64>,
}

struct Model {
    start: u64,
    now: u64,
    oracle: Oracle,
    line: Vec<Waiter>,
    closed: bool,
    record: Record,
}

pub(super) fn foretell(plan: &Plan) -> (Vec<Beat>, Record) {
    let mut model = Model {
        start: plan.spec.start,
        now: 0,
        oracle: Oracle::new(plan.spec.rules(), plan.spec.start),
        line: Vec::new(),
        closed: false,
        record: Record::default(),
    };
    let mut script = Vec::new();
    for (at, deeds) in schedule(plan) {
        model.pass_to(at);
        model.view();
        let mut moves = Vec::new();
        for (who, deed) in deeds {
            moves.extend(model.act(plan, who, &deed));
        }
        model.settle();
        script.push(Beat { at, moves });
    }
    // whoever is never polled again must go, or nobody else ever comes to an end
    let at = script.last().map_or(0, |beat| beat.at) + 1000 * RASTER;
    model.pass_to(at);
    model.view();
    let parked = model.line.iter().filter(|waiter| waiter.parked);
    let moves: Vec<Move> = parked.map(|waiter| Move::Cancel(waiter.who)).collect();
    for gone in &moves {
        if let Move::Cancel(who) = gone {
            model.leave(*who, Told::Cancelled);
        }
    }
    model.settle();
    script.push(Beat { at, moves });
    model.pass_to(u64::MAX);
    model.view();
    (script, model.record)
}

/// Puts the deeds on the raster: arrivals last in their instant, and no wait ending when something else happens.
fn schedule(plan: &Plan) -> Vec<(u64, Vec<(usize, Deed)>)> {
    let mut beats: Vec<(u64, Vec<(usize, Deed)>)> = Vec::new();
    let mut taken = HashSet::new();
    let mut now = 1;
    let mut alone = true;
    for (who, (gap, deed)) in plan.deeds.iter().enumerate() {
        if *gap > 0 || alone || deed.alone() {
            now += (*gap).max(RASTER);
            while taken.contains(&now) {
                now += RASTER;
            }
            taken.insert(now);
            beats.push((now, Vec::new()));
        }
        alone = deed.alone();
        let deed = match deed.clone() {
            Deed::Arrive {
                value,
                patience,
                manner,
            } => {
                let patience = match patience {
                    Patience::For(0) | Patience::Frames(0) => patience,
                    Patience::For(millis) => Patience::For(free(&mut taken, now, millis)),
                    _ => match patience.millis(&plan.spec) {
                        Some(millis) if !taken.insert(now + millis) => Patience::Forever,
                        _ => patience,
                    },
                };
                let manner = match manner {
                    Manner::Timeout(millis) => Manner::Timeout(free(&mut taken, now, millis)),
                    manner => manner,
                };
                Deed::Arrive {
                    value,
                    patience,
                    manner,
                }
            }
            deed => deed,
        };
        beats.last_mut().unwrap().1.push((who, deed));
    }
    for (_, deeds) in &mut beats {
        deeds.sort_by_key(|(_, deed)| matches!(deed, Deed::Arrive { .. }));
    }
    beats
}

fn free(taken: &mut HashSet<u64>, now: u64, mut millis: u64) -> u64 {
    while !taken.insert(now + millis) {
        millis += RASTER;
    }
    millis
}

impl Model {
    fn nanos(&self) -> u64 {
        self.start + self.now * MILLI
    }

    fn view(&mut self) {
        let now = self.nanos();
        self.record
            .views
            .push((self.line.len(), self.oracle.held(now).sum));
    }

    fn answer(&mut self, told: Told) {
        self.record.answers.push((self.now, told));
    }

    fn leave(&mut self, who: usize, told: Told) {
        self.line.retain(|waiter| waiter.who != who);
        self.record.fates.insert(who, (self.now, told));
    }

    fn act(&mut self, plan: &Plan, who: usize, deed: &Deed) -> Option<Move> {
        let now = self.nanos();
        Some(match *deed {
            Deed::Arrive {
                value,
                patience,
                manner,
            } => {
                // those before it in the same instant have been woken already
                self.settle();
                self.arrive(Waiter {
                    who,
                    value,
                    deadline: patience.millis(&plan.spec).map(|wait| self.now + wait),
                    timeout: match manner {
                        Manner::Timeout(millis) => Some(self.now + millis),
                        _ => None,
                    },
                    parked: false,
                    due: None,
                });
                Move::Arrive {
                    who,
                    value,
                    wait: patience.wait(),
                    manner,
                }
            }
            Deed::Park(value) => {
                self.arrive(Waiter {
                    who,
                    value,
                    deadline: None,
                    timeout: None,
                    parked: true,
                    due: None,
                });
                Move::Park { who, value }
            }
            Deed::Ask(value) => {
                let told = self.ask(value);
                self.answer(told);
                Move::Ask(value)
            }
            Deed::Cancel(index) => {
                let waiters: Vec<usize> = self
                    .line
                    .iter()
                    .filter(|waiter| waiter.timeout.is_none())
                    .map(|waiter| waiter.who)
                    .collect();
                let who = *waiters.get(index % waiters.len().max(1))?;
                self.leave(who, Told::Cancelled);
                Move::Cancel(who)
            }
            Deed::Refund(value) => {
                let told = if self.closed {
                    Told::Closed
                } else {
                    match self.oracle.refund(now, value) {
                        Outcome::Admitted(reading) => Told::Admitted(reading),
                        Outcome::Underflow { booked, .. } => Told::Underflow(booked),
                        other => Told::Odd(format!("{other:?}")),
                    }
                };
                self.answer(told);
                Move::Refund(value)
            }
            Deed::SetLimits(caps) => {
                self.oracle.set_caps(caps);
                Move::SetLimits(limits(caps))
            }
            Deed::Clear => {
                self.oracle.clear();
                Move::Clear
            }
            Deed::Close => {
                self.closed = true;
                let told: Vec<usize> = self
                    .line
                    .iter()
                    .filter(|waiter| !waiter.parked)
                    .map(|waiter| waiter.who)
                    .collect();
                for who in told {
                    self.leave(who, Told::Closed);
                }
                Move::Close
            }
        })
    }

    /// What somebody is told who does not wait.
    fn ask(&mut self, value: u64) -> Told {
        if self.closed {
            return Told::Closed;
        }
        if !self.line.is_empty() {
            return match self.come_back(value) {
                Some(after) => Told::Queued(after),
                None => Told::TooLarge,
            };
        }
        match self.oracle.try_update(self.nanos(), value) {
            Outcome::Admitted(reading) => Told::Admitted(reading),
            Outcome::Denied(denial) if denial.rule == Rule::Frame => {
                Told::FrameLimit(denial.retry_after)
            }
            Outcome::Denied(denial) => Told::GateLimit(denial.retry_after),
            Outcome::TooLarge { .. } => Told::TooLarge,
            other => Told::Odd(format!("{other:?}")),
        }
    }

    /// How long until there is room for `value` and the first in line has gone, as far as that one knows.
    fn come_back(&mut self, value: u64) -> Option<u64> {
        let now = self.nanos();
        let due = self.line.first().and_then(|first| first.due);
        let ahead = due.unwrap_or(0).saturating_sub(now);
        match self.oracle.clone().try_update(now, value) {
            Outcome::TooLarge { .. } => None,
            Outcome::Denied(denial) => Some(denial.retry_after.max(ahead)),
            _ => Some(ahead),
        }
    }

    fn arrive(&mut self, waiter: Waiter) {
        let who = waiter.who;
        let told = self.ask(waiter.value);
        if !matches!(
            told,
            Told::FrameLimit(_) | Told::GateLimit(_) | Told::Queued(_)
        ) {
            self.record.fates.insert(who, (self.now, told));
            return;
        }
        let at_once = waiter.deadline == Some(self.now);
        self.line.push(waiter);
        if let [only] = &mut self.line[..]
            && let Told::FrameLimit(after) | Told::GateLimit(after) = told
        {
            // a parked one asks this once
            only.due = Some(self.start + self.now * MILLI + after);
        }
        if at_once {
            self.exhaust(who);
        }
    }

    fn exhaust(&mut self, who: usize) {
        let waiter = self.line.iter().find(|waiter| waiter.who == who).unwrap();
        let (value, due) = (waiter.value, waiter.due);
        let told = match due {
            Some(due) => Told::Exhausted(due.saturating_sub(self.nanos())),
            // lowered below the value while it stood behind others
            None => self
                .come_back(value)
                .map_or(Told::TooLarge, Told::Exhausted),
        };
        self.leave(who, told);
    }

    /// The first in line asks, and the next if that one goes, until somebody has to stay.
    fn settle(&mut self) {
        let now = self.nanos();
        while let Some(first) = self.line.first_mut()
            && !first.parked
        {
            let who = first.who;
            match self.oracle.try_update(now, first.value) {
                Outcome::Denied(denial) => {
                    first.due = Some(now + denial.retry_after);
                    return;
                }
                Outcome::Admitted(reading) => self.leave(who, Told::Admitted(reading)),
                _ => self.leave(who, Told::TooLarge),
            }
        }
    }

    /// Lets time pass until `end`, and everything happen that happens by itself.
    fn pass_to(&mut self, end: u64) {
        loop {
            let due = self.line.first().filter(|first| !first.parked);
            let due = due.and_then(|first| Some((first.due? - self.start) / MILLI));
            let ends = |waiter: &Waiter| [waiter.deadline, waiter.timeout];
            let next = self.line.iter().flat_map(ends).flatten().chain(due).min();
            let Some(next) = next.filter(|next| *next < end) else {
                break;
            };
            self.now = next;
            let over: Vec<(usize, bool)> = self
                .line
                .iter()
                .filter(|waiter| ends(waiter).contains(&Some(next)))
                .map(|waiter| (waiter.who, waiter.timeout == Some(next)))
                .collect();
            for (who, cancelled) in over {
                if cancelled {
                    self.leave(who, Told::Cancelled);
                } else {
                    self.exhaust(who);
                }
            }
            self.settle();
        }
        if end != u64::MAX {
            self.now = end;
        }
    }
}
