//! Core's answers in the oracle's words.

use call_gate_core::{
    CallGate, ConfigError, Decision as CoreDecision, Denial as CoreDenial, Reading as CoreReading,
    Refund, Scope, StorageError, UpdateError,
};

use crate::outcome::{Decision, Denial, Held, Outcome, Reading, Rule};
use crate::spec::{Spec, nanos, span};

/// Asserts that a place refused a gate which it cannot hold, with an error that says something.
///
/// # Panics
///
/// If it did not.
pub(crate) fn refused(spec: &Spec, built: Result<CallGate, ConfigError>) {
    match built {
        Ok(gate) => panic!("{gate} was made, although its place cannot hold {spec:?}"),
        Err(error) => assert!(
            !error.to_string().is_empty(),
            "a refusal of {spec:?} says nothing"
        ),
    }
}

pub(super) fn booking(result: Result<CoreReading, UpdateError>) -> Outcome {
    match result {
        Ok(reading) => Outcome::Admitted(Reading {
            sum: reading.sum(),
            frame_start: nanos(reading.frame().start()),
            frame_value: reading.frame().value(),
            remaining: reading.remaining(),
        }),
        Err(error) => self::error(&error),
    }
}

pub(super) fn decision(result: Result<CoreDecision, UpdateError>) -> Outcome {
    match result {
        Ok(decision) => Outcome::Decision(Decision {
            allowed: decision.allowed,
            limit: decision.limit,
            remaining: decision.remaining,
            retry_after: span(decision.retry_after),
            reset_after: span(decision.reset_after),
        }),
        Err(error) => self::error(&error),
    }
}

pub(super) fn given_back(result: Result<Refund, UpdateError>) -> Outcome {
    match result {
        Ok(Refund::Returned(value)) => Outcome::Returned(value),
        Ok(Refund::Expired) => Outcome::Expired,
        Ok(other) => Outcome::Failed(format!("{other:?}")),
        Err(error) => self::error(&error),
    }
}

pub(super) fn done(result: Result<(), StorageError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

pub(super) fn checked(result: Result<(), UpdateError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(error) => self::error(&error),
    }
}

/// Everything a gate tells of what it holds, which must be one story.
pub(super) fn held(gate: &CallGate) -> Outcome {
    let told = || -> Result<Outcome, StorageError> {
        let state = gate.state()?;
        let held = Held {
            frames: state.frames().to_vec(),
            sum: state.sum(),
            frame_start: nanos(state.current_frame().start()),
        };
        let (sum, data, current) = (gate.sum()?, gate.data()?, gate.current_frame()?);
        let same = sum == held.sum
            && data == held.frames
            && current == state.current_frame()
            && held.frames.first() == Some(&current.value());
        Ok(if same {
            Outcome::Held(held)
        } else {
            Outcome::Failed(format!(
                "{state:?}, but sum {sum}, data {data:?}, current frame {current:?}"
            ))
        })
    };
    told().unwrap_or_else(|error| Outcome::Failed(error.to_string()))
}

pub(super) fn error(error: &UpdateError) -> Outcome {
    match error {
        UpdateError::FrameLimit(denial) => denied(denial, Rule::Frame),
        UpdateError::GateLimit(denial) => denied(denial, Rule::Gate),
        UpdateError::Queued(denial) => denied(denial, Rule::Queue),
        UpdateError::TooLarge(error) => Outcome::TooLarge {
            rule: rule(error.scope()),
            limit: error.limit(),
            requested: error.requested(),
        },
        UpdateError::Underflow(error) => Outcome::Underflow {
            requested: error.requested(),
            booked: error.booked(),
        },
        other => Outcome::Failed(other.to_string()),
    }
}

fn rule(scope: Scope) -> Rule {
    match scope {
        Scope::Frame => Rule::Frame,
        Scope::Gate => Rule::Gate,
        _ => Rule::Queue,
    }
}

fn denied(denial: &CoreDenial, rule: Rule) -> Outcome {
    if self::rule(denial.scope()) != rule {
        return Outcome::Failed(format!("{denial:?} told as a denial of {rule:?}"));
    }
    Outcome::Denied(Denial {
        rule,
        limit: denial.limit(),
        used: denial.used(),
        requested: denial.requested(),
        retry_after: span(denial.retry_after()),
    })
}
