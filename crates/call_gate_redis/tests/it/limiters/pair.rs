//! Requests and what they cost, under injected time: both are booked or neither is, and both come back.

use crate::place;
use call_gate_core::{
    Demand, Denial, ManualClock, Reading, Refund, Scope, StorageErrorKind, Turnstile,
    TurnstileBuilder, TurnstileState, UpdateError, Way, at_once,
};
use call_gate_testkit::servers::Reply;
use call_gate_testkit::spec::fresh_name;
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);

struct Limiter {
    name: String,
    clock: ManualClock,
    turnstile: Turnstile,
}

/// 3 in a second and 5 in 10 s, at a cost of 100 in 2 s.
fn limiter() -> Limiter {
    of(|builder| {
        builder
            .window(3, SECOND, TENTH)
            .window(5, 10 * SECOND, SECOND)
            .cost_window(100, 2 * SECOND, TENTH)
    })
}

fn of(with: impl Fn(TurnstileBuilder) -> TurnstileBuilder) -> Limiter {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let storage = place::storage().deadline(20 * SECOND);
    let name = fresh_name();
    let builder = Turnstile::builder()
        .name(&name)
        .clock(clock.clone())
        .storage(storage.told_the_time(clock.clone()));
    Limiter {
        turnstile: with(builder).build().unwrap(),
        name,
        clock,
    }
}

fn ask(value: u64, cost: u64) -> Demand {
    Demand::new(value).costing(cost)
}

impl Limiter {
    fn take(&self, value: u64, cost: u64) -> Reading {
        self.turnstile.try_take(ask(value, cost)).unwrap()
    }

    fn denied(&self, value: u64, cost: u64) -> Denial {
        match self.turnstile.try_take(ask(value, cost)) {
            Err(UpdateError::WindowLimit(denial)) => denial,
            outcome => panic!("{outcome:?}"),
        }
    }

    /// Whether either came back.
    fn give_back(&self, value: u64, cost: u64, reading: &Reading) -> bool {
        let demand = ask(value, cost);
        let back = at_once(self.turnstile.take_back(Way::Blocking, demand, reading));
        back.unwrap() != Refund::Expired
    }

    fn state(&self) -> TurnstileState {
        at_once(self.turnstile.state(Way::Blocking)).unwrap()
    }

    /// What each window holds, those of cost after the others.
    fn used(&self) -> Vec<u64> {
        let state = self.state();
        let all = state.windows.iter().chain(&state.costs);
        all.map(|window| window.used).collect()
    }

    fn key(&self) -> String {
        format!("cg:{{{}}}", self.name)
    }

    fn costs_key(&self) -> String {
        format!("cg:{{{}}}:costs", self.name)
    }
}

fn command(words: &[&str]) -> Reply {
    place::server().wire().ask(words).unwrap()
}

#[test]
fn both_are_booked_or_neither_is() {
    let limiter = limiter();
    limiter.take(1, 60);
    assert_eq!(limiter.used(), [1, 1, 60]);
    // no room for the cost
    let denial = limiter.denied(1, 41);
    assert_eq!(
        (denial.scope(), denial.window()),
        (Scope::Cost, Some(2 * SECOND))
    );
    assert_eq!(
        (denial.limit(), denial.used(), denial.requested()),
        (100, 60, 41)
    );
    assert_eq!(limiter.used(), [1, 1, 60]);
    // no room for the value
    let denial = limiter.denied(3, 40);
    assert_eq!(
        (denial.scope(), denial.window()),
        (Scope::Window, Some(SECOND))
    );
    assert_eq!(
        (denial.limit(), denial.used(), denial.requested()),
        (3, 1, 3)
    );
    assert_eq!(limiter.used(), [1, 1, 60]);
    limiter.take(2, 40);
    assert_eq!(limiter.used(), [3, 3, 100]);
    // nothing at all has room where there is none
    limiter.take(0, 0);
    assert_eq!(limiter.used(), [3, 3, 100]);
}

#[test]
fn who_refuses_first_is_named_and_the_longer_wait_is_told() {
    let limiter = limiter();
    limiter.take(3, 100);
    let denial = limiter.denied(1, 1);
    // the second has room in 1 s, the cost in 2
    assert_eq!(
        (denial.scope(), denial.window()),
        (Scope::Window, Some(SECOND))
    );
    assert_eq!(denial.retry_after(), 2 * SECOND);
    assert_eq!(limiter.denied(1, 0).retry_after(), SECOND);
    assert_eq!(limiter.denied(0, 1).retry_after(), 2 * SECOND);
    limiter.clock.advance(SECOND);
    limiter.take(2, 0);
    let denial = limiter.denied(1, 1);
    // the longer window of requests is full
    assert_eq!(denial.window(), Some(10 * SECOND));
    assert_eq!(denial.retry_after(), 9 * SECOND);
    limiter.clock.advance(9 * SECOND);
    limiter.take(1, 1);
}

#[test]
fn what_never_fits_is_named_before_what_is_full() {
    let limiter = limiter();
    limiter.take(3, 0);
    for (value, cost, scope, limit) in [(1, 101, Scope::Cost, 100), (4, 101, Scope::Window, 3)] {
        match limiter.turnstile.try_take(ask(value, cost)) {
            Err(UpdateError::TooLarge(error)) => {
                assert_eq!((error.scope(), error.limit()), (scope, limit));
            }
            outcome => panic!("{outcome:?}"),
        }
    }
    assert_eq!(limiter.used(), [3, 3, 0]);
}

#[test]
fn both_come_back_to_the_frames_they_were_booked_in() {
    let limiter = limiter();
    let first = limiter.take(2, 70);
    limiter.clock.advance(5 * TENTH);
    let second = limiter.take(1, 30);
    assert_eq!(limiter.used(), [3, 3, 100]);
    // a part of it, from a closed frame of each
    assert!(limiter.give_back(1, 20, &first));
    assert_eq!(limiter.used(), [2, 2, 80]);
    limiter.clock.advance(5 * TENTH);
    // the first is out of the second's window, and it was credited and not the later one
    assert_eq!(limiter.used(), [1, 2, 80]);
    // out of the second's window, but not out of the others
    assert!(limiter.give_back(1, 50, &first));
    assert_eq!(limiter.used(), [1, 1, 30]);
    limiter.clock.advance(15 * TENTH);
    assert_eq!(limiter.used(), [0, 1, 0]);
    assert!(
        !limiter.give_back(0, 30, &second),
        "the cost is out of its window"
    );
    assert!(limiter.give_back(1, 30, &second));
    assert_eq!(limiter.used(), [0, 0, 0]);
    let last = limiter.take(1, 30);
    limiter.clock.advance(10 * SECOND);
    assert!(!limiter.give_back(1, 30, &last));
}

/// A server may forget either key, as it does when its life is over.
#[test]
fn one_key_may_be_gone_before_the_other() {
    let limiter = limiter();
    let booked = limiter.take(2, 70);
    command(&["DEL", &limiter.key()]);
    limiter.clock.advance(TENTH);
    assert_eq!(limiter.used(), [0, 0, 70]);
    limiter.take(1, 10);
    // the value was booked in an earlier life of its key
    assert!(limiter.give_back(2, 70, &booked));
    assert_eq!(limiter.used(), [1, 1, 10]);

    let booked = limiter.take(1, 50);
    command(&["DEL", &limiter.costs_key()]);
    limiter.clock.advance(TENTH);
    assert_eq!(limiter.used(), [2, 2, 0]);
    assert!(limiter.give_back(1, 50, &booked));
    assert_eq!(limiter.used(), [1, 1, 0]);
    command(&["DEL", &limiter.key()]);
    limiter.clock.advance(TENTH);
    assert!(!limiter.give_back(1, 50, &booked));
    assert_eq!(limiter.used(), [0, 0, 0]);
}

#[test]
fn a_key_that_is_not_ours_keeps_both_from_booking() {
    for first in [false, true] {
        let limiter = limiter();
        limiter.take(1, 10);
        let (key, other) = (limiter.key(), limiter.costs_key());
        let (spoilt, whole) = if first {
            (&key, &other)
        } else {
            (&other, &key)
        };
        let before = command(&["GETRANGE", whole, "0", "-1"]);
        command(&["SET", spoilt, "not ours", "PX", "60000"]);
        match limiter.turnstile.try_take(ask(1, 10)) {
            Err(UpdateError::Storage(error)) => assert_eq!(error.kind(), StorageErrorKind::Corrupt),
            outcome => panic!("{outcome:?}"),
        }
        assert!(at_once(limiter.turnstile.state(Way::Blocking)).is_err());
        assert_eq!(command(&["GETRANGE", whole, "0", "-1"]), before);
    }
}

#[test]
fn limits_of_either_are_set_by_themselves() {
    let limiter = limiter();
    let set = |length, limit| at_once(limiter.turnstile.set_limit(Way::Blocking, length, limit));
    let set_cost = |limit| {
        let turnstile = &limiter.turnstile;
        at_once(turnstile.set_cost_limit(Way::Blocking, 2 * SECOND, limit))
    };
    let limits = || {
        let state = limiter.state();
        let all = state.windows.into_iter().chain(state.costs);
        all.map(|window| window.limit).collect::<Vec<_>>()
    };
    // before there is any key: the others start as they were built
    set(10 * SECOND, 6).unwrap();
    assert_eq!(limits(), [3, 6, 100]);
    set_cost(50).unwrap();
    assert_eq!(limits(), [3, 6, 50]);
    limiter.take(1, 50);
    set_cost(40).unwrap();
    let denial = limiter.denied(1, 1);
    assert_eq!((denial.limit(), denial.used()), (40, 50));
    set(SECOND, 1).unwrap();
    assert_eq!(limiter.denied(1, 0).limit(), 1);
    // set live, they come back with a key that is lost
    command(&["DEL", &limiter.key(), &limiter.costs_key()]);
    limiter.take(1, 1);
    assert_eq!(limits(), [1, 6, 40]);
    assert_eq!(limiter.used(), [1, 1, 1]);
    let most = (1 << 53) - 1;
    set(SECOND, most).unwrap();
    assert!(set(SECOND, most + 1).is_err() && set(SECOND, 0).is_err());
    assert_eq!(limits(), [most, 6, 40]);
}

/// Without a window of requests, a span without a limit stands for them: it is never shown, and never named.
#[test]
fn costs_alone_are_counted() {
    let limiter = of(|builder| builder.cost_window(10, SECOND, TENTH));
    let booked = limiter.take(1, 6);
    assert_eq!(limiter.used(), [6]);
    let denial = limiter.denied(1, 5);
    assert_eq!(
        (denial.scope(), denial.window()),
        (Scope::Cost, Some(SECOND))
    );
    limiter.take(1_000, 4);
    assert!(limiter.give_back(1, 6, &booked));
    assert_eq!(limiter.used(), [4]);
    assert_eq!(
        at_once(limiter.turnstile.wait_time(Way::Blocking)).unwrap(),
        None
    );
}
