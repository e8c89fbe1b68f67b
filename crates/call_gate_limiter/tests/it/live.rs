//! Limits that are changed live: what they do, what they wake, what is refused.

use crate::{Closes, SECOND, manual, still, until};
use call_gate_core::{ConfigErrorKind, Demand, UpdateError, Wait};
use call_gate_limiter::RateLimiter;
use std::thread;
use std::time::Duration;

#[test]
fn more_room_wakes_who_waits() {
    type Change = fn(&RateLimiter);
    let changes: [(&str, Change, Change); 4] = [
        (
            "burst",
            |limiter| limiter.acquire_many(2).unwrap().forget(),
            |limiter| limiter.set_max_burst(3).unwrap(),
        ),
        (
            "window",
            |limiter| drop(limiter.acquire_many(2).unwrap()),
            |limiter| limiter.set_limit(SECOND, 3).unwrap(),
        ),
        (
            "cost",
            |limiter| drop(limiter.acquire_costing(9).unwrap()),
            |limiter| limiter.set_cost_limit(SECOND, 10).unwrap(),
        ),
        (
            "forgotten",
            |limiter| {
                limiter.acquire().unwrap().forget();
                limiter.acquire().unwrap().forget();
            },
            |limiter| limiter.set_max_burst(4).unwrap(),
        ),
    ];
    for (what, fill, change) in changes {
        // the clock stands still: nothing but the change can let anybody in
        let limiter = RateLimiter::builder()
            .limit(2, SECOND)
            .cost_limit(9, SECOND)
            .max_burst(2);
        let limiter = limiter.clock(manual()).build().unwrap();
        fill(&limiter);
        if what == "burst" || what == "forgotten" {
            limiter.set_limit(SECOND, 9).unwrap();
        }
        let demand = Demand::new(1).costing(1);
        thread::scope(|scope| {
            let _closes = Closes(&limiter);
            let waiter = scope.spawn(|| limiter.acquire_with(demand, Wait::Forever).map(drop));
            until(|| limiter.waiters() == 1);
            change(&limiter);
            waiter.join().unwrap().unwrap();
        });
        assert_eq!(limiter.waiters(), 0, "{what}");
    }
}

#[test]
fn fewer_permits_leave_those_that_are_out() {
    let limiter = still(RateLimiter::builder().max_burst(3));
    let permits = [(); 3].map(|()| limiter.acquire_owned().unwrap());
    limiter.set_max_burst(1).unwrap();
    assert_eq!(
        (limiter.max_burst(), limiter.permits_out()),
        (Some(1), Some(3))
    );
    assert_eq!(limiter.remaining().unwrap().burst, Some(0));
    for permit in permits {
        assert!(matches!(
            limiter.try_acquire(),
            Err(UpdateError::BurstLimit(_))
        ));
        drop(permit);
    }
    drop(limiter.try_acquire().unwrap());
}

#[test]
fn each_window_has_its_own_limit() {
    let limiter = still(
        RateLimiter::builder()
            .limit(5, SECOND)
            .limit(9, 10 * SECOND),
    );
    drop(limiter.acquire_many(4).unwrap());
    limiter.set_limit(SECOND, 3).unwrap();
    let rooms = |limiter: &RateLimiter| {
        let windows = limiter.remaining().unwrap().windows;
        windows
            .iter()
            .map(|room| (room.limit, room.remaining))
            .collect::<Vec<_>>()
    };
    assert_eq!(rooms(&limiter), [(3, 0), (9, 5)]);
    limiter.set_limit(10 * SECOND, 4).unwrap();
    limiter.set_limit(SECOND, 8).unwrap();
    assert_eq!(rooms(&limiter), [(8, 4), (4, 0)]);
    let error = limiter.try_acquire().unwrap_err();
    assert_eq!(error.denial().unwrap().window(), Some(10 * SECOND));
    assert_eq!(
        error.to_string(),
        "limit of 4 in 10s has no room for 1 (4 used); retry in 10s"
    );
}

#[test]
fn wrong_limits_change_nothing() {
    use ConfigErrorKind::{GateSize, Limits};
    let builder = RateLimiter::builder()
        .limit(5, SECOND)
        .cost_limit(50, SECOND);
    let limiter = still(builder.limits_up_to(100));
    let minute = Duration::from_secs(60);
    let told = [
        (
            limiter.set_limit(minute, 5),
            GateSize,
            "a window of 60s must be one of the limiter's: [1s]",
        ),
        (
            limiter.set_cost_limit(minute, 5),
            GateSize,
            "a window of cost of 60s must be one of the limiter's: [1s]",
        ),
        (
            limiter.set_limit(SECOND, 0),
            Limits,
            "a limit of 0 must be at least 1",
        ),
        (
            limiter.set_cost_limit(SECOND, 101),
            Limits,
            "a limit of 101 must not be above the limiter's limits_up_to(100)",
        ),
    ];
    for (set, kind, message) in told {
        let error = set.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
    }
    let remaining = limiter.remaining().unwrap();
    assert_eq!(
        (remaining.windows[0].limit, remaining.costs[0].limit),
        (5, 50)
    );
    // the lock-free window has an end too, and says where
    let packed = still(RateLimiter::builder().limit(5, SECOND));
    let error = packed.set_limit(SECOND, u64::MAX).unwrap_err();
    assert_eq!(error.kind(), Limits);
    assert!(error.to_string().contains("limits_up_to"), "{error}");
}
