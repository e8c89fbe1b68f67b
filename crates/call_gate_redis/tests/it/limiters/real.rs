//! Limiters by a server's own clock: shared by handles, and beside gates.

use crate::place;
use call_gate_core::{
    CallGate, Demand, OnLimits, Refund, StorageErrorKind, Turnstile, TurnstileBuilder, UpdateError,
    Wait, Way, at_once,
};
use call_gate_redis::{Lease, RedisStorage};
use call_gate_testkit::servers::{Server, StoredKey};
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn of(name: &str, storage: RedisStorage) -> TurnstileBuilder {
    let hour = 60 * MINUTE;
    Turnstile::builder()
        .name(name)
        .storage(storage)
        .window(40, hour, MINUTE)
        .window(60, 24 * hour, hour)
}

/// Of all that ask at once, in two handles, exactly as many are admitted as both kinds of windows have room for.
#[test]
fn handles_share_all_windows_whatever_way_they_ask() {
    for (name, storage) in [
        ("together", place::storage()),
        ("one by one", place::storage().coalesce(false)),
        ("leases", place::storage().lease(Lease::new())),
    ] {
        for costs in [false, true] {
            let name = format!("handles, {name}, {costs}");
            let build = || {
                let builder = of(&name, storage.clone().deadline(10 * MINUTE / 60));
                let builder = if costs {
                    builder.cost_window(100, 60 * MINUTE, MINUTE)
                } else {
                    builder
                };
                builder.build().unwrap()
            };
            let handles = [build(), build()];
            let admitted = AtomicU64::new(0);
            thread::scope(|scope| {
                for number in 0..6 {
                    let (handle, admitted) = (&handles[number % 2], &admitted);
                    scope.spawn(move || {
                        for _ in 0..20 {
                            match handle.try_take(Demand::new(1).costing(3)) {
                                Ok(_) => {
                                    admitted.fetch_add(1, Ordering::SeqCst);
                                }
                                Err(error) => assert!(error.is_denied(), "{error}"),
                            }
                        }
                    });
                }
            });
            let admitted = admitted.into_inner();
            let state = at_once(handles[0].state(Way::Blocking)).unwrap();
            assert_eq!(state, at_once(handles[1].state(Way::Blocking)).unwrap());
            let used: Vec<u64> = state.windows.iter().map(|window| window.used).collect();
            if costs {
                assert_eq!((admitted, used), (33, vec![33, 33]));
                assert_eq!(state.costs[0].used, 99);
            } else {
                // what is leased and not spent is counted all the same
                assert!(admitted <= used[0] && used[0] <= 40 && used[0] == used[1]);
                assert!(
                    name.contains("leases") || admitted == 40,
                    "{name}: {admitted}"
                );
            }
        }
    }
}

#[test]
fn limits_set_by_one_hold_for_the_other() {
    let build = || {
        let builder = of("set by one", place::storage());
        builder
            .cost_window(100, MINUTE, MINUTE / 60)
            .build()
            .unwrap()
    };
    let (one, two) = (build(), build());
    one.try_take(Demand::new(10).costing(10)).unwrap();
    let hour = 60 * MINUTE;
    at_once(one.set_limit(Way::Blocking, hour, 12)).unwrap();
    at_once(two.set_cost_limit(Way::Blocking, MINUTE, 11)).unwrap();
    let denial = |turnstile: &Turnstile, demand| {
        let error = turnstile.try_take(demand).unwrap_err();
        error
            .denial()
            .map(|denial| (denial.limit(), denial.used(), denial.window()))
    };
    assert_eq!(denial(&two, Demand::new(3)), Some((12, 10, Some(hour))));
    assert_eq!(
        denial(&one, Demand::new(1).costing(2)),
        Some((11, 10, Some(MINUTE)))
    );
    assert!(
        at_once(one.set_limit(Way::Blocking, MINUTE, 1)).is_err(),
        "no such window"
    );
}

#[test]
fn on_limits_goes_for_all_windows() {
    let with = |hour: u64, cost: u64, on_limits| {
        Turnstile::builder()
            .name("on limits")
            .storage(place::storage())
            .window(hour, 60 * MINUTE, MINUTE)
            .cost_window(cost, 60 * MINUTE, MINUTE)
            .on_limits(on_limits)
            .build()
            .unwrap()
    };
    with(5, 50, OnLimits::Adopt)
        .try_take(Demand::new(1).costing(10))
        .unwrap();
    let limits = |turnstile: &Turnstile| {
        let state = at_once(turnstile.state(Way::Blocking)).unwrap();
        (state.windows[0].limit, state.costs[0].limit)
    };
    assert_eq!(limits(&with(6, 60, OnLimits::Adopt)), (5, 50));
    for (hour, cost) in [(6, 50), (5, 60)] {
        let other = with(hour, cost, OnLimits::Require);
        match other.try_take(Demand::new(1).costing(1)) {
            Err(UpdateError::Storage(error)) => {
                assert_eq!(error.kind(), StorageErrorKind::Mismatch);
                let text = error.source().unwrap().to_string();
                assert!(text.contains("limits of"), "{text}");
            }
            outcome => panic!("{outcome:?}"),
        }
    }
    let same = with(5, 50, OnLimits::Require);
    same.try_take(Demand::new(1).costing(1)).unwrap();
    let replacing = with(7, 70, OnLimits::Replace);
    // also by what is denied
    assert!(
        replacing
            .try_take(Demand::new(1).costing(65))
            .unwrap_err()
            .is_denied()
    );
    assert_eq!(limits(&same), (7, 70));
}

#[test]
fn a_limiter_and_a_gate_of_one_name_are_told_apart() {
    of("both kinds", place::storage())
        .build()
        .unwrap()
        .try_take(Demand::new(1))
        .unwrap();
    let gate = CallGate::builder("both kinds", 60 * MINUTE, MINUTE)
        .gate_limit(10)
        .storage(place::storage())
        .build()
        .unwrap();
    let costs = |step| {
        let builder = of("both kinds", place::storage());
        builder.cost_window(10, MINUTE, step).build().unwrap()
    };
    let seconds = costs(MINUTE / 60);
    seconds.try_take(Demand::new(1).costing(1)).unwrap();
    let halves = costs(MINUTE / 2).try_take(Demand::new(1).costing(1));
    for (outcome, words) in [
        (
            gate.try_update(1).map(drop),
            ["this gate has", "24 x 3600s"],
        ),
        (
            halves.map(drop),
            [
                "limiter's counter of costs has frames of 2 x 30s",
                "60 x 1s",
            ],
        ),
    ] {
        match outcome {
            Err(UpdateError::Storage(error)) => {
                assert_eq!(error.kind(), StorageErrorKind::Mismatch);
                let text = error.source().unwrap().to_string();
                assert!(words.iter().all(|word| text.contains(word)), "{text}");
            }
            outcome => panic!("{outcome:?}"),
        }
    }
    let state = at_once(seconds.state(Way::Blocking)).unwrap();
    assert_eq!((state.windows[0].used, state.costs[0].used), (2, 1));
}

/// By the servers' clock: the value's key is gone, and the cost's is not.
#[test]
fn a_cost_comes_back_after_the_values_key_has_expired() {
    let server = Server::start(&[]);
    let step = Duration::from_millis(50);
    let limiter = Turnstile::builder()
        .name("expired")
        .storage(RedisStorage::from_url(server.url()).unwrap())
        .window(10, 2 * step, step)
        .cost_window(10, 20 * MINUTE, MINUTE)
        .build()
        .unwrap();
    let demand = Demand::new(1).costing(4);
    let booked = limiter.try_take(demand).unwrap();
    let names = || -> Vec<String> {
        let keys = server.keys();
        let mortal = |key: StoredKey| {
            assert!(key.ttl.is_some(), "{key:?}");
            key.name
        };
        keys.into_iter().map(mortal).collect()
    };
    crate::checker::until("the value's key is gone", || {
        names() == ["cg:{expired}:costs"]
    });
    let back = at_once(limiter.take_back(Way::Blocking, demand, &booked)).unwrap();
    assert_ne!(back, Refund::Expired);
    let state = at_once(limiter.state(Way::Blocking)).unwrap();
    assert_eq!((state.windows[0].used, state.costs[0].used), (0, 0));
}

#[test]
fn who_waits_for_a_window_of_cost_is_let_in() {
    let step = Duration::from_millis(50);
    let limiter = Turnstile::builder()
        .name("waits for cost")
        .storage(place::storage())
        .window(100, 20 * step, step)
        .cost_window(10, 4 * step, step)
        .permits(2)
        .build()
        .unwrap();
    let wait = Wait::For(Duration::from_secs(20));
    for _ in 0..4 {
        limiter.take_with(Demand::new(1).costing(10), wait).unwrap();
        limiter.release(1);
    }
}

#[test]
fn limits_that_cannot_be_counted_are_refused() {
    let most = (1 << 53) - 1;
    for costs in [false, true] {
        let builder = Turnstile::builder()
            .name("too much")
            .storage(place::storage());
        let builder = if costs {
            builder.cost_window(most + 1, MINUTE, MINUTE / 60)
        } else {
            builder
                .window(1, MINUTE, MINUTE / 60)
                .window(most + 1, 60 * MINUTE, MINUTE)
        };
        let error = builder.build().unwrap_err();
        assert!(error.to_string().contains(&most.to_string()), "{error}");
    }
}
