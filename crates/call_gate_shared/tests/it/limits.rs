//! What becomes of a builder's limits where the gate lives already.

use crate::place::{Place, cause};
use call_gate_core::{ConfigErrorKind, Limits, OnLimits};
use call_gate_shared::SharedErrorKind;

#[test]
fn they_are_adopted_unless_told_otherwise() {
    let place = Place::new();
    let living = place.open("mail").unwrap();
    let adopting = place.builder("mail").gate_limit(99).build().unwrap();
    assert_eq!(adopting.limits(), Limits::gate(10));
    assert!(adopting.try_update(11).is_err());
    assert_eq!(living.limits(), Limits::gate(10));
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
