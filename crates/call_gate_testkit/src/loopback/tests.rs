//! The imaginary server: names, failures, and a long life.

use std::time::{Duration, SystemTime};

use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, CallGateBuilder, Refund, UpdateError, Wait};

use super::*;

fn builder(name: &str, storage: &Loopback, clock: &ManualClock) -> CallGateBuilder {
    let second = Duration::from_secs(1);
    CallGate::builder(name, 2 * second, second)
        .gate_limit(3)
        .storage(storage.clone())
        .clock(clock.clone())
}

#[test]
fn the_name_is_the_gate() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let storage = Loopback::new(clock.clone());
    let one = builder("a", &storage, &clock).build().unwrap();
    let same = builder("a", &storage, &clock).build().unwrap();
    let other = builder("b", &storage, &clock).build().unwrap();
    one.try_update(2).unwrap();
    assert_eq!(same.sum().unwrap(), 2);
    assert!(
        matches!(same.try_update(2), Err(UpdateError::GateLimit(denial)) if denial.used() == 2)
    );
    assert_eq!(other.try_update(3).unwrap().sum(), 3);
}

#[test]
fn a_server_that_is_down_books_nothing() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let storage = Loopback::new(clock.clone());
    let gate = builder("a", &storage, &clock).build().unwrap();
    gate.try_update(1).unwrap();
    storage.take_down();
    for error in [
        gate.try_update(1).unwrap_err(),
        gate.update(1).unwrap_err(),
        gate.refund(1).unwrap_err(),
    ] {
        assert!(matches!(error, UpdateError::Storage(_)), "{error:?}");
    }
    assert!(
        gate.state().is_err()
            && gate.clear().is_err()
            && gate.snapshot().is_err()
            && gate.peek(1).is_err()
    );
    assert!(gate.set_limits(gate.limits().with_gate(9)).is_err());
    assert_eq!(gate.gate_limit(), Some(3));
    storage.bring_up();
    assert_eq!(gate.try_update(1).unwrap().sum(), 2);
}

#[test]
fn a_clear_by_anybody_ends_passes() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let storage = Loopback::new(clock.clone());
    let one = builder("a", &storage, &clock).build().unwrap();
    let same = builder("a", &storage, &clock).build().unwrap();
    let pass = one.enter_with(2, Wait::Never).unwrap();
    same.clear().unwrap();
    same.try_update(2).unwrap();
    assert_eq!(pass.refund().unwrap(), Refund::Expired);
    assert_eq!(one.sum().unwrap(), 2);
}

#[test]
fn a_long_life_is_summed_up() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let storage = Loopback::new(clock.clone());
    let gate = builder("a", &storage, &clock)
        .gate_limit(10_000)
        .build()
        .unwrap();
    let old = gate.enter_with(1, Wait::Never).unwrap();
    gate.clear().unwrap();
    let new = gate.enter_with(1, Wait::Never).unwrap();
    for _ in 0..5 * LONG {
        gate.try_update(1).unwrap();
        gate.refund(1).unwrap();
        gate.try_update(1).unwrap();
    }
    assert_eq!(gate.sum().unwrap(), 5 * LONG as u64 + 1);
    assert_eq!(old.refund().unwrap(), Refund::Expired);
    assert_eq!(new.refund().unwrap(), Refund::Returned(1));
    assert_eq!(gate.sum().unwrap(), 5 * LONG as u64);
    let server = storage.server.gates();
    assert!(server.values().all(|oracle| oracle.entries() <= LONG));
}

#[test]
fn an_awaited_act_is_under_way_for_a_while_and_can_be_held_up() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let storage = Loopback::new(clock.clone());
    let gate = builder("a", &storage, &clock).build().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    for (held, booked) in [(Leg::There, 0), (Leg::Back, 1)] {
        let mut update = pin!(gate.awaited().try_update(1));
        storage.hold(held);
        for _ in 0..9 {
            assert!(update.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(gate.sum().unwrap(), booked);
        storage.let_go();
        let polls = (1..9).find(|_| update.as_mut().poll(&mut context).is_ready());
        assert!(polls.is_some(), "held up for ever on its way {held:?}");
        assert_eq!(gate.sum().unwrap(), 1);
        gate.clear().unwrap();
    }
    let mut sum = pin!(gate.awaited().state());
    let mut polls = 1;
    while sum.as_mut().poll(&mut context).is_pending() {
        polls += 1;
        assert!(polls < 9);
    }
    assert_eq!(polls, 3, "pending once on each leg");
    let asked = storage.asked();
    assert_eq!((asked.blocking, asked.awaited), (6, 3));
}
