//! What answers for a gate whose server is away.

use super::fallback::{HERE, StandIn, admits};
use super::local::Local;
use call_gate_core::{
    Act, Answer, Clock, Decision, Denial, Frame, GateConfig, Key, Limits, Moment, Reading, Remote,
    Scope, StorageError,
};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// What answers for a gate.
#[derive(Debug)]
pub(crate) struct ForGate {
    local: Local,
    clock: Arc<dyn Clock>,
    frame_step: Duration,
    pause: Duration,
}

/// What a policy may answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    Update(u64),
    Peek(u64),
    Check,
}

impl StandIn for ForGate {
    type Inner = dyn Remote;
    type Known = Limits;
    type Question = Question;

    fn new(config: &GateConfig, pause: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            local: Local::new(config, pause, clock.clone()),
            clock,
            frame_step: config.frame_step(),
            pause,
        }
    }

    fn known(inner: &dyn Remote, key: &Key) -> Limits {
        inner.limits(key)
    }

    fn question(act: &Act) -> Option<Question> {
        match *act {
            Act::Update { value } => Some(Question::Update(value)),
            Act::Peek { value } => Some(Question::Peek(value)),
            Act::Check => Some(Question::Check),
            _ => None,
        }
    }

    fn own(&self, act: &Act) -> Option<Result<Answer, StorageError>> {
        match act {
            Act::Refund {
                value,
                booked: Some(booked),
            } if booked.era() & HERE != 0 => Some(self.local.refund(*value, *booked)),
            _ => None,
        }
    }

    fn allow(&self, known: Limits, question: Question) -> Answer {
        let limits = [known.frame_limit(), known.gate_limit()];
        let room = limits.into_iter().flatten().min().unwrap_or(u64::MAX);
        match question {
            Question::Update(_) => Answer::Admitted(self.nothing_counted(room)),
            Question::Peek(_) => Answer::Decided(admits(room, room), None),
            Question::Check => Answer::Done,
        }
    }

    fn deny(&self, known: Limits, question: Question) -> Answer {
        let denial = |value| full(known, value, self.pause);
        match question {
            Question::Update(0) => Answer::Admitted(self.nothing_counted(0)),
            Question::Update(value) => Answer::Denied(denial(value)),
            Question::Peek(0) => Answer::Decided(admits(denial(0).limit(), 0), None),
            Question::Peek(value) => {
                let denial = denial(value);
                let decision = Decision::new(false, denial.limit(), 0, self.pause, self.pause);
                Answer::Decided(decision, Some(denial))
            }
            Question::Check => Answer::Denied(denial(1)),
        }
    }

    fn share(
        &self,
        parts: NonZeroU32,
        known: impl Fn() -> Limits,
        question: Question,
    ) -> Option<Result<Answer, StorageError>> {
        self.local.answer(parts, known, question)
    }
}

impl ForGate {
    /// The reading of a booking that is counted nowhere.
    fn nothing_counted(&self, remaining: u64) -> Reading {
        let step = u64::try_from(self.frame_step.as_nanos()).unwrap_or(u64::MAX);
        let now = self.clock.now().as_nanos();
        let start = now - now.checked_rem(step).unwrap_or(0);
        Reading::new(Frame::new(Moment::from_nanos(start), 0), 0, remaining).of_era(HERE)
    }
}

/// The denial of a window that is full, as far as the limits are known; of a value that no window can take, by the
/// limit that says so.
fn full(known: Limits, value: u64, pause: Duration) -> Denial {
    let (scope, limit) = match (known.frame_limit(), known.gate_limit()) {
        (Some(frame), None) => (Scope::Frame, frame),
        (Some(frame), Some(_)) if value > frame => (Scope::Frame, frame),
        (_, gate) => (Scope::Gate, gate.unwrap_or(u64::MAX)),
    };
    Denial::new(scope, limit, limit, value, pause)
}
