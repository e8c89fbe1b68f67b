//! Waiters that are cancelled at any time, in any way, while the gate changes: made-up days in paused time, and an oracle
//! that says who is told what and when, to the millisecond.

mod foretell;
mod live;
mod plan;

use crate::PLACEMENTS;
use plan::Plan;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What somebody who asked is told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Admitted(call_gate_testkit::outcome::Reading),
    FrameLimit(u64),
    GateLimit(u64),
    /// Others wait; when to come back.
    Queued(u64),
    /// The wait is over; when there would be room.
    Exhausted(u64),
    TooLarge,
    Closed,
    Underflow(u64),
    Cancelled,
    /// Something that no gate under test should ever say.
    Odd(String),
}

/// Everything that can be seen from outside. Two of them are the same, or the gate is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Record {
    /// Who was told what, and at which millisecond.
    fates: BTreeMap<usize, (u64, Told)>,
    /// What was told at once, and at which millisecond.
    answers: Vec<(u64, Told)>,
    /// How many waited and what the gate held, right before each beat and at the end.
    views: Vec<(usize, u64)>,
}

#[test]
fn whoever_is_cancelled_the_others_are_served_as_the_oracle_says() {
    let seen: RefCell<BTreeMap<&str, u32>> = RefCell::default();
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        let long = std::env::var_os("CALL_GATE_LONG").is_some();
        config.cases = if long { 20_000 } else { 300 };
    }
    let checked = TestRunner::new(config).run(&plan::plans(), |plan| {
        let (script, foretold) = foretell::foretell(&plan);
        for place in PLACEMENTS {
            let lived = live::live(&plan, &script, place);
            compare(&plan, &foretold, &lived)?;
        }
        for (_, told) in foretold.fates.values().chain(&foretold.answers) {
            *seen.borrow_mut().entry(name(told)).or_default() += 1;
        }
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
    // none of this says anything if the days are empty
    for (told, least) in [
        ("admitted", 100),
        ("exhausted", 50),
        ("cancelled", 100),
        ("closed", 10),
        ("queued", 10),
        ("too large", 10),
        ("underflow", 10),
    ] {
        let often = seen.borrow().get(told).copied().unwrap_or(0);
        assert!(often >= least, "{told} only {often} times: {seen:?}");
    }
}

fn compare(plan: &Plan, foretold: &Record, lived: &Record) -> Result<(), TestCaseError> {
    let told: Vec<_> = foretold.fates.keys().chain(lived.fates.keys()).collect();
    for who in told {
        let (said, was) = (foretold.fates.get(who), lived.fates.get(who));
        prop_assert_eq!(said, was, "waiter {} of {:?}", who, plan);
    }
    prop_assert_eq!(foretold, lived, "in {:?}", plan);
    Ok(())
}

fn name(told: &Told) -> &'static str {
    match told {
        Told::Admitted(_) => "admitted",
        Told::FrameLimit(_) | Told::GateLimit(_) => "denied",
        Told::Queued(_) => "queued",
        Told::Exhausted(_) => "exhausted",
        Told::TooLarge => "too large",
        Told::Closed => "closed",
        Told::Underflow(_) => "underflow",
        Told::Cancelled => "cancelled",
        Told::Odd(_) => "odd",
    }
}
