//! A remote limiter with an answer for the times when its server is away.

mod local;
#[cfg(test)]
mod tests;

use super::OnStorageError;
use super::fallback::HERE;
use crate::breaker::is_outage;
use call_gate_core::{
    Act, Answer, Booked, BoxFuture, Clock, Deadline, Decision, Demand, Denial, Frame, GateConfig,
    Key, Limits, Reading, Remote, StorageError, SystemClock,
};
use local::Local;
use std::sync::Arc;
use std::time::Duration;

/// A remote limiter that knows the limits of all its spans.
pub(crate) trait Spans: Remote {
    /// Those in force, as last told; those of costs after the others.
    fn span_limits(&self) -> Vec<Option<u64>>;
}

/// Asks the server first, and answers by the policy where it is away.
#[derive(Debug)]
pub(crate) struct LimiterFallback {
    inner: Arc<dyn Spans>,
    policy: OnStorageError,
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
enum Question {
    Take(Demand),
    Peek(u64),
}

impl LimiterFallback {
    /// `inner` under `policy`; `pause` is how soon a server that was away is asked again.
    pub(crate) fn new(
        inner: Arc<dyn Spans>,
        policy: OnStorageError,
        config: &GateConfig,
        pause: Duration,
    ) -> Self {
        Self::with_clock(inner, policy, config, pause, Arc::new(SystemClock::new()))
    }

    /// The same by a clock that is not the machine's.
    fn with_clock(
        inner: Arc<dyn Spans>,
        policy: OnStorageError,
        config: &GateConfig,
        pause: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let rules = Rules {
            config: config.clone(),
            pause,
            clock,
        };
        Self {
            inner,
            policy,
            local: Local::new(rules.clone()),
            rules,
        }
    }

    /// The answer to an act that is none of the server's: a booking made here is given back here.
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

    /// What the server answered, or else the policy.
    fn judge(
        &self,
        question: Question,
        answer: Result<Answer, StorageError>,
    ) -> Result<Answer, StorageError> {
        let error = match answer {
            Err(error) if is_outage(&error) => error,
            answer => return answer,
        };
        match self.policy {
            OnStorageError::Error => Err(error),
            OnStorageError::Allow => Ok(self.rules.allow(&self.inner.span_limits(), question)),
            OnStorageError::Deny => Ok(self.rules.deny(&self.inner.span_limits(), question)),
            OnStorageError::Local(parts) => {
                let known = || self.inner.span_limits();
                match self.local.answer(parts, known, question) {
                    Some(answer) => answer.or(Err(error)),
                    None => Ok(self.rules.deny(&known(), question)),
                }
            }
        }
    }
}

/// The question in `act`, where a policy has a say.
fn question(act: &Act) -> Option<Question> {
    match *act {
        Act::Update { value } => Some(Question::Take(Demand::new(value))),
        Act::Take(demand) => Some(Question::Take(demand)),
        Act::Peek { value } => Some(Question::Peek(value)),
        _ => None,
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

impl Remote for LimiterFallback {
    fn call(&self, key: &Key, act: &Act, by: Deadline) -> Result<Answer, StorageError> {
        if let Some(answer) = self.own(act) {
            return answer;
        }
        let answer = self.inner.call(key, act, by);
        match question(act) {
            Some(question) => self.judge(question, answer),
            None => answer,
        }
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(async move {
            if let Some(answer) = self.own(&act) {
                return answer;
            }
            let question = question(&act);
            let answer = self.inner.call_async(key, act, by).await;
            match question {
                Some(question) => self.judge(question, answer),
                None => answer,
            }
        })
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

fn admits(limit: u64, remaining: u64) -> Decision {
    Decision::new(true, limit, remaining, Duration::ZERO, Duration::ZERO)
}
