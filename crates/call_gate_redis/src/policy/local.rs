//! A gate in this process's memory that holds one part of the limits while the server is away.

use super::failure;
use super::fallback::HERE;
use super::gate::Question;
use call_gate_core::{
    Answer, Booked, CallGate, Clock, ConfigError, Decision, Denial, Frame, GateConfig, Limits,
    Reading, Refund, Scope, StorageError, StorageErrorKind, UpdateError,
};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Makes the gate when it is first needed, and keeps it: what it has counted counts in the next outage too.
#[derive(Debug)]
pub(super) struct Local {
    gate_size: Duration,
    frame_step: Duration,
    strict: bool,
    credits: bool,
    clock: Arc<dyn Clock>,
    pause: Duration,
    gate: Mutex<Option<CallGate>>,
}

/// The limits of all, this gate's part of them, and the gate.
struct Part {
    known: Limits,
    share: Limits,
    gate: CallGate,
}

impl Local {
    pub(super) fn new(config: &GateConfig, pause: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            gate_size: config.gate_size(),
            frame_step: config.frame_step(),
            strict: config.is_strict(),
            credits: config.credits(),
            clock,
            pause,
            gate: Mutex::new(None),
        }
    }

    /// What one of `gates` gates answers that share the `known` limits; `None`: its part of them is nothing.
    pub(super) fn answer(
        &self,
        gates: NonZeroU32,
        known: impl Fn() -> Limits,
        question: Question,
    ) -> Option<Result<Answer, StorageError>> {
        let part = match self.part(gates, known)? {
            Ok(part) => part,
            Err(error) => return Some(Err(error)),
        };
        let outcome = match question {
            Question::Update(value) => match part.gate.try_update(value) {
                Ok(reading) => Ok(Answer::Admitted(reading.of_era(HERE))),
                Err(error) => self.denial(&part, value, error).map(Answer::Denied),
            },
            Question::Peek(value) => self.peek(&part, value),
            Question::Check => match part.gate.check_limits() {
                Ok(()) => Ok(Answer::Done),
                Err(error) => self.denial(&part, 1, error).map(Answer::Denied),
            },
        };
        Some(outcome)
    }

    /// Gives a booking of this gate back.
    pub(super) fn refund(&self, value: u64, booked: Booked) -> Result<Answer, StorageError> {
        let Some(gate) = self.lock().clone() else {
            return Ok(Answer::Expired);
        };
        // of a pass the gate looks at the frame and the era, and nothing ever clears it
        let frame = Frame::new(booked.frame(), value);
        let reading = Reading::new(frame, value, 0).of_era(booked.era() & !HERE);
        match gate.pass(value, reading).refund() {
            Ok(Refund::Returned(_)) => match gate.try_update(0) {
                Ok(reading) => Ok(Answer::Returned(reading.of_era(HERE))),
                Err(error) => Err(failure(error)),
            },
            Ok(_) => Ok(Answer::Expired),
            Err(UpdateError::Underflow(underflow)) => Ok(Answer::Underflow(underflow.booked())),
            Err(error) => Err(failure(error)),
        }
    }

    /// The gate, with its part of the limits that are known now.
    fn part(
        &self,
        gates: NonZeroU32,
        known: impl Fn() -> Limits,
    ) -> Option<Result<Part, StorageError>> {
        let mut kept = self.lock();
        // asked under the lock: of two threads the one with the newer limits also sets them later
        let known = known();
        let share = share(known, gates)?;
        let gate = match kept.as_ref() {
            Some(gate) if gate.limits() == share => Ok(gate.clone()),
            Some(gate) => gate.set_limits(share).map(|()| gate.clone()),
            None => self.make(share),
        };
        Some(match gate {
            Ok(gate) => {
                *kept = Some(gate.clone());
                Ok(Part { known, share, gate })
            }
            Err(error) => Err(StorageError::with_source(
                StorageErrorKind::Unavailable,
                error,
            )),
        })
    }

    fn make(&self, share: Limits) -> Result<CallGate, ConfigError> {
        let mut builder = CallGate::unnamed(self.gate_size, self.frame_step)
            .limits(share)
            // whatever limits the server may tell later
            .limits_up_to(u64::MAX)
            .clock(self.clock.clone());
        if self.strict {
            builder = builder.strict();
        }
        if self.credits {
            builder = builder.credits();
        }
        builder.build()
    }

    fn peek(&self, part: &Part, value: u64) -> Result<Answer, StorageError> {
        let (scope, wait) = match part.gate.peek(value) {
            Ok(seen) if seen.allowed => {
                let limit = part.known_of(part.scope_of(seen.limit));
                let (remaining, reset) = (seen.remaining, seen.reset_after);
                let decision = Decision::new(true, limit, remaining, Duration::ZERO, reset);
                return Ok(Answer::Decided(decision, None));
            }
            Ok(seen) => (part.scope_of(seen.limit), seen.retry_after.min(self.pause)),
            Err(UpdateError::TooLarge(error)) => (error.scope(), self.pause),
            Err(error) => return Err(failure(error)),
        };
        // what a smaller value would have found
        let seen = part.gate.peek(0).map_err(failure)?;
        let limit = part.known_of(scope);
        let used = limit.saturating_sub(seen.remaining);
        Ok(Answer::Decided(
            Decision::new(false, limit, seen.remaining, wait, seen.reset_after),
            Some(Denial::new(scope, limit, used, value, wait)),
        ))
    }

    /// The gate's denial, told of the whole limit. A value above the part alone is denied like any: the server may
    /// admit it when it is back.
    fn denial(&self, part: &Part, value: u64, error: UpdateError) -> Result<Denial, StorageError> {
        let (scope, used, wait) = match error {
            UpdateError::FrameLimit(denial) | UpdateError::GateLimit(denial) => {
                let wait = denial.retry_after().min(self.pause);
                (denial.scope(), denial.used(), wait)
            }
            UpdateError::TooLarge(error) => (error.scope(), 0, self.pause),
            error => return Err(failure(error)),
        };
        let limit = part.known_of(scope);
        let used = part.of_others(scope).saturating_add(used);
        Ok(Denial::new(scope, limit, used, value, wait))
    }

    fn lock(&self) -> MutexGuard<'_, Option<CallGate>> {
        // every change is a whole one
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    fn known_of(&self, scope: Scope) -> u64 {
        limit_of(self.known, scope)
    }

    /// What of the limit is not this gate's to book.
    fn of_others(&self, scope: Scope) -> u64 {
        self.known_of(scope)
            .saturating_sub(limit_of(self.share, scope))
    }

    /// Which limit of the gate a decision names; the frame's where they are equal.
    fn scope_of(&self, limit: u64) -> Scope {
        if self.share.frame_limit() == Some(limit) {
            Scope::Frame
        } else {
            Scope::Gate
        }
    }
}

fn limit_of(limits: Limits, scope: Scope) -> u64 {
    let limit = match scope {
        Scope::Frame => limits.frame_limit(),
        _ => limits.gate_limit(),
    };
    limit.unwrap_or(u64::MAX)
}

/// One of `gates` equal parts of `known`, rounded down; `None`: that is nothing.
fn share(known: Limits, gates: NonZeroU32) -> Option<Limits> {
    let gates = u64::from(gates.get());
    let gate = known.gate_limit().map(|limit| limit / gates);
    // no more than the gate's: a server may have been told otherwise
    let frame = known
        .frame_limit()
        .map(|limit| (limit / gates).min(gate.unwrap_or(u64::MAX)));
    if gate == Some(0) || frame == Some(0) {
        return None;
    }
    let limits = gate.map_or(Limits::none(), Limits::gate);
    Some(frame.map_or(limits, |frame| limits.with_frame(frame)))
}
