//! What becomes of a builder's limits where the gate lives already.

use crate::place::{LIMIT, Place, cause};
use call_gate_core::{CallGate, ConfigErrorKind, Limits, ManualClock, OnLimits};
use call_gate_shared::SharedErrorKind;
use std::time::{Duration, UNIX_EPOCH};

#[test]
fn they_are_adopted_unless_told_otherwise() {
    let place = Place::new();
    let living = place.open("mail").unwrap();
    let adopting = place.builder("mail").gate_limit(99).build().unwrap();
    assert_eq!(adopting.limits(), Limits::gate(10));
    assert!(adopting.try_update(11).is_err());
    assert_eq!(living.limits(), Limits::gate(10));
}

/// Limits that no shared words of the gate of [`Place::builder`] hold.
fn too_large() -> [Limits; 4] {
    [
        Limits::none(),
        Limits::gate(u64::MAX),
        Limits::gate(1 << 36),
        Limits::frame(1 << 35),
    ]
}

#[test]
fn too_large_ones_are_not_looked_at_where_the_living_ones_are_adopted() {
    let place = Place::new();
    let living = place.open("mail").unwrap();
    for limits in too_large() {
        let adopting = place.builder("mail").limits(limits).build().unwrap();
        assert_eq!(adopting.limits(), Limits::gate(LIMIT), "{limits:?}");
        adopting.try_update(LIMIT).unwrap();
        assert!(living.try_update(1).is_err());
        living.clear().unwrap();
    }
}

#[test]
fn too_large_ones_make_no_gate() {
    let place = Place::new();
    for on_limits in [OnLimits::Adopt, OnLimits::Replace, OnLimits::Require] {
        for limits in too_large() {
            let builder = place.builder("mail").limits(limits).on_limits(on_limits);
            let error = builder.build().unwrap_err();
            assert_eq!(error.kind(), ConfigErrorKind::Unsupported, "{error}");
            assert!(error.to_string().contains("limits"), "{error}");
        }
    }
    assert!(place.names().is_empty());
}

#[test]
fn too_large_ones_neither_replace_nor_pass_for_the_living_ones() {
    let place = Place::new();
    let living = place.open("mail").unwrap();
    for limits in too_large() {
        let refused = |on_limits| {
            let builder = place.builder("mail").limits(limits).on_limits(on_limits);
            builder.build().unwrap_err()
        };
        let error = refused(OnLimits::Replace);
        assert_eq!(error.kind(), ConfigErrorKind::Unsupported, "{error}");
        let error = refused(OnLimits::Require);
        assert_eq!(error.kind(), ConfigErrorKind::Limits, "{error}");
        assert_eq!(cause(&error).kind(), SharedErrorKind::Limits);
        assert_eq!(living.limits(), Limits::gate(LIMIT));
    }
}

#[test]
fn the_largest_limit_to_come_must_fit_as_a_frame_limit() {
    let place = Place::new();
    // 2^36 - 1 in 60 frames
    let most = ((1 << 36) - 1) / 60;
    let error = place.builder("mail").limits_up_to(most + 1).build();
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Unsupported);
    assert!(
        error.to_string().contains(&format!("at most {most} ")),
        "{error}"
    );
    let gate = place.builder("mail").limits_up_to(most).build().unwrap();
    gate.set_limits(Limits::frame(most)).unwrap();
}

#[test]
fn frames_too_short_to_be_numbered_are_refused_by_either_clock() {
    let place = Place::new();
    let builder = |micros| {
        let step = Duration::from_micros(micros);
        let builder = CallGate::builder("mail", 10 * step, step).gate_limit(LIMIT);
        builder.storage(place.storage())
    };
    let clock = || ManualClock::new(UNIX_EPOCH);
    let by_machine = builder(8).build().unwrap_err();
    let by_own = builder(250).clock(clock()).build().unwrap_err();
    for (error, step) in [(by_machine, "8µs"), (by_own, "250µs")] {
        assert_eq!(error.kind(), ConfigErrorKind::Unsupported);
        assert!(error.to_string().contains(step), "{error}");
    }
    builder(10).build().unwrap();
    place.storage().remove_segment("mail").unwrap();
    builder(270).clock(clock()).build().unwrap();
}

#[test]
fn they_are_replaced_for_everybody_and_what_is_counted_stays() {
    let place = Place::new();
    let living = place.open("mail").unwrap();
    living.try_update(10).unwrap();
    let limits = Limits::gate(12).with_frame(12);
    let builder = place.builder("mail").limits(limits);
    let replacing = builder.on_limits(OnLimits::Replace).build().unwrap();
    assert_eq!((living.limits(), replacing.limits()), (limits, limits));
    living.try_update(2).unwrap();
    assert!(replacing.try_update(1).is_err());
}

#[test]
fn others_are_an_error_where_they_are_required() {
    let place = Place::new();
    let require = |limit| {
        let builder = place.builder("mail").gate_limit(limit);
        builder.on_limits(OnLimits::Require).build()
    };
    require(10).unwrap();
    require(10).unwrap();
    let error = require(99).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Limits);
    let cause = cause(&error);
    assert_eq!(cause.kind(), SharedErrorKind::Limits);
    assert_eq!(cause.theirs(), Some("10 a window and none a frame"));
    assert_eq!(cause.ours(), Some("99 a window and none a frame"));
    assert!(error.to_string().contains("99") && error.to_string().contains("10"));
}

#[test]
fn live_limits_are_the_ones_compared() {
    let place = Place::new();
    let living = place.open("mail").unwrap();
    living.set_limits(Limits::gate(7)).unwrap();
    let require = |limit| {
        let builder = place.builder("mail").gate_limit(limit);
        builder.on_limits(OnLimits::Require).build()
    };
    require(7).unwrap();
    assert!(require(10).is_err());
}
