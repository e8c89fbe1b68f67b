//! The oracle's outcomes as answers of the storage contract.

use std::time::Duration;

use call_gate_core::clock::Moment;
use call_gate_core::{Act, Answer, Decision, Denial, Frame, Reading, Scope, State};

use super::caps;
use crate::oracle::Oracle;
use crate::outcome::{self, Outcome, Rule};

/// Has the oracle do `act`; `None`: it is none of its acts.
pub(super) fn answer(gate: &mut Oracle, act: &Act, now: u64) -> Option<Answer> {
    Some(match *act {
        Act::Update { value } => match gate.try_update(now, value) {
            Outcome::Admitted(told) => Answer::Admitted(reading(gate, &told)),
            refused => Answer::Denied(refusal(&refused)?),
        },
        Act::Refund { value, booked } => {
            let outcome = match booked {
                Some(at) => gate.refund_booked(now, at.frame().as_nanos(), at.era(), value),
                None => gate.refund(now, value),
            };
            match outcome {
                Outcome::Admitted(_) | Outcome::Returned(_) => match gate.try_update(now, 0) {
                    Outcome::Admitted(told) => Answer::Returned(reading(gate, &told)),
                    _ => return None,
                },
                Outcome::Expired => Answer::Expired,
                Outcome::Underflow { booked, .. } => Answer::Underflow(booked),
                _ => return None,
            }
        }
        Act::Peek { value } => {
            let decision = match gate.peek(now, value) {
                Outcome::Decision(told) => decision(&told),
                _ => Decision::new(false, 0, 0, Duration::ZERO, Duration::ZERO),
            };
            let outcome = gate.clone().try_update(now, value);
            Answer::Decided(decision, refusal(&outcome))
        }
        Act::Check => match gate.check_limits(now) {
            Outcome::Done => Answer::Done,
            full => Answer::Denied(refusal(&full)?),
        },
        Act::State => {
            let held = gate.held(now);
            Answer::State(State::new(
                Moment::from_nanos(held.frame_start),
                held.frames,
            ))
        }
        Act::Clear => {
            gate.clear();
            Answer::Done
        }
        Act::SetLimits(limits) => match gate.set_caps(caps(limits)) {
            Outcome::Done => Answer::Done,
            _ => return None,
        },
        _ => return None,
    })
}

/// What refused, in the contract's words: a limit below what was requested says that it never can be.
fn refusal(outcome: &Outcome) -> Option<Denial> {
    match outcome {
        Outcome::Denied(denial) => {
            let outcome::Denial {
                rule,
                limit,
                used,
                requested,
                retry_after,
            } = *denial;
            Some(Denial::new(
                scope(rule),
                limit,
                used,
                requested,
                Duration::from_nanos(retry_after),
            ))
        }
        Outcome::TooLarge {
            rule,
            limit,
            requested,
        } => Some(Denial::new(
            scope(*rule),
            *limit,
            0,
            *requested,
            Duration::ZERO,
        )),
        _ => None,
    }
}

fn scope(rule: Rule) -> Scope {
    if rule == Rule::Frame {
        Scope::Frame
    } else {
        Scope::Gate
    }
}

fn reading(gate: &Oracle, told: &outcome::Reading) -> Reading {
    let frame = Frame::new(Moment::from_nanos(told.frame_start), told.frame_value);
    Reading::new(frame, told.sum, told.remaining).of_era(gate.era())
}

fn decision(told: &outcome::Decision) -> Decision {
    let outcome::Decision {
        allowed,
        limit,
        remaining,
        retry_after,
        reset_after,
    } = *told;
    let span = Duration::from_nanos;
    Decision::new(
        allowed,
        limit,
        remaining,
        span(retry_after),
        span(reset_after),
    )
}
