//! Whole gates to files and back, under a clock that stands where the file does.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, CallGateBuilder, ConfigError, FileErrorKind, Snapshot};

use super::python_file;

fn second() -> Duration {
    Duration::from_secs(1)
}

fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_720_000_000)
}

#[test]
fn a_python_gate_goes_on_where_it_was() {
    for name in [
        "aware_london",
        "aware_adelaide",
        "aware_kolkata",
        "used_naive",
        "tenths",
    ] {
        let path = python_file(name);
        let file = Snapshot::from_file(&path).unwrap();
        let clock = ManualClock::new(file.current_frame().unwrap());
        let gate = CallGateBuilder::from_file(&path)
            .unwrap()
            .clock(clock.clone())
            .build()
            .unwrap();
        assert_eq!(gate.name(), file.name());
        assert_eq!(gate.limits(), file.limits());
        assert_eq!(gate.timezone(), file.timezone());
        let state = gate.state().unwrap();
        assert_eq!(state.frames(), file.frames(), "{name}");
        assert_eq!(Some(state.current_frame().start()), file.current_frame());

        gate.try_update(1).unwrap();
        assert_eq!(gate.sum().unwrap(), file.frames().iter().sum::<u64>() + 1);

        // The newest frame is the last to leave the window.
        clock.advance(file.gate_size().checked_sub(file.frame_step()).unwrap());
        assert_eq!(gate.sum().unwrap(), file.frames()[0] + 1, "{name}");
        clock.advance(file.frame_step());
        assert_eq!(gate.sum().unwrap(), 0, "{name}");
    }
}

#[test]
fn frames_that_left_the_window_since_are_dropped() {
    let path = python_file("used_naive");
    let saved = Snapshot::from_file(&path).unwrap();
    for (passed, frames) in [(1, 9), (2, 8), (7, 3), (9, 1), (10, 0), (1_000_000, 0)] {
        let later = saved.current_frame().unwrap() + second() * passed;
        let gate = CallGateBuilder::from_file(&path)
            .unwrap()
            .clock(ManualClock::new(later))
            .build()
            .unwrap();
        let left: u64 = saved.frames().iter().take(frames).sum();
        assert_eq!(gate.sum().unwrap(), left, "{passed}");
    }
}

#[test]
fn an_unused_python_gate_is_unused() {
    let gate = CallGate::from_file(python_file("unused")).unwrap();
    assert_eq!(gate.name(), "unused");
    assert_eq!(
        (gate.gate_size(), gate.frame_step()),
        (second() * 600, second())
    );
    assert_eq!(
        (gate.gate_limit(), gate.frame_limit()),
        (Some(1200), Some(2))
    );
    assert_eq!(gate.sum().unwrap(), 0);
    gate.try_update(2).unwrap();
    assert_eq!(gate.sum().unwrap(), 2);
}

#[test]
fn counts_without_a_time_count_from_the_restoring_on() {
    let clock = ManualClock::new(start());
    let gate = CallGateBuilder::from_file(python_file("shared_undated"))
        .unwrap()
        .clock(clock.clone())
        .build()
        .unwrap();
    assert_eq!(gate.sum().unwrap(), 3);
    clock.advance(second() * 9);
    assert_eq!(gate.sum().unwrap(), 3);
    clock.advance(second());
    assert_eq!(gate.sum().unwrap(), 0);
}

/// Books some, saves and loads under the same clock.
fn saved_and_loaded(builder: CallGateBuilder) -> (CallGate, CallGate) {
    let clock = ManualClock::new(start());
    let gate = builder.clock(clock.clone()).build().unwrap();
    for value in [1, 2, 3, 4, 5, 6] {
        gate.try_update(value).unwrap();
        clock.advance(gate.frame_step());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    gate.to_file(&path).unwrap();
    let loaded = CallGateBuilder::from_file(&path)
        .unwrap()
        .clock(clock)
        .build()
        .unwrap();
    (gate, loaded)
}

#[test]
fn a_gate_comes_back_from_its_file() {
    for step in [
        second(),
        Duration::from_millis(300),
        Duration::from_nanos(1_500),
    ] {
        let builder = || CallGate::builder("again", step * 4, step).gate_limit(100);
        for builder in [builder(), builder().strict(), builder().frame_limit(7)] {
            let (gate, loaded) = saved_and_loaded(builder);
            assert_eq!(loaded.is_strict(), gate.is_strict());
            assert_eq!(loaded.limits(), gate.limits());
            let (held, holds) = (gate.state().unwrap(), loaded.state().unwrap());
            assert_eq!(holds.frames(), held.frames());
            assert_eq!(holds.sum(), held.sum());
            assert_eq!(holds.current_frame().start(), held.current_frame().start());
            assert_eq!(
                loaded.timezone().unwrap_or("UTC"),
                gate.timezone().unwrap_or("UTC")
            );
        }
    }
}

#[test]
fn sums_of_sixty_four_bits_come_back() {
    let clock = ManualClock::new(start());
    let gate = CallGate::builder("wide", second() * 10, second())
        .gate_limit(u64::MAX)
        .clock(clock.clone())
        .build()
        .unwrap();
    gate.try_update(u64::MAX).unwrap();
    let json = gate.snapshot().unwrap().to_json().unwrap();
    let restored = CallGate::builder("wide", second() * 10, second())
        .restore(Snapshot::from_json(json.as_bytes()).unwrap())
        .clock(clock)
        .build()
        .unwrap();
    assert_eq!(restored.sum().unwrap(), u64::MAX);
}

#[test]
fn what_no_gate_can_be_built_of_names_the_file_and_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    let json = r#"{"name": "n", "gate_size": 10.0, "frame_step": 1.0,
                   "gate_limit": 5, "frame_limit": 6}"#;
    std::fs::write(&path, json).unwrap();
    let error = CallGate::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Config, "{error}");
    assert_eq!(error.path(), Some(path.as_path()));
    assert!(error.source().is_some_and(<dyn Error>::is::<ConfigError>));
    let message = error.to_string();
    assert!(message.contains('5') && message.contains('6'), "{message}");
}

#[test]
fn a_failed_load_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.json");
    let error = CallGate::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Read);
    assert!(error.to_string().contains("missing.json"), "{error}");
}

#[test]
fn a_gate_of_an_unknown_time_zone_is_not_saved() {
    let gate = CallGate::builder("lost", second() * 10, second())
        .timezone("Atlantis/Capital")
        .build()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    let error = gate.to_file(&path).unwrap_err();
    assert_eq!(error.field(), Some("timezone"));
    assert!(error.to_string().contains("Atlantis/Capital"), "{error}");
    assert!(!path.exists());
}
