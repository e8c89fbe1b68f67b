//! Bad input: one typed error that names the value and the rule, and nothing changed.

use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, CallGateBuilder, ConfigErrorKind, Limits, Snapshot, UpdateError};
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);

fn gate(size: Duration, step: Duration) -> CallGateBuilder {
    CallGate::builder("config", size, step)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn what_breaks_a_rule_is_named() {
    let snapshot = |size, frames: &[u64]| {
        Snapshot::new("config", size, SECOND).with_frames(SystemTime::now(), frames.to_vec())
    };
    let late = Snapshot::new("config", 10 * SECOND, SECOND)
        .with_frames(SystemTime::now() + 100 * SECOND, vec![1]);
    let cases: Vec<(CallGateBuilder, ConfigErrorKind, &[&str])> = vec![
        (
            CallGate::builder("", 10 * SECOND, SECOND),
            ConfigErrorKind::Name,
            &["empty"],
        ),
        (
            CallGate::builder("a\nb", 10 * SECOND, SECOND),
            ConfigErrorKind::Name,
            &["a\\nb", "control"],
        ),
        (
            CallGate::builder("x".repeat(1025), 10 * SECOND, SECOND),
            ConfigErrorKind::Name,
            &["1024"],
        ),
        (
            gate(Duration::ZERO, SECOND),
            ConfigErrorKind::GateSize,
            &["0ns"],
        ),
        (
            gate(10 * SECOND, Duration::ZERO),
            ConfigErrorKind::FrameStep,
            &["0ns", "1 µs"],
        ),
        (
            gate(10 * SECOND, Duration::from_nanos(999)),
            ConfigErrorKind::FrameStep,
            &["999ns"],
        ),
        (
            gate(10 * SECOND, 3 * SECOND),
            ConfigErrorKind::GateSize,
            &["10s", "3s", "multiple"],
        ),
        (
            gate(SECOND, SECOND),
            ConfigErrorKind::Frames,
            &["1s", "2 to"],
        ),
        (
            gate(10 * SECOND, Duration::from_micros(1)),
            ConfigErrorKind::Frames,
            &["10000000"],
        ),
        (
            gate(Duration::MAX, SECOND),
            ConfigErrorKind::GateSize,
            &["must not be longer"],
        ),
        (
            gate(10 * SECOND, SECOND).gate_limit(0),
            ConfigErrorKind::Limits,
            &["gate_limit of 0"],
        ),
        (
            gate(10 * SECOND, SECOND).frame_limit(0),
            ConfigErrorKind::Limits,
            &["frame_limit of 0"],
        ),
        (
            gate(10 * SECOND, SECOND).gate_limit(2).frame_limit(3),
            ConfigErrorKind::Limits,
            &["of 3", "of 2"],
        ),
        (
            gate(10 * SECOND, SECOND).limits_up_to(0),
            ConfigErrorKind::Limits,
            &["limits_up_to of 0"],
        ),
        (
            gate(10 * SECOND, SECOND).timezone(""),
            ConfigErrorKind::Timezone,
            &["\"\""],
        ),
        (
            gate(10 * SECOND, SECOND).timezone("a\u{7}"),
            ConfigErrorKind::Timezone,
            &["control"],
        ),
        (
            gate(10 * SECOND, SECOND).restore(snapshot(20 * SECOND, &[1])),
            ConfigErrorKind::Snapshot,
            &["20s", "10s"],
        ),
        (
            gate(10 * SECOND, SECOND).restore(snapshot(10 * SECOND, &[1; 12])),
            ConfigErrorKind::Snapshot,
            &["12 frames"],
        ),
        (
            gate(10 * SECOND, SECOND).restore(snapshot(10 * SECOND, &[u64::MAX, 1])),
            ConfigErrorKind::Snapshot,
            &["18446744073709551615 + 1"],
        ),
        (
            gate(10 * SECOND, SECOND).restore(late),
            ConfigErrorKind::Snapshot,
            &["ahead"],
        ),
    ];
    for (builder, kind, words) in cases {
        let shown = format!("{builder:?}");
        let error = builder.build().expect_err(&shown);
        assert_eq!(error.kind(), kind, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error} lacks {word:?}");
        }
    }
}

#[test]
fn a_rejected_call_changes_nothing() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    for largest in [100, u64::MAX] {
        let gate = gate(10 * SECOND, SECOND)
            .gate_limit(10)
            .frame_limit(5)
            .limits_up_to(largest)
            .clock(clock.clone())
            .build()
            .unwrap();
        gate.try_update(3).unwrap();
        let before = gate.state().unwrap();
        assert!(gate.set_limits(Limits::gate(2).with_frame(3)).is_err());
        assert!(gate.set_limits(Limits::gate(0)).is_err());
        for value in [6, 11, u64::MAX >> 1, u64::MAX] {
            match gate.try_update(value) {
                Err(UpdateError::TooLarge(error)) => {
                    assert_eq!((error.requested(), error.limit()), (value, 5));
                }
                other => panic!("{value}: {other:?}"),
            }
            assert!(matches!(gate.update(value), Err(UpdateError::TooLarge(_))));
            assert!(matches!(gate.peek(value), Err(UpdateError::TooLarge(_))));
        }
        for value in [4, u64::MAX] {
            match gate.refund(value) {
                Err(UpdateError::Underflow(error)) => {
                    assert_eq!((error.requested(), error.booked()), (value, 3));
                }
                other => panic!("{value}: {other:?}"),
            }
        }
        assert_eq!(gate.state().unwrap(), before);
        assert_eq!(gate.limits(), Limits::gate(10).with_frame(5));
    }
}

#[test]
fn a_limit_beyond_what_the_gate_was_built_for_is_refused_live() {
    let gate = gate(10 * SECOND, SECOND).gate_limit(10).build().unwrap();
    let error = gate.set_limits(Limits::gate(u64::MAX)).unwrap_err();
    assert!(error.to_string().contains("limits_up_to"), "{error}");
    assert_eq!(gate.gate_limit(), Some(10));
}

#[test]
fn any_limit_fits_any_geometry() {
    let steps = [1, 1_000, 1_000_000, 60_000_000, 86_400_000_000].map(Duration::from_micros);
    for step in steps {
        for limit in [1, 1 << 20, 1 << 32, (1 << 53) - 1, 1 << 53, u64::MAX] {
            for frames in [2, 100_000] {
                let clock = ManualClock::new(SystemTime::UNIX_EPOCH + 20_000 * 86_400 * SECOND);
                let gate = gate(step * frames, step)
                    .gate_limit(limit)
                    .clock(clock.clone())
                    .build()
                    .unwrap();
                gate.try_update(limit).unwrap();
                match gate.try_update(1) {
                    Err(UpdateError::GateLimit(denial)) => assert_eq!(denial.used(), limit),
                    other => panic!("{step:?} {limit} {other:?}"),
                }
                clock.advance(step * frames);
                assert_eq!(gate.try_update(limit).unwrap().sum(), limit);
            }
        }
    }
}

#[test]
fn a_gate_runs_for_twenty_years() {
    let year = 365 * 86_400 * SECOND;
    for step in [1_000_000, 10_000_000, 1_000_000_000, 86_400_000_000_000].map(Duration::from_nanos)
    {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH + 56 * year);
        let gate = gate(10 * step, step)
            .gate_limit(3)
            .clock(clock.clone())
            .build()
            .unwrap();
        for _ in 0..20 {
            gate.try_update(3).unwrap();
            assert!(gate.try_update(1).is_err());
            clock.advance(year);
        }
        gate.try_update(3).unwrap();
    }
}

#[test]
fn a_debt_of_two_sets_of_limits_is_held() {
    // one frame full under a gate limit, the others full under a frame limit, then a gate limit again
    let step = Duration::from_millis(1);
    for most in [(1 << 20) - 1, (1 << 16) - 1] {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH + 20_000 * 86_400 * SECOND);
        let gate = gate(10 * step, step)
            .gate_limit(most)
            .clock(clock.clone())
            .build()
            .unwrap();
        gate.try_update(most).unwrap();
        gate.set_limits(Limits::frame(most / 10)).unwrap();
        for _ in 0..9 {
            clock.advance(step);
            gate.try_update(most / 10).unwrap();
        }
        let sum = most + 9 * (most / 10);
        assert_eq!(gate.sum().unwrap(), sum);
        gate.set_limits(Limits::gate(1000)).unwrap();
        assert_eq!(gate.sum().unwrap(), sum);
        match gate.try_update(1) {
            Err(UpdateError::GateLimit(denial)) => assert_eq!(denial.used(), sum),
            other => panic!("{other:?}"),
        }
        clock.advance(10 * step);
        assert_eq!(gate.try_update(1000).unwrap().sum(), 1000);
    }
}

#[test]
fn a_clock_may_jump_to_the_end_of_time() {
    for largest in [None, Some(u64::MAX)] {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let mut builder = gate(10 * SECOND, SECOND).gate_limit(1).clock(clock.clone());
        if let Some(largest) = largest {
            builder = builder.limits_up_to(largest);
        }
        let gate = builder.build().unwrap();
        gate.try_update(1).unwrap();
        clock.set(SystemTime::UNIX_EPOCH + 1_790_000_000 * SECOND);
        gate.try_update(1).unwrap();
        clock.set(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 35));
        gate.try_update(1).unwrap();
        // no moment comes after the last one: a wait is over at once
        assert!(
            gate.update_with(1, call_gate_core::Wait::For(SECOND))
                .is_err_and(|error| error.is_denied())
        );
    }
}

#[test]
fn the_longest_windows_are_built_or_refused() {
    let half = Duration::from_nanos(i64::MAX.unsigned_abs() / 2);
    gate(2 * half, half)
        .gate_limit(5)
        .strict()
        .build()
        .unwrap()
        .try_update(5)
        .unwrap();
    assert!(call_gate_core::Span::new(Duration::from_nanos(u64::MAX), 1).is_err());
}

#[test]
fn any_limit_up_to_the_one_asked_for_may_be_set_live() {
    let gate = gate(100_000 * SECOND, SECOND)
        .gate_limit(1_000_000)
        .limits_up_to(1_000_000)
        .build()
        .unwrap();
    gate.set_limits(Limits::frame(1_000_000)).unwrap();
    gate.set_limits(Limits::none()).unwrap();
}
