//! A remote gate with an answer for the times when its server is away.

use super::OnStorageError;
use super::local::Local;
use crate::breaker::is_outage;
use call_gate_core::{
    Act, Answer, BoxFuture, Clock, Deadline, Decision, Denial, Frame, GateConfig, Key, Limits,
    Moment, Reading, Remote, Scope, StorageError, SystemClock,
};
use std::sync::Arc;
use std::time::Duration;

/// This bit of an era says that the booking was made here, and not by the server, whose eras stay far below it.
pub(super) const HERE: u64 = 1 << 63;

/// Asks the server first, and answers by the policy where it is away.
#[derive(Debug)]
pub(crate) struct Fallback {
    inner: Arc<dyn Remote>,
    policy: OnStorageError,
    local: Local,
    clock: Arc<dyn Clock>,
    frame_step: Duration,
    pause: Duration,
}

/// An act that a policy may answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question {
    Update(u64),
    Peek(u64),
    Check,
}

impl Fallback {
    /// `inner` under `policy`; `pause` is how soon a server that was away is asked again.
    pub(crate) fn new(
        inner: Arc<dyn Remote>,
        policy: OnStorageError,
        config: &GateConfig,
        pause: Duration,
    ) -> Self {
        Self::with_clock(inner, policy, config, pause, Arc::new(SystemClock::new()))
    }

    /// The same by a clock that is not the machine's.
    pub(super) fn with_clock(
        inner: Arc<dyn Remote>,
        policy: OnStorageError,
        config: &GateConfig,
        pause: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            inner,
            policy,
            local: Local::new(config, pause, clock.clone()),
            clock,
            frame_step: config.frame_step(),
            pause,
        }
    }

    /// The answer to an act that is none of the server's: a booking made here is given back here.
    fn own(&self, act: &Act) -> Option<Result<Answer, StorageError>> {
        match act {
            Act::Refund {
                value,
                booked: Some(booked),
            } if booked.era() & HERE != 0 => Some(self.local.refund(*value, *booked)),
            _ => None,
        }
    }

    /// The question in `act`, where the policy has a say.
    fn question(&self, act: &Act) -> Option<Question> {
        if self.policy == OnStorageError::Error {
            return None;
        }
        match act {
            Act::Update { value } => Some(Question::Update(*value)),
            Act::Peek { value } => Some(Question::Peek(*value)),
            Act::Check => Some(Question::Check),
            _ => None,
        }
    }

    /// What the server answered, or else the policy.
    fn judge(
        &self,
        key: &Key,
        question: Question,
        answer: Result<Answer, StorageError>,
    ) -> Result<Answer, StorageError> {
        let error = match answer {
            Err(error) if is_outage(&error) => error,
            answer => return answer,
        };
        match self.policy {
            OnStorageError::Error => Err(error),
            OnStorageError::Allow => Ok(self.allow(self.inner.limits(key), question)),
            OnStorageError::Deny => Ok(self.deny(self.inner.limits(key), question)),
            OnStorageError::Local(gates) => {
                let known = || self.inner.limits(key);
                match self.local.answer(gates, known, question) {
                    Some(answer) => answer.or(Err(error)),
                    None => Ok(self.deny(known(), question)),
                }
            }
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

    /// The reading of a booking that is counted nowhere.
    fn nothing_counted(&self, remaining: u64) -> Reading {
        let step = u64::try_from(self.frame_step.as_nanos()).unwrap_or(u64::MAX);
        let now = self.clock.now().as_nanos();
        let start = now - now.checked_rem(step).unwrap_or(0);
        Reading::new(Frame::new(Moment::from_nanos(start), 0), 0, remaining).of_era(HERE)
    }
}

impl Remote for Fallback {
    fn call(&self, key: &Key, act: &Act, by: Deadline) -> Result<Answer, StorageError> {
        if let Some(answer) = self.own(act) {
            return answer;
        }
        let answer = self.inner.call(key, act, by);
        match self.question(act) {
            Some(question) => self.judge(key, question, answer),
            None => answer,
        }
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        if matches!(act, Act::Refund { .. }) {
            return Box::pin(async move {
                match self.own(&act) {
                    Some(answer) => answer,
                    None => self.inner.call_async(key, act, by).await,
                }
            });
        }
        match self.question(&act) {
            Some(question) => Box::pin(async move {
                let answer = self.inner.call_async(key, act, by).await;
                self.judge(key, question, answer)
            }),
            None => self.inner.call_async(key, act, by),
        }
    }

    fn limits(&self, key: &Key) -> Limits {
        self.inner.limits(key)
    }

    fn largest_limit(&self) -> u64 {
        self.inner.largest_limit()
    }

    fn ask_again_after(&self, denial: &Denial) -> Duration {
        self.inner.ask_again_after(denial)
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

fn admits(limit: u64, remaining: u64) -> Decision {
    Decision::new(true, limit, remaining, Duration::ZERO, Duration::ZERO)
}
