//! Made-up lives of made-up gates against the oracle.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{Make, somewhere};
use crate::act::{Case, small, wide};
use crate::run::run;
use crate::spec::{Credits, wall};

/// Gates with limits of a few; a place that cannot hold most of them has not been tested.
pub fn small_limits(make: Make<'_>) {
    let (told, played) = check(make, small(50));
    assert!(
        played * 2 > told,
        "only {played} of {told} gates could be made"
    );
}

/// Gates with limits anywhere up to `u64::MAX`; where a place cannot hold them, they must be refused.
pub fn wide_limits(make: Make<'_>) {
    let (_, played) = check(make, wide(40));
    assert!(played > 0, "not one gate could be made");
}

/// Runs the cases and tells how many there were, and how many of their gates could be made.
fn check(make: Make<'_>, cases: impl Strategy<Value = Case>) -> (u32, u32) {
    let (told, played) = (Cell::new(0), Cell::new(0));
    let mut config = Config {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = somewhere(make).cases();
    }
    let checked = TestRunner::new(config).run(&cases, |case| {
        let fixture = make(wall(case.spec.start));
        let held = fixture.holds(&fixture.shape(case.spec.clone()));
        // a place without credits is not judged by the gates that ask for them
        if held || case.spec.credits != Credits::On {
            told.set(told.get() + 1);
        }
        if held {
            played.set(played.get() + 1);
        }
        run(&*fixture, &case).map_err(|mismatch| TestCaseError::fail(mismatch.to_string()))
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
    (told.get(), played.get())
}
