//! A gate that is not the living one: the error names both sides, and the living one goes on.

use crate::place::{LIMIT, Place, cause};
use call_gate_core::{CallGate, CallGateBuilder, ConfigErrorKind, ManualClock};
use call_gate_shared::SharedErrorKind;
use std::time::{Duration, UNIX_EPOCH};

fn refused(place: &Place, builder: CallGateBuilder, theirs: &str, ours: &str) {
    let living = place.open("mail").unwrap();
    living.clear().unwrap();
    let error = builder.storage(place.storage()).build().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Storage);
    let cause = cause(&error);
    assert_eq!(cause.kind(), SharedErrorKind::Mismatch, "{error}");
    assert_eq!((cause.theirs(), cause.ours()), (Some(theirs), Some(ours)));
    assert_eq!(cause.path(), place.file("mail"));
    let text = error.to_string();
    for part in [theirs, ours, cause.path().to_str().unwrap()] {
        assert!(text.contains(part), "{text} does not name {part}");
    }
    living.try_update(LIMIT).unwrap();
}

fn gate(size: u64, step: u64) -> CallGateBuilder {
    let [size, step] = [size, step].map(Duration::from_secs);
    CallGate::builder("mail", size, step).gate_limit(LIMIT)
}

#[test]
fn other_sizes() {
    let place = Place::new();
    refused(&place, gate(7200, 60), "3600s", "7200s");
    refused(&place, gate(3600, 30), "60s", "30s");
}

#[test]
fn strict_or_not() {
    let place = Place::new();
    refused(&place, gate(3600, 60).strict(), "off", "on");
}

#[test]
fn another_clock() {
    let place = Place::new();
    let builder = gate(3600, 60).clock(ManualClock::new(UNIX_EPOCH));
    refused(&place, builder, "the machine's", "the caller's own");
}

#[test]
fn another_name_under_the_same_file() {
    let place = Place::new();
    drop(place.open("post").unwrap());
    std::fs::rename(place.file("post"), place.file("mail")).unwrap();
    let error = place.open("mail").unwrap_err();
    let cause = cause(&error);
    assert_eq!(cause.kind(), SharedErrorKind::Mismatch);
    assert_eq!(
        (cause.theirs(), cause.ours()),
        (Some("\"post\""), Some("\"mail\""))
    );
}
