//! Made-up lives of made-up limiters, lived by a limiter and the naive oracle side by side.
//!
//! `CALL_GATE_LONG` makes it many more of them.

mod case;
mod held;
mod life;
mod told;

use case::{Place, cases};
use life::Life;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use std::cell::Cell;

/// Lives cases of limiters in `place` and tells how many.
fn check(place: Place, short: u32) {
    let lived = Cell::new(0);
    let long = std::env::var_os("CALL_GATE_LONG").is_some();
    let config = Config {
        cases: if long { short * 40 } else { short },
        failure_persistence: None,
        max_shrink_iters: 4_000,
        ..Config::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let checked = TestRunner::new(config).run(&cases(place, 60), |case| {
        lived.set(lived.get() + 1);
        let mut life = Life::new(&case, folder.path(), lived.get());
        for act in &case.acts {
            life.does(act)
                .map_err(|mismatch| TestCaseError::fail(format!("{act:?}: {mismatch}")))?;
        }
        life.ends().map_err(TestCaseError::fail)
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

#[test]
fn limiters_in_packed_memory_live_as_the_oracle_does() {
    check(Place::Packed, 500);
}

#[test]
fn limiters_that_credit_closed_frames_live_as_the_oracle_does() {
    check(Place::Credits, 300);
}

#[test]
fn limiters_under_a_lock_live_as_the_oracle_does() {
    check(Place::Wide, 300);
}

#[test]
fn limiters_with_costs_live_as_the_oracle_does() {
    check(Place::Costs, 500);
}

#[cfg(unix)]
#[test]
fn limiters_in_shared_memory_live_as_the_oracle_does() {
    check(Place::Shared, 150);
}
