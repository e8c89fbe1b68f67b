//! What no wait can help: it is told at once, by whichever limit, with room or without, and behind others.

use crate::{Closes, SECOND, still, until};
use call_gate_core::{Demand, Scope, UpdateError, Wait};
use call_gate_limiter::RateLimiter;
use std::thread;

const WAITS: [Wait; 3] = [Wait::Never, Wait::For(SECOND), Wait::Forever];

fn limiter() -> RateLimiter {
    let builder = RateLimiter::builder().limit(9, SECOND).limit(6, 2 * SECOND);
    still(
        builder
            .cost_limit(50, SECOND)
            .cost_limit(40, 2 * SECOND)
            .max_burst(8),
    )
}

fn check(limiter: &RateLimiter) {
    let told = [
        (Demand::new(10), Scope::Burst, 8, 10),
        (Demand::new(9).costing(60), Scope::Burst, 8, 9),
        (Demand::new(7), Scope::Window, 6, 7),
        (Demand::new(8).costing(60), Scope::Window, 6, 8),
        (Demand::new(1).costing(60), Scope::Cost, 50, 60),
        (Demand::new(0).costing(45), Scope::Cost, 40, 45),
    ];
    for (demand, scope, limit, requested) in told {
        for wait in WAITS {
            let error = limiter.acquire_with(demand, wait).unwrap_err();
            let UpdateError::TooLarge(large) = error else {
                panic!("{demand:?}: {error:?}")
            };
            assert_eq!(
                (large.scope(), large.limit(), large.requested()),
                (scope, limit, requested)
            );
            assert!(!error.may_pass_later() && error.denial().is_none());
        }
    }
    let error = limiter.acquire_many(10).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a value of 10 is above the burst limit of 8 and can never be admitted"
    );
}

#[test]
fn of_an_empty_limiter() {
    check(&limiter());
}

#[test]
fn of_one_whose_windows_are_full() {
    let limiter = limiter();
    drop(
        limiter
            .acquire_with(Demand::new(6).costing(40), Wait::Never)
            .unwrap(),
    );
    check(&limiter);
}

#[test]
fn of_one_whose_places_are_taken() {
    let limiter = limiter();
    limiter.acquire_many(6).unwrap().forget();
    check(&limiter);
}

#[test]
fn of_one_where_others_wait() {
    let limiter = limiter();
    let held = limiter.acquire_many(6).unwrap();
    thread::scope(|scope| {
        let _closes = Closes(&limiter);
        let first = scope.spawn(|| limiter.acquire_many(3).map(drop));
        until(|| limiter.waiters() == 1);
        check(&limiter);
        assert_eq!(limiter.waiters(), 1);
        held.refund().unwrap();
        first.join().unwrap().unwrap();
    });
}

#[test]
fn a_waiter_is_told_when_a_limit_falls_below_it() {
    type Lower = fn(&RateLimiter);
    let lowered: [(Lower, Scope); 3] = [
        (
            |limiter| limiter.set_limit(2 * SECOND, 2).unwrap(),
            Scope::Window,
        ),
        (
            |limiter| limiter.set_cost_limit(SECOND, 2).unwrap(),
            Scope::Cost,
        ),
        (|limiter| limiter.set_max_burst(2).unwrap(), Scope::Burst),
    ];
    for (lower, scope) in lowered {
        let limiter = limiter();
        drop(limiter.acquire_many(6).unwrap());
        thread::scope(|scope_of_threads| {
            let _closes = Closes(&limiter);
            let demand = Demand::new(3).costing(3);
            let limiter = &limiter;
            let first = scope_of_threads
                .spawn(move || limiter.acquire_with(demand, Wait::Forever).map(drop));
            until(|| limiter.waiters() == 1);
            lower(limiter);
            match first.join().unwrap() {
                Err(UpdateError::TooLarge(large)) => {
                    assert_eq!((large.scope(), large.limit()), (scope, 2));
                }
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(limiter.waiters(), 0);
    }
}

#[test]
fn what_a_settled_request_takes_more_needs_no_place_and_passes_those_who_wait() {
    let limiter = still(RateLimiter::builder().limit(20, SECOND).max_burst(2));
    limiter.acquire().unwrap().settle(6).unwrap();
    let held = limiter.acquire_many(2).unwrap();
    thread::scope(|scope| {
        let _closes = Closes(&limiter);
        let first = scope.spawn(|| limiter.acquire().map(drop));
        until(|| limiter.waiters() == 1);
        held.settle(7).unwrap();
        first.join().unwrap().unwrap();
    });
    assert_eq!(limiter.remaining().unwrap().windows[0].remaining, 6);
    assert_eq!(limiter.permits_out(), Some(0));
}
