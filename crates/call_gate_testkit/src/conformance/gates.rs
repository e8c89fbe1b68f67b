//! Stories, and gates that must not be made.

use std::time::Duration;

use call_gate_core::{CallGate, Limits};

use super::{Make, somewhere};
use crate::run::{Pair, Shelf, refused};
use crate::scenario;
use crate::spec::{Credits, Spec, fresh_name, wall};

/// Every scenario; a place that cannot hold the gates of most of them has not been tested.
pub fn scenarios(make: Make<'_>) {
    let (mut told, mut played) = (0, 0);
    for scenario in scenario::all() {
        told += 1;
        let (fixture, shelf) = (make(wall(scenario.spec.start)), Shelf::new());
        if let Some(mut pair) = Pair::new(&*fixture, &shelf, &scenario.spec)
            && scenario.is_for(fixture.sees(), fixture.tick())
        {
            scenario
                .play(&mut pair, fixture.tick())
                .unwrap_or_else(|error| panic!("{error}"));
            played += 1;
        }
    }
    assert!(
        played * 2 > told,
        "only {played} of {told} scenarios could be played"
    );
}

/// A place refuses what it says it cannot hold, and makes what it says it can.
pub fn refusals(make: Make<'_>) {
    let wide = |limit| {
        Spec {
            ceiling: Some(limit),
            ..Spec::new(1_000_000_000, 10)
        }
        .with_caps(limit, None)
    };
    let mut specs = vec![
        wide((1 << 53) - 1),
        wide(u64::MAX),
        Spec::new(1_000, 100_000).with_caps(1_000, 5),
    ];
    for strict in [false, true] {
        let credits = Credits::On;
        specs.push(
            Spec {
                strict,
                credits,
                ..Spec::new(1_000_000_000, 10)
            }
            .with_caps(10, 2),
        );
        specs.push(
            Spec {
                strict,
                ..Spec::new(86_400_000_000_000, 366)
            }
            .with_caps((1 << 53) - 1, None),
        );
    }
    for spec in specs {
        let (fixture, shelf) = (make(wall(spec.start)), Shelf::new());
        drop(Pair::new(&*fixture, &shelf, &spec));
    }
}

/// Settings that no gate can have are refused with a word about what is wrong, and the place stays usable.
pub fn bad_configurations(make: Make<'_>) {
    let fixture = somewhere(make);
    let spec = fixture.shape(Spec::new(1_000_000_000, 10).with_caps(10, 2));
    let (second, nanosecond) = (Duration::from_secs(1), Duration::from_nanos(1));
    let durations = [
        (Duration::ZERO, second),
        (second, Duration::ZERO),
        (second, second),
        (second, 2 * second),
        (10 * second, 3 * second),
        (10 * second + nanosecond, second),
        (Duration::from_nanos(10), nanosecond),
        (Duration::from_nanos(1_998), Duration::from_nanos(999)),
        (Duration::MAX, second),
        (Duration::MAX, Duration::MAX),
    ];
    for (size, step) in durations {
        let builder = CallGate::builder(fresh_name(), size, step)
            .gate_limit(5)
            .storage(fixture.storage());
        let built = fixture.time().install(builder).build();
        assert!(
            built.is_err(),
            "a window of {size:?} in frames of {step:?} was made"
        );
        refused(&spec, built);
    }
    for name in ["", "a\nb", "\0", "tab\there", "\u{7f}"] {
        let builder = CallGate::builder(name, 10 * second, second)
            .gate_limit(5)
            .storage(fixture.storage());
        let built = fixture.time().install(builder).build();
        assert!(built.is_err(), "a gate named {name:?} was made");
    }
    let limits = [
        (Limits::gate(0), "0"),
        (Limits::frame(0), "0"),
        (Limits::gate(5).with_frame(0), "0"),
        (Limits::gate(5).with_frame(7), "7"),
        (Limits::frame(77_777).with_gate(66_666), "66666"),
    ];
    for (limits, named) in limits {
        let error = match fixture
            .time()
            .install(spec.builder().limits(limits).storage(fixture.storage()))
            .build()
        {
            Ok(gate) => panic!("{gate} was made with {limits:?}"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(named), "`{error}` does not name {named}");
    }
    let built = fixture
        .time()
        .install(spec.builder().storage(fixture.storage()))
        .build();
    assert!(
        built.is_ok(),
        "nothing is left of what was refused: {built:?}"
    );
}
