//! Made-up lives of made-up gates against the oracle.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{Make, somewhere};
use crate::act::{Case, small, wide};
use crate::run::run;
use crate::spec::wall;

/// Gates with limits of a few.
pub fn small_limits(make: Make<'_>) {
    check(make, small(50));
}

/// Gates with limits anywhere up to `u64::MAX`; where a place cannot hold them, they must be refused.
pub fn wide_limits(make: Make<'_>) {
    check(make, wide(40));
}

fn check(make: Make<'_>, cases: impl Strategy<Value = Case>) {
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
        run(&*fixture, &case).map_err(|mismatch| TestCaseError::fail(mismatch.to_string()))
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}
