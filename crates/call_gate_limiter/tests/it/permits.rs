//! Permits: what gives the places back, whatever happens to one, and what does not.

use crate::{SECOND, manual, still};
use call_gate_core::{Demand, Refund, UpdateError};
use call_gate_limiter::{OwnedPermit, RateLimiter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

fn two_at_once() -> RateLimiter {
    still(RateLimiter::builder().limit(100, SECOND).max_burst(2))
}

#[test]
fn a_panic_in_the_work_gives_the_permit_back() {
    let limiter = two_at_once();
    let panics = |work: &dyn Fn()| catch_unwind(AssertUnwindSafe(work)).unwrap_err();
    panics(&|| limiter.run(|| panic!("in the body")).unwrap());
    panics(&|| {
        limiter
            .try_run(|| -> Result<(), UpdateError> { panic!("in the body") })
            .unwrap();
    });
    // as a decorated function holds it
    panics(&|| {
        let _permit =
            call_gate_core::Admit::admit(&limiter, call_gate_core::Entry::new(2)).unwrap();
        panic!("in the body");
    });
    panics(&|| {
        let _scope = limiter.enter().unwrap();
        panic!("in the body");
    });
    assert_eq!(limiter.permits_out(), Some(0));
    assert_eq!(limiter.remaining().unwrap().windows[0].remaining, 95);
}

#[test]
fn work_is_not_run_without_a_permit() {
    let limiter = two_at_once();
    limiter.close();
    assert!(matches!(
        limiter.run(|| panic!("ran")),
        Err::<(), _>(UpdateError::Closed)
    ));
    let ran: Result<(), UpdateError> = limiter.try_run(|| panic!("ran"));
    assert!(matches!(ran, Err(UpdateError::Closed)));
}

#[test]
fn work_ends_with_its_own_answer() {
    let limiter = two_at_once();
    assert_eq!(limiter.run(|| limiter.permits_out()).unwrap(), Some(1));
    let failed: Result<(), Box<dyn std::error::Error>> = limiter.try_run(|| Err("its own")?);
    assert_eq!(failed.unwrap_err().to_string(), "its own");
    assert_eq!(limiter.permits_out(), Some(0));
}

#[test]
fn a_permit_may_outlive_a_close_and_its_limiter_and_go_anywhere() {
    let limiter = two_at_once();
    let (here, owned) = (limiter.acquire().unwrap(), limiter.acquire_owned().unwrap());
    limiter.close();
    assert_eq!(limiter.permits_out(), Some(2));
    drop(here);
    assert_eq!(limiter.permits_out(), Some(1));
    thread::scope(|scope| {
        scope.spawn(move || drop(owned));
    });
    assert_eq!(limiter.permits_out(), Some(0));

    let limiter = two_at_once();
    let owned: OwnedPermit = limiter.acquire_many(2).unwrap().into_owned();
    assert_eq!(limiter.permits_out(), Some(2));
    drop(limiter);
    thread::spawn(move || assert_eq!(owned.demand(), Demand::new(2)))
        .join()
        .unwrap();

    // what is given back after a close stays counted, its places do not
    let limiter = two_at_once();
    let (one, two) = (limiter.acquire().unwrap(), limiter.acquire_owned().unwrap());
    limiter.close();
    assert!(matches!(one.refund(), Err(UpdateError::Closed)));
    assert!(matches!(two.settle(0), Err(UpdateError::Closed)));
    assert_eq!(limiter.permits_out(), Some(0));
    assert_eq!(limiter.remaining().unwrap().windows[0].remaining, 98);
}

#[test]
fn a_forgotten_permit_keeps_its_places_and_nothing_else_is_wrong() {
    let limiter = still(RateLimiter::builder().limit(100, SECOND).max_burst(4));
    limiter.acquire().unwrap().forget();
    limiter.acquire_owned().unwrap().forget();
    std::mem::forget(limiter.acquire().unwrap());
    assert_eq!(
        (limiter.permits_out(), limiter.max_burst()),
        (Some(3), Some(4))
    );
    drop(limiter.try_acquire().unwrap());
    let error = limiter
        .acquire_with(Demand::new(2), call_gate_core::Wait::Never)
        .unwrap_err();
    let UpdateError::BurstLimit(denial) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (denial.used(), denial.limit(), denial.requested()),
        (3, 4, 2)
    );
    assert_eq!(
        (denial.window(), denial.retry_after().is_zero()),
        (None, true)
    );
    assert_eq!(
        denial.to_string(),
        "3 of 4 permits are out, no room for 2; retry when one comes back"
    );
    limiter.set_max_burst(7).unwrap();
    drop(limiter.acquire_many(4).unwrap());
    assert_eq!(limiter.remaining().unwrap().burst, Some(4));
}

#[test]
fn places_come_back_once_however_a_permit_ends() {
    let limiter = still(RateLimiter::builder().limit(100, SECOND).max_burst(9));
    let ask = || limiter.acquire_many(3).unwrap();
    let room = || {
        (
            limiter.permits_out(),
            limiter.remaining().unwrap().windows[0].remaining,
        )
    };
    assert_eq!(ask().refund().unwrap(), Refund::Returned(3));
    assert_eq!(room(), (Some(0), 100));
    assert_eq!(ask().settle(1).unwrap(), Refund::Returned(2));
    assert_eq!(room(), (Some(0), 99));
    assert_eq!(ask().settle(3).unwrap(), Refund::Returned(0));
    assert_eq!(ask().settle(5).unwrap(), Refund::Returned(0));
    assert_eq!(room(), (Some(0), 91));
    // into_owned hands the places over, it does not take more or give any back
    let owned = ask().into_owned();
    assert_eq!(room(), (Some(3), 88));
    assert_eq!(owned.refund().unwrap(), Refund::Returned(3));
    assert_eq!(room(), (Some(0), 91));
    // more than there is room for: what was reserved stays
    let error = ask().settle(99).unwrap_err();
    assert!(matches!(error, UpdateError::WindowLimit(_)), "{error:?}");
    assert_eq!(room(), (Some(0), 88));
    // a weight of nothing takes nothing
    let nothing = limiter.acquire_many(0).unwrap();
    assert_eq!(room(), (Some(0), 88));
    assert_eq!(nothing.refund().unwrap(), Refund::Returned(0));
}

#[test]
fn what_is_given_back_late_is_credited_where_costs_are_counted() {
    for costs in [false, true] {
        let clock = manual();
        let builder = RateLimiter::builder()
            .per_minute(10)
            .per_hour(20)
            .clock(clock.clone());
        let builder = if costs {
            builder.cost_per_minute(100).cost_per_day(500)
        } else {
            builder
        };
        let limiter = builder.build().unwrap();
        let ask =
            |cost| limiter.acquire_with(Demand::new(2).costing(cost), call_gate_core::Wait::Never);
        let (soon, late, never) = (ask(40).unwrap(), ask(30).unwrap(), ask(20).unwrap());
        clock.advance(30 * SECOND);
        let given = [soon.settle(1).unwrap(), {
            clock.advance(60 * SECOND);
            late.settle(1).unwrap()
        }];
        if !costs {
            assert_eq!(given, [Refund::Expired; 2]);
            continue;
        }
        // the minute is over, the day is not
        assert_eq!(given, [Refund::Returned(39), Refund::Returned(29)]);
        let rooms: Vec<u64> = limiter
            .remaining()
            .unwrap()
            .costs
            .iter()
            .map(|room| room.remaining)
            .collect();
        assert_eq!(rooms, [100, 478]);
        clock.advance(2 * 86_400 * SECOND);
        assert_eq!(never.refund().unwrap(), Refund::Expired);
    }
}
