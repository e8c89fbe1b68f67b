//! The async verbs against the oracle: the lives that the conformance suite makes up, lived through an async gate.

use crate::hand::poll;
use call_gate_async::{AsyncCallGate, AsyncPass};
use call_gate_core::{
    Denial as CoreDenial, Reading as CoreReading, Refund, Scope, UpdateError, Wait,
};
use call_gate_testkit::act::{Act, Case, small, wide};
use call_gate_testkit::oracle::Caps;
use call_gate_testkit::outcome::{Decision, Denial, Held, Outcome, Reading, Rule};
use call_gate_testkit::run::{Alone, Stage, TWENTY_YEARS};
use call_gate_testkit::spec::{limits, nanos, span, wall};
use call_gate_testkit::{Fixture, LoopbackFixture, MemoryFixture};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::SystemTime;

#[test]
fn packed() {
    judge(MemoryFixture::packed, small(50), |_| {});
}

#[test]
fn locked() {
    judge(MemoryFixture::wide, wide(40), |_| {});
}

#[test]
fn credited() {
    judge(MemoryFixture::credits, small(50), |_| {});
}

#[test]
fn remote() {
    judge(LoopbackFixture::new, small(50), |fixture| {
        assert_eq!(fixture.server().asked().blocking, 0);
    });
}

/// Drives a future that needs no timer; a request to a server takes a few polls.
fn drive<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..100 {
        if let Poll::Ready(output) = poll(future.as_mut(), Waker::noop()) {
            return output;
        }
    }
    panic!("it never ends");
}

fn judge<F: Fixture>(make: fn(SystemTime) -> F, cases: impl Strategy<Value = Case>, after: fn(&F)) {
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 200;
    }
    let admitted = Cell::new(0);
    let checked = TestRunner::new(config).run(&cases, |case| {
        let fixture = make(wall(case.spec.start));
        admitted.set(admitted.get() + live(&fixture, &case)?);
        after(&fixture);
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
    assert!(admitted.get() > 300, "only {} admissions", admitted.get());
}

/// Both sides, act by act; tells how often something was booked.
fn live(fixture: &dyn Fixture, case: &Case) -> Result<u32, TestCaseError> {
    let spec = fixture.shape(case.spec.clone());
    fixture.time().set(wall(spec.start));
    let builder = spec.builder().storage(fixture.storage());
    let gate = AsyncCallGate::from(fixture.time().install(builder).build().unwrap());
    let mut passes = Vec::new();
    let mut oracle = Alone::new(&spec);
    let mut admitted = 0;
    for (step, act) in case.acts.iter().enumerate() {
        let now = nanos(fixture.time().now());
        let act = match act {
            // the clock stops where a gate's promised age ends
            Act::Advance(by) => {
                Act::Advance((*by).min((spec.start + TWENTY_YEARS).saturating_sub(now)))
            }
            // what async gates have no verb of their own for
            Act::Decide(value) | Act::FollowRetry(value) => Act::TryUpdate(*value),
            Act::SnapshotRestore(_) => Act::State,
            act => act.clone(),
        };
        match act {
            Act::Advance(by) => fixture.time().set(wall(now + by)),
            Act::SetBack(by) => fixture.time().set(wall(now - by)),
            Act::SetTo(elapsed) => fixture.time().set(wall(spec.start + elapsed)),
            _ => {}
        }
        let told = on_gate(&gate, &mut passes, &act);
        if let (Act::SetLimits(caps), Outcome::Rejected) = (&act, &told)
            && spec.ceiling.is_none()
            && *caps == Caps::default()
        {
            // a packed window cannot do without limits
            continue;
        }
        let said = oracle.act(&act).unwrap();
        prop_assert_eq!(&said, &told, "act {}, {:?}, of {:?}", step, act, case);
        admitted += u32::from(matches!(told, Outcome::Admitted(_)));
    }
    let (said, told) = (
        oracle.act(&Act::State).unwrap(),
        on_gate(&gate, &mut passes, &Act::State),
    );
    prop_assert_eq!(said, told, "at the end of {:?}", case);
    prop_assert_eq!(gate.waiters(), 0);
    Ok(admitted)
}

fn on_gate<'g>(gate: &'g AsyncCallGate, passes: &mut Vec<AsyncPass<'g>>, act: &Act) -> Outcome {
    match *act {
        Act::TryUpdate(value) => booking(drive(gate.try_update(value))),
        Act::Refund(value) => booking(drive(gate.refund(value))),
        Act::Enter(value) => match drive(gate.enter_with(value, Wait::Never)) {
            Ok(pass) => {
                let reading = *pass.reading();
                passes.push(pass);
                booking(Ok(reading))
            }
            Err(error) => refused(&error),
        },
        Act::RefundPass(index) => match take(passes, index) {
            Some(pass) => given_back(drive(pass.refund())),
            None => Outcome::Nothing,
        },
        Act::SettlePass(index, actual) => match take(passes, index) {
            Some(pass) => given_back(drive(pass.settle(actual))),
            None => Outcome::Nothing,
        },
        Act::DropPass(index) => {
            let _ = take(passes, index);
            Outcome::Done
        }
        Act::Clear => drive(gate.clear()).map_or_else(|error| odd(&error), |()| Outcome::Done),
        Act::SetLimits(caps) => {
            drive(gate.set_limits(limits(caps))).map_or(Outcome::Rejected, |()| Outcome::Done)
        }
        Act::Peek(value) => match drive(gate.peek(value)) {
            Ok(decision) => Outcome::Decision(Decision {
                allowed: decision.allowed,
                limit: decision.limit,
                remaining: decision.remaining,
                retry_after: span(decision.retry_after),
                reset_after: span(decision.reset_after),
            }),
            Err(error) => refused(&error),
        },
        Act::CheckLimits => {
            drive(gate.check_limits()).map_or_else(|error| refused(&error), |()| Outcome::Done)
        }
        Act::State => match drive(gate.state()) {
            Ok(state) => Outcome::Held(Held {
                frames: state.frames().to_vec(),
                sum: state.sum(),
                frame_start: nanos(state.current_frame().start()),
            }),
            Err(error) => odd(&error),
        },
        _ => Outcome::Done,
    }
}

/// Both sides hold their passes in the same order, so the same index means the same pass.
fn take<T>(held: &mut Vec<T>, index: usize) -> Option<T> {
    let count = held.len();
    (count > 0).then(|| held.swap_remove(index % count))
}

fn odd(error: &dyn std::error::Error) -> Outcome {
    Outcome::Failed(error.to_string())
}

fn booking(result: Result<CoreReading, UpdateError>) -> Outcome {
    match result {
        Ok(reading) => Outcome::Admitted(Reading {
            sum: reading.sum(),
            frame_start: nanos(reading.frame().start()),
            frame_value: reading.frame().value(),
            remaining: reading.remaining(),
        }),
        Err(error) => refused(&error),
    }
}

fn given_back(result: Result<Refund, UpdateError>) -> Outcome {
    match result {
        Ok(Refund::Returned(value)) => Outcome::Returned(value),
        Ok(Refund::Expired) => Outcome::Expired,
        Ok(other) => Outcome::Failed(format!("{other:?}")),
        Err(error) => refused(&error),
    }
}

fn refused(error: &UpdateError) -> Outcome {
    let rule = |scope| match scope {
        Scope::Frame => Rule::Frame,
        Scope::Gate => Rule::Gate,
        _ => Rule::Queue,
    };
    let denied = |denial: &CoreDenial| {
        Outcome::Denied(Denial {
            rule: rule(denial.scope()),
            limit: denial.limit(),
            used: denial.used(),
            requested: denial.requested(),
            retry_after: span(denial.retry_after()),
        })
    };
    match error {
        UpdateError::FrameLimit(denial) | UpdateError::GateLimit(denial) => denied(denial),
        UpdateError::TooLarge(error) => Outcome::TooLarge {
            rule: rule(error.scope()),
            limit: error.limit(),
            requested: error.requested(),
        },
        UpdateError::Underflow(error) => Outcome::Underflow {
            requested: error.requested(),
            booked: error.booked(),
        },
        other => odd(other),
    }
}
