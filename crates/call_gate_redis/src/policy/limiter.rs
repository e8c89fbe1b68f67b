//! What answers for a limiter whose server is away.

mod local;
#[cfg(test)]
mod tests;

use super::fallback::{HERE, StandIn, admits};
use call_gate_core::{
    Act, Answer, Booked, Clock, Decision, Demand, Denial, Frame, GateConfig, Key, Reading, Remote,
    StorageError,
};
use local::Local;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// A remote limiter that knows the limits of all its spans.
pub(crate) trait Spans: Remote {
    /// Those in force, as last told; those of costs after the others.
    fn span_limits(&self) -> Vec<Option<u64>>;
}

/// What answers for a limiter.
#[derive(Debug)]
pub(crate) struct ForLimiter {
    rules: Rules,
    local: Local,
}

/// What every answer here is made by.
#[derive(Debug, Clone)]
struct Rules {
    config: GateConfig,
    /// How soon a server that was away is asked again.
    pause: Duration,
    clock: Arc<dyn Clock>,
}

/// What a policy may answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    Take(Demand),
    Peek(u64),
}

impl StandIn for ForLimiter {
    type Inner = dyn Spans;
    type Known = Vec<Option<u64>>;
    type Question = Question;

    fn new(config: &GateConfig, pause: Duration, clock: Arc<dyn Clock>) -> Self {
        let rules = Rules {
            config: config.clone(),
            pause,
            clock,
        };
        Self {
            local: Local::new(rules.clone()),
            rules,
        }
    }

    fn known(inner: &dyn Spans, _: &Key) -> Vec<Option<u64>> {
        inner.span_limits()
    }

    fn question(act: &Act) -> Option<Question> {
        match *act {
            Act::Update { value } => Some(Question::Take(Demand::new(value))),
            Act::Take(demand) => Some(Question::Take(demand)),
            Act::Peek { value } => Some(Question::Peek(value)),
            _ => None,
        }
    }

    fn own(&self, act: &Act) -> Option<Result<Answer, StorageError>> {
        let (demand, booked) = match *act {
            Act::Refund {
                value,
                booked: Some(booked),
            } => (Demand::new(value), booked),
            Act::GiveBack { demand, booked, .. } => (demand, booked),
            _ => return None,
        };
        (booked.era() & HERE != 0).then(|| self.local.refund(demand, booked))
    }

    fn allow(&self, known: Vec<Option<u64>>, question: Question) -> Answer {
        self.rules.allow(&known, question)
    }

    fn deny(&self, known: Vec<Option<u64>>, question: Question) -> Answer {
        self.rules.deny(&known, question)
    }

    fn share(
        &self,
        parts: NonZeroU32,
        known: impl Fn() -> Vec<Option<u64>>,
        question: Question,
    ) -> Option<Result<Answer, StorageError>> {
        self.local.answer(parts, known, question)
    }
}

impl Rules {
    fn allow(&self, known: &[Option<u64>], question: Question) -> Answer {
        let room = known.iter().flatten().min().copied().unwrap_or(u64::MAX);
        match question {
            Question::Take(_) => Answer::Admitted(self.nothing_counted(room)),
            Question::Peek(_) => Answer::Decided(admits(room, room), None),
        }
    }

    fn deny(&self, known: &[Option<u64>], question: Question) -> Answer {
        match question {
            Question::Take(demand) if demand == Demand::new(0) => {
                Answer::Admitted(self.nothing_counted(0))
            }
            Question::Take(demand) => Answer::Denied(self.full(known, demand)),
            Question::Peek(value) => {
                let denial = self.full(known, Demand::new(value));
                let (limit, pause) = (denial.limit(), self.pause);
                if value == 0 {
                    return Answer::Decided(admits(limit, 0), None);
                }
                let decision = Decision::new(false, limit, 0, pause, pause);
                Answer::Decided(decision, Some(denial))
            }
        }
    }

    /// The denial of windows that are full, by the first of them that is asked for anything; of a demand that one can
    /// never take, by that one.
    fn full(&self, known: &[Option<u64>], demand: Demand) -> Denial {
        let spans = || {
            let limits = known.iter().enumerate();
            limits.filter_map(|(span, limit)| Some((span, (*limit)?, self.asked(span, demand))))
        };
        let (span, limit, asked) = spans()
            .find(|(_, limit, asked)| asked > limit)
            .or_else(|| spans().find(|(_, _, asked)| *asked > 0))
            .or_else(|| spans().next())
            .unwrap_or((0, u64::MAX, demand.value()));
        let held = (limit, limit);
        self.config.denial(span, held, asked, self.pause)
    }

    /// What `demand` asks of `span`.
    fn asked(&self, span: usize, demand: Demand) -> u64 {
        if span < self.of_requests() {
            demand.value()
        } else {
            demand.cost()
        }
    }

    /// How many spans count requests; those of costs come after.
    fn of_requests(&self) -> usize {
        self.config.geometry().spans().len()
    }

    /// The reading of a booking that is counted nowhere.
    fn nothing_counted(&self, remaining: u64) -> Reading {
        let frame = Frame::new(self.clock.now(), 0);
        self.here(Reading::new(frame, 0, remaining))
    }

    /// `reading` as one of a booking that was made here.
    fn here(&self, reading: Reading) -> Reading {
        let frame = reading.frame();
        let reading = reading.of_era(HERE);
        if self.config.costs().is_none() {
            return reading;
        }
        reading.with_cost_at(Booked::new(frame.start().into(), HERE))
    }
}
