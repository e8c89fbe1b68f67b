//! Everything a storage must pass, as functions, and one macro that makes tests of them.

use std::time::{Duration, Instant, SystemTime};

use crate::fixture::Fixture;
use crate::spec::wall;

mod gates;
mod handles;
mod property;
mod queue;
mod restores;
mod stress;
#[cfg(test)]
mod tests;

pub use gates::{bad_configurations, refusals, scenarios};
pub use handles::{
    clones_share, closed_gates, largest_limit_binds, limits_are_live, passes_borrowed_and_owned,
    properties, runs,
};
pub use property::{small_limits, wide_limits};
pub use queue::{
    close_wakes_all, fair_order, large_value_is_not_starved, newcomers_are_queued,
    room_wakes_the_head, waiter_that_gives_up,
};
pub use restores::{
    foreign_snapshots, restored_between_strict_and_not, restored_sums_above_limits,
};
pub use stress::{aligned_windows, conserved_counts, long_frames, strict_intervals, tiny_frames};

/// Makes a fixture whose clock shows the given time.
pub type Make<'a> = &'a dyn Fn(SystemTime) -> Box<dyn Fixture>;

/// Makes the tests of the conformance suite for one storage.
///
/// Takes the name of a module to put them in and a function (or any expression that is called like one) from the time
/// that the clock shall show to a [`Fixture`]. The property tests run [`Fixture::cases`] cases, or as many as the
/// variable `PROPTEST_CASES` says.
///
/// ```
/// use call_gate_testkit::{MemoryFixture, conformance};
///
/// conformance!(memory, MemoryFixture::packed);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance {
    ($module:ident, $make:expr) => {
        mod $module {
            #[allow(unused_imports, reason = "the expression may name what surrounds the call")]
            use super::*;

            fn make(start: ::std::time::SystemTime) -> ::std::boxed::Box<dyn $crate::Fixture> {
                ::std::boxed::Box::new(($make)(start))
            }

            $crate::conformance!(@tests
                scenarios, bad_configurations, refusals,
                small_limits, wide_limits,
                properties, clones_share, limits_are_live, largest_limit_binds, closed_gates, passes_borrowed_and_owned, runs,
                restored_sums_above_limits, restored_between_strict_and_not, foreign_snapshots,
                fair_order, newcomers_are_queued, large_value_is_not_starved, waiter_that_gives_up, room_wakes_the_head,
                close_wakes_all,
                aligned_windows, strict_intervals, long_frames, tiny_frames, conserved_counts,
            );
        }
    };
    (@tests $($test:ident),* $(,)?) => {
        $(#[test] fn $test() { $crate::conformance::$test(&make); })*
    };
    ($make:expr) => {
        $crate::conformance!(conformance, $make);
    };
}

/// A fixture in the middle of nowhere in time, for tests that do not mind.
fn somewhere(make: Make<'_>) -> Box<dyn Fixture> {
    make(wall(1_700_000_000_000_000_000))
}

/// Waits until something holds that other threads bring about.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "waited 30 s in vain until {what}"
        );
        std::thread::sleep(Duration::from_micros(200));
    }
}
