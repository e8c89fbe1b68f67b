//! Two storages, as two processes have them, on one key.

use crate::place;
use call_gate_core::{
    CallGate, CallGateBuilder, Denial, Limits, OnLimits, Refund, StorageErrorKind, UpdateError,
};
use std::error::Error;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A handle of its own process. Its frames outlast the test.
fn of(name: &str) -> CallGateBuilder {
    CallGate::builder(name, 24 * 60 * MINUTE, 4 * 60 * MINUTE).storage(place::storage())
}

fn limits(gate: u64, frame: u64) -> Limits {
    Limits::gate(gate).with_frame(frame)
}

#[test]
fn a_living_gates_limits_stay_unless_others_replace_them() {
    let first = of("adopt").limits(limits(10, 5)).build().unwrap();
    first.update(1).unwrap();
    let second = of("adopt").limits(limits(20, 9)).build().unwrap();
    assert_eq!(second.limits(), limits(20, 9), "nobody was asked yet");
    second.update(1).unwrap();
    assert_eq!(second.limits(), limits(10, 5));

    let third = of("adopt")
        .limits(limits(30, 8))
        .on_limits(OnLimits::Replace);
    let third = third.build().unwrap();
    assert_eq!(first.limits(), limits(10, 5));
    third.state().unwrap();
    assert_eq!(third.limits(), limits(30, 8));
    first.update(4).unwrap();
    assert_eq!(first.limits(), limits(30, 8));
    // once is enough: what others set later stays
    first.set_limits(limits(6, 6)).unwrap();
    third.state().unwrap();
    assert_eq!(third.limits(), limits(6, 6));
    assert!(third.try_update(1).unwrap_err().is_denied());
}

#[test]
fn required_limits_are_those_there_or_an_error_that_names_both() {
    let first = of("require").limits(limits(10, 5)).build().unwrap();
    first.update(1).unwrap();
    let same = of("require")
        .limits(limits(10, 5))
        .on_limits(OnLimits::Require);
    same.build().unwrap().update(1).unwrap();
    let other = of("require").gate_limit(11).on_limits(OnLimits::Require);
    let other = other.build().unwrap();
    for _ in 0..2 {
        let error = match other.try_update(1) {
            Err(UpdateError::Storage(error)) => error,
            outcome => panic!("{outcome:?}"),
        };
        assert_eq!(error.kind(), StorageErrorKind::Mismatch);
        let text = error.source().unwrap().to_string();
        for words in [
            "gate_limit of 11 and a frame_limit of none",
            "gate_limit of 10 and a frame_limit of 5",
        ] {
            assert!(text.contains(words), "{text}");
        }
    }
    assert_eq!(first.sum().unwrap(), 2);
    // from when they are, it is let in
    first.set_limits(Limits::gate(11)).unwrap();
    other.update(1).unwrap();
}

#[test]
fn limits_set_by_one_are_seen_by_the_other_after_its_next_act() {
    let one = of("live").gate_limit(10).build().unwrap();
    let two = of("live").gate_limit(10).build().unwrap();
    one.update(8).unwrap();
    two.update(1).unwrap();
    one.set_limits(limits(5, 2)).unwrap();
    assert_eq!(one.limits(), limits(5, 2));
    assert_eq!(two.limits(), Limits::gate(10), "it has not asked since");
    let denial = two.try_update(1).unwrap_err();
    assert_eq!(denial.denial().map(|d| (d.limit(), d.used())), Some((2, 9)));
    assert_eq!(two.limits(), limits(5, 2));
    two.set_limits(limits(20, 20)).unwrap();
    one.update(11).unwrap();
    assert_eq!(one.limits(), limits(20, 20));
    let error = one.set_limits(Limits::gate(0)).unwrap_err();
    assert!(error.to_string().contains("gate_limit of 0"), "{error}");
    assert_eq!(two.peek(0).unwrap().limit, 20);
}

#[test]
fn the_largest_limit_is_each_builders_own() {
    let one = of("largest")
        .gate_limit(10)
        .limits_up_to(100)
        .build()
        .unwrap();
    let two = of("largest").gate_limit(10).build().unwrap();
    let error = one.set_limits(Limits::gate(101)).unwrap_err();
    assert!(error.to_string().contains("limits_up_to(100)"), "{error}");
    one.set_limits(Limits::gate(100)).unwrap();
    let most = (1 << 53) - 1;
    let error = two.set_limits(Limits::gate(most + 1)).unwrap_err();
    assert!(error.to_string().contains(&most.to_string()), "{error}");
    two.set_limits(Limits::gate(most)).unwrap();
    one.update(most).unwrap();
    assert!(two.try_update(1).unwrap_err().is_denied());
    two.set_limits(Limits::none()).unwrap();
    assert_eq!(
        one.peek(1).unwrap().remaining,
        0,
        "the script counts no further"
    );
    one.clear().unwrap();
    two.update(7).unwrap();
    assert_eq!(one.sum().unwrap(), 7);
}

#[test]
fn another_geometry_is_an_error_that_names_both() {
    of("geometry")
        .gate_limit(10)
        .build()
        .unwrap()
        .update(1)
        .unwrap();
    let hours = 60 * MINUTE;
    let with = |size, step| CallGate::builder("geometry", size, step).storage(place::storage());
    for (other, ours) in [
        (with(24 * hours, 2 * hours), "12 x 7200s"),
        (with(28 * hours, 4 * hours), "7 x 14400s"),
        (of("geometry").strict(), "7 x 14400s"),
    ] {
        let other = other.gate_limit(10).build().unwrap();
        let error = other.state().unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Mismatch);
        let text = error.source().unwrap().to_string();
        assert!(text.contains(ours) && text.contains("6 x 14400s"), "{text}");
    }
}

#[test]
fn a_clear_and_passes_are_everybodys() {
    let build = || of("passes").gate_limit(10).build().unwrap();
    let (one, two) = (build(), build());
    let kept = one.enter(4).unwrap();
    let forgotten = one.enter(3).unwrap();
    assert_eq!(two.refund(1).unwrap().sum(), 6);
    assert_eq!(kept.settle(1).unwrap(), Refund::Returned(3));
    assert_eq!(two.sum().unwrap(), 3);
    two.clear().unwrap();
    assert_eq!(one.sum().unwrap(), 0);
    one.update(5).unwrap();
    // a pass of what was cleared takes nothing from what came after
    assert_eq!(forgotten.refund().unwrap(), Refund::Expired);
    assert_eq!(two.sum().unwrap(), 5);
    let pass = one.enter(5).unwrap();
    two.refund(8).unwrap();
    match pass.refund() {
        Err(UpdateError::Underflow(underflow)) => assert_eq!(underflow.booked(), 2),
        outcome => panic!("{outcome:?}"),
    }
}

/// With credits a pass is given back after its frame too, whoever booked since; without them it is not.
#[test]
fn credits_reach_closed_frames_of_both() {
    let step = Duration::from_millis(300);
    let build = |name: &str| CallGate::builder(name, 20 * step, step).storage(place::storage());
    let one = build("credits").gate_limit(10).credits().build().unwrap();
    let two = build("credits").gate_limit(10).credits().build().unwrap();
    let plain = build("no credits").gate_limit(10).build().unwrap();
    let (pass, late) = (one.enter(6).unwrap(), plain.enter(6).unwrap());
    let booked_in = one
        .current_frame()
        .unwrap()
        .start()
        .max(plain.current_frame().unwrap().start());
    crate::checker::until("its frame is over", || {
        two.current_frame().unwrap().start() > booked_in
    });
    two.update(3).unwrap();
    assert_eq!(pass.refund().unwrap(), Refund::Returned(6));
    assert_eq!(late.refund().unwrap(), Refund::Expired);
    assert_eq!((two.sum().unwrap(), plain.sum().unwrap()), (3, 6));
}

/// From memory into a file, from the file into Redis, and back.
#[test]
fn a_gate_moves_from_a_file_into_redis_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    let memory = CallGate::builder("moved", 24 * 60 * MINUTE, 4 * 60 * MINUTE)
        .limits(limits(10, 8))
        .build()
        .unwrap();
    memory.update(7).unwrap();
    memory.to_file(&path).unwrap();

    let read = || {
        CallGateBuilder::from_file(&path)
            .unwrap()
            .storage(place::storage())
    };
    let gate = read().build().unwrap();
    assert_eq!((gate.name(), gate.limits()), ("moved", limits(10, 8)));
    assert_eq!(gate.data().unwrap(), memory.data().unwrap());
    assert_eq!(gate.update(1).unwrap().sum(), 8);
    let denied = gate.try_update(1).unwrap_err();
    assert_eq!(
        denied.denial().map(Denial::limit),
        Some(8),
        "the frame is full"
    );
    // a gate that lives is not set back by a second restore
    let second = read().build().unwrap();
    assert_eq!(second.sum().unwrap(), 8);

    gate.to_file(&path).unwrap();
    let back = CallGate::from_file(&path).unwrap();
    assert_eq!(back.data().unwrap(), gate.data().unwrap());
    assert!(back.try_update(1).unwrap_err().is_denied());
}
