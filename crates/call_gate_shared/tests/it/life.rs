//! From the first opener to the last remover.

use crate::place::{LIMIT, Place, builder, lives, used};
use call_gate_core::{CallGate, ManualClock, StorageErrorKind, StorageKind, UpdateError};
use call_gate_shared::SharedMemory;
use std::time::{Duration, UNIX_EPOCH};

fn storage_error(error: &UpdateError) -> StorageErrorKind {
    match error {
        UpdateError::Storage(error) => error.kind(),
        other => panic!("{other} is not of the storage"),
    }
}

#[test]
fn whoever_opens_the_name_shares_the_gate() {
    let place = Place::new();
    let (one, another) = (place.open("mail").unwrap(), place.open("mail").unwrap());
    one.try_update(4).unwrap();
    another.try_update(6).unwrap();
    assert!(one.try_update(1).unwrap_err().is_denied());
    assert!(another.try_update(1).unwrap_err().is_denied());
    assert_eq!(
        one.state().unwrap().frames(),
        another.state().unwrap().frames()
    );
    assert_eq!(place.names(), ["call_gate.mail"]);
    place.open("post").unwrap().try_update(LIMIT).unwrap();
    assert_eq!(one.storage(), StorageKind::Shared);
}

#[test]
fn it_outlives_its_handles() {
    let place = Place::new();
    place.open("mail").unwrap().try_update(7).unwrap();
    assert_eq!(used(&place.open("mail").unwrap()), 7);
}

#[test]
fn what_one_changes_all_see() {
    let place = Place::new();
    let (one, another) = (place.open("mail").unwrap(), place.open("mail").unwrap());
    one.set_limits(call_gate_core::Limits::gate(3)).unwrap();
    assert_eq!(another.limits().gate_limit(), Some(3));
    assert!(another.try_update(4).is_err());
    another.try_update(3).unwrap();
    one.clear().unwrap();
    another.try_update(3).unwrap();
}

#[test]
fn names_of_all_sorts_have_gates_of_their_own() {
    let place = Place::new();
    let long = "x".repeat(1024);
    let other = format!("{}y", "x".repeat(1023));
    let names = ["a/b", "a b", "a%2Fb", "..", "~", "é", "日本", &long, &other];
    let gates = names.map(|name| place.open(name).unwrap());
    for gate in &gates {
        gate.try_update(LIMIT).unwrap();
    }
    assert_eq!(place.names().len(), names.len());
    for name in names {
        assert!(place.open(name).unwrap().try_update(1).is_err(), "{name}");
        assert!(place.storage().remove_segment(name).unwrap());
    }
    assert!(place.names().is_empty());
}

#[test]
fn removed_it_is_retired_for_the_attached_and_new_for_the_next() {
    let place = Place::new();
    let old = place.open("mail").unwrap();
    old.try_update(LIMIT).unwrap();
    let storage = place.storage();
    assert!(storage.remove_segment("mail").unwrap());
    assert!(!storage.remove_segment("mail").unwrap());
    assert!(place.names().is_empty());
    for _ in 0..2 {
        let error = old.try_update(1).unwrap_err();
        assert_eq!(storage_error(&error), StorageErrorKind::Retired);
    }
    let error = old
        .set_limits(call_gate_core::Limits::gate(99))
        .unwrap_err();
    assert!(error.to_string().contains("storage"), "{error}");

    let new = place.open("mail").unwrap();
    new.try_update(LIMIT).unwrap();
    let error = old.try_update(1).unwrap_err();
    assert_eq!(storage_error(&error), StorageErrorKind::Retired);
    assert!(place.open("mail").unwrap().try_update(1).is_err());
}

#[test]
fn a_seed_is_for_a_gate_that_is_made() {
    let place = Place::new();
    let saved = place.open("saved").unwrap();
    saved.try_update(8).unwrap();
    let snapshot = saved.snapshot().unwrap();
    let seeded = || place.builder("mail").restore(snapshot.clone()).build();
    assert_eq!(used(&seeded().unwrap()), 8);
    seeded().unwrap().try_update(1).unwrap();
    assert_eq!(used(&seeded().unwrap()), 9);
}

#[test]
fn a_clock_of_the_callers_own_is_followed() {
    let place = Place::new();
    let clock = ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_000_000));
    let open = || place.builder("mail").clock(clock.clone()).build().unwrap();
    let (one, another) = (open(), open());
    one.try_update(LIMIT).unwrap();
    clock.advance(Duration::from_secs(3599 - 1_000_000 % 60));
    assert!(another.try_update(1).is_err());
    clock.advance(Duration::from_secs(60));
    another.try_update(LIMIT).unwrap();
    // one that is behind books where the gate is
    let behind = ManualClock::new(UNIX_EPOCH);
    let behind = place.builder("mail").clock(behind).build().unwrap();
    assert!(behind.try_update(1).is_err());
}

#[test]
fn frames_of_all_processes_lie_on_one_grid() {
    let place = Place::new();
    let open = || {
        CallGate::builder(
            "mail",
            Duration::from_millis(50),
            Duration::from_micros(500),
        )
        .gate_limit(100_000)
        .storage(place.storage())
        .build()
        .unwrap()
    };
    let first = open();
    for _ in 0..50 {
        // each is opened at another time, and set to the wall by the first one's anchor
        let another = open();
        let before = first.try_update(1).unwrap().frame().start();
        let between = another.try_update(1).unwrap().frame().start();
        let after = first.try_update(1).unwrap().frame().start();
        assert!(before <= between && between <= after);
    }
}

#[test]
fn the_default_folder_serves_too() {
    let prefix = "test of call_gate_shared";
    for left in SharedMemory::list().unwrap() {
        let name = left.name().unwrap_or_default();
        if name.starts_with(prefix) && !lives(name) {
            let _ = SharedMemory::remove(name);
        }
    }
    let name = format!("{prefix} {}", std::process::id());
    let open = || builder(&name).storage(SharedMemory::new()).build().unwrap();
    open().try_update(LIMIT).unwrap();
    assert!(open().try_update(1).is_err());
    let listed = SharedMemory::list().unwrap();
    assert!(listed.iter().any(|segment| segment.name() == Some(&name)));
    assert!(SharedMemory::remove(&name).unwrap());
    assert!(!SharedMemory::remove(&name).unwrap());
}

#[test]
fn what_shared_words_cannot_hold_is_refused_before_anything_is_made() {
    let place = Place::new();
    let refused = [
        place.builder("mail").credits().build(),
        place.builder("mail").gate_limit(u64::MAX).build(),
        place.builder("mail").limits_up_to(u64::MAX).build(),
        place
            .builder("mail")
            .limits(call_gate_core::Limits::none())
            .build(),
    ];
    for built in refused {
        assert!(built.is_err());
    }
    assert!(place.names().is_empty());
}
