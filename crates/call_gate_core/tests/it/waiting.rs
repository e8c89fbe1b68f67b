//! Waiting: how long, in which time, and what ends it.

use crate::{SECOND, gate_of, until};
use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, Refund, UpdateError, Wait};
use std::thread;
use std::time::SystemTime;

fn full_gate(clock: &ManualClock) -> CallGate {
    let gate = gate_of(2, clock);
    gate.try_update(2).unwrap();
    gate
}

#[test]
fn waiting_itself_moves_an_automatic_clock() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
    let gate = full_gate(&clock);
    let reading = gate.update(1).unwrap();
    assert_eq!(clock.time(), SystemTime::UNIX_EPOCH + 10 * SECOND);
    assert_eq!(reading.frame().start(), clock.time());
}

#[test]
fn a_wait_ends_when_it_is_over() {
    for (wait, ends) in [(Wait::For(3 * SECOND), 3), (Wait::Frames(4), 4)] {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
        let gate = full_gate(&clock);
        assert!(gate.try_update(1).unwrap_err().may_pass_later());
        let error = gate.update_with(1, wait).unwrap_err();
        assert!(!error.may_pass_later());
        match error {
            UpdateError::WaitExhausted(denial) => {
                assert_eq!(denial.retry_after(), (10 - ends) * SECOND);
                assert_eq!(
                    (denial.used(), denial.limit(), denial.requested()),
                    (2, 2, 1)
                );
            }
            other => panic!("{wait:?}: {other:?}"),
        }
        assert_eq!(clock.time(), SystemTime::UNIX_EPOCH + ends * SECOND);
        assert_eq!(gate.waiters(), 0);
        assert_eq!(gate.sum().unwrap(), 2);
    }
}

#[test]
fn a_manual_clock_wakes_who_waits_on_it() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = full_gate(&clock);
    thread::scope(|scope| {
        let waiter = scope.spawn(|| gate.update(1).unwrap().frame().start());
        until(|| gate.waiters() == 1);
        for _ in 0..9 {
            clock.advance(SECOND);
            assert_eq!(gate.waiters(), 1);
        }
        clock.advance(SECOND);
        assert_eq!(waiter.join().unwrap(), SystemTime::UNIX_EPOCH + 10 * SECOND);
    });
}

#[test]
fn a_refund_a_clear_and_a_raised_limit_wake_the_head() {
    type Room = fn(&CallGate);
    let make_room: [(&str, Room); 3] = [
        ("refund", |gate| {
            assert_eq!(gate.refund(1).unwrap().sum(), 1);
        }),
        ("clear", |gate| gate.clear().unwrap()),
        ("raise", |gate| {
            gate.set_limits(gate.limits().with_gate(3)).unwrap();
        }),
    ];
    for (name, room) in make_room {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let gate = full_gate(&clock);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| gate.update_with(1, Wait::Forever).is_ok());
            until(|| gate.waiters() == 1);
            room(&gate);
            assert!(waiter.join().unwrap(), "{name}");
        });
    }
}

#[test]
fn closing_wakes_everybody_and_leaves_reads() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = full_gate(&clock);
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| gate.update_with(1, Wait::Forever)))
            .collect();
        until(|| gate.waiters() == 8);
        gate.close();
        for waiter in waiters {
            assert!(matches!(waiter.join().unwrap(), Err(UpdateError::Closed)));
        }
    });
    assert!(matches!(gate.try_update(1), Err(UpdateError::Closed)));
    assert!(matches!(gate.refund(1), Err(UpdateError::Closed)));
    assert_eq!(
        (gate.sum().unwrap(), gate.waiters(), gate.is_closed()),
        (2, 0, true)
    );
}

#[test]
fn newcomers_queue_while_anyone_waits() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = full_gate(&clock);
    gate.set_limits(gate.limits().with_gate(5)).unwrap();
    thread::scope(|scope| {
        // 4 do not fit, 1 would
        let waiter = scope.spawn(|| gate.update(4).map(|_| ()));
        until(|| gate.waiters() == 1);
        match gate.try_update(1) {
            Err(UpdateError::Queued(denial)) => assert_eq!(denial.requested(), 1),
            other => panic!("{other:?}"),
        }
        assert!(gate.try_update(1).unwrap_err().may_pass_later());
        assert!(matches!(gate.try_update(6), Err(UpdateError::TooLarge(_))));
        assert!(!gate.try_update(6).unwrap_err().may_pass_later());
        assert_eq!(gate.try_update(0).unwrap().sum(), 2);
        clock.advance(10 * SECOND);
        waiter.join().unwrap().unwrap();
    });
    gate.try_update(1).unwrap();
}

#[test]
fn passes_give_back_what_they_booked() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = gate_of(10, &clock);
    assert_eq!(
        gate.enter(4).unwrap().refund().unwrap(),
        Refund::Returned(4)
    );
    assert_eq!(
        gate.enter(4).unwrap().settle(1).unwrap(),
        Refund::Returned(3)
    );
    assert_eq!(gate.sum().unwrap(), 1);
    gate.enter(2).unwrap().settle(5).unwrap();
    assert_eq!(gate.sum().unwrap(), 6);
    assert!(matches!(
        gate.enter(2).unwrap().settle(9),
        Err(UpdateError::GateLimit(_))
    ));
    assert_eq!(gate.sum().unwrap(), 8);
    let late = gate.enter_owned(1).unwrap();
    clock.advance(SECOND);
    assert_eq!(late.refund().unwrap(), Refund::Expired);
    let cleared = gate.enter_owned(1).unwrap();
    gate.clear().unwrap();
    gate.try_update(1).unwrap();
    assert_eq!(cleared.refund().unwrap(), Refund::Expired);
    assert_eq!(gate.sum().unwrap(), 1);
}

#[test]
fn work_runs_once_its_value_is_booked() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
    let gate = gate_of(1, &clock);
    assert_eq!(gate.run(1, || 7).unwrap(), 7);
    let parsed: Result<u8, call_gate_core::Error> = gate.try_run(1, || Ok(8));
    assert_eq!(parsed.unwrap(), 8);
    gate.close();
    let refused: Result<u8, call_gate_core::Error> = gate.try_run(1, || panic!("not admitted"));
    assert!(!refused.unwrap_err().is_denied());
}

#[test]
fn an_error_names_its_gate_after_the_gate_is_gone() {
    let error = {
        let gate = CallGate::builder("billing", 10 * SECOND, SECOND)
            .gate_limit(1)
            .build()
            .unwrap();
        gate.try_update(1).unwrap();
        gate.try_update(1).unwrap_err()
    };
    let shown = error.to_string();
    assert!(
        shown.contains("\"billing\"") && shown.contains("gate limit of 1"),
        "{shown}"
    );
    let error = call_gate_core::Error::from(error);
    assert_eq!((error.gate(), error.is_denied()), (Some("billing"), true));
}
