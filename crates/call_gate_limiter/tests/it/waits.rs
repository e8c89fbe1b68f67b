//! How long a request waits, and what ends it: its time, a close, or that it does not wait at all.

use crate::{Closes, MILLI, SECOND, manual, still, until};
use call_gate_core::{Admit, Demand, Entry, Scope, UpdateError, Wait};
use call_gate_limiter::{RateLimiter, RateLimiterBuilder};
use std::thread;
use std::time::{Duration, Instant};

fn builder() -> RateLimiterBuilder {
    RateLimiter::builder().limit(3, 10 * SECOND).max_burst(3)
}

type Fill = fn(&RateLimiter);

/// Full windows, and full permits.
const FULL: [(Scope, Fill); 2] = [
    (Scope::Window, |limiter| {
        drop(limiter.acquire_many(3).unwrap());
    }),
    (Scope::Burst, |limiter| {
        limiter.set_limit(10 * SECOND, 9).unwrap();
        limiter.acquire_many(3).unwrap().forget();
    }),
];

#[test]
fn a_limiter_that_does_not_block_answers_at_once() {
    for (scope, full) in FULL {
        let limiter = still(builder().blocking(false));
        assert!(!limiter.is_blocking());
        full(&limiter);
        let errors = [
            limiter.acquire().unwrap_err(),
            limiter.enter().unwrap_err(),
            limiter.try_acquire().unwrap_err(),
            limiter.acquire_many(2).unwrap_err(),
            limiter.acquire_costing(7).unwrap_err(),
            limiter.acquire_owned().unwrap_err(),
            limiter.run(|| ()).unwrap_err(),
            limiter.try_run(|| Ok::<_, UpdateError>(())).unwrap_err(),
            Admit::admit(&limiter, Entry::new(1)).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.denial().unwrap().scope(), scope, "{error}");
            assert!(error.may_pass_later());
        }
        assert_eq!(limiter.waiters(), 0);
    }
}

#[test]
fn a_function_that_cannot_report_waits_even_so() {
    let limiter = still(builder().blocking(false));
    let held = limiter.acquire_many(3).unwrap();
    limiter.set_limit(10 * SECOND, 9).unwrap();
    thread::scope(|scope| {
        let _closes = Closes(&limiter);
        let waits = scope.spawn(|| Admit::admit(&limiter, Entry::new(1).unreported()).map(drop));
        until(|| limiter.waiters() == 1);
        drop(held);
        waits.join().unwrap().unwrap();
    });
}

#[test]
fn a_close_ends_every_wait_at_once() {
    for (_, full) in FULL {
        let limiter = still(builder());
        full(&limiter);
        let began = Instant::now();
        thread::scope(|scope| {
            let _closes = Closes(&limiter);
            let waits = [
                Wait::Forever,
                Wait::For(3_600 * SECOND),
                Wait::Window,
                Wait::Forever,
            ];
            let waiters = waits.map(|wait| {
                let limiter = &limiter;
                scope.spawn(move || limiter.acquire_with(Demand::new(1), wait).map(drop))
            });
            until(|| limiter.waiters() == 4);
            limiter.close();
            for waiter in waiters {
                assert!(matches!(waiter.join().unwrap(), Err(UpdateError::Closed)));
            }
        });
        assert!(began.elapsed() < 30 * SECOND);
        assert!(limiter.is_closed());
        assert!(matches!(limiter.acquire(), Err(UpdateError::Closed)));
        assert!(matches!(limiter.try_acquire(), Err(UpdateError::Closed)));
        assert!(matches!(limiter.acquire_many(99), Err(UpdateError::Closed)));
        assert_eq!(
            (limiter.waiters(), limiter.wait_time()),
            (0, Some(Duration::MAX))
        );
    }
}

#[test]
fn a_timeout_ends_a_wait_in_the_limiters_time() {
    for (scope, full) in FULL {
        let clock = manual();
        let limiter = builder().clock(clock.clone()).build().unwrap();
        full(&limiter);
        thread::scope(|threads| {
            let _closes = Closes(&limiter);
            let first = threads.spawn(|| limiter.acquire_timeout(SECOND).map(drop));
            until(|| limiter.waiters() == 1);
            let behind = threads.spawn(|| limiter.acquire_timeout(2 * SECOND).map(drop));
            until(|| limiter.waiters() == 2);
            clock.advance(SECOND);
            match first.join().unwrap() {
                Err(UpdateError::WaitExhausted(denial)) => {
                    let left = if scope == Scope::Burst {
                        Duration::ZERO
                    } else {
                        9 * SECOND
                    };
                    assert_eq!((denial.scope(), denial.retry_after()), (scope, left));
                    assert_eq!((denial.used(), denial.limit()), (3, 3));
                }
                other => panic!("{other:?}"),
            }
            clock.advance(SECOND);
            assert!(matches!(
                behind.join().unwrap(),
                Err(UpdateError::WaitExhausted(_))
            ));
        });
        let error = limiter.acquire_timeout(Duration::ZERO).unwrap_err();
        assert!(matches!(error, UpdateError::WaitExhausted(_)), "{error:?}");
        assert_eq!(limiter.waiters(), 0);
    }
}

#[test]
fn a_timeout_ends_a_wait_in_real_time() {
    let limiter = builder().build().unwrap();
    let held = limiter.acquire_many(3).unwrap();
    let began = Instant::now();
    let error = limiter.acquire_timeout(30 * MILLI).unwrap_err();
    let took = began.elapsed();
    assert!(matches!(error, UpdateError::WaitExhausted(_)), "{error:?}");
    assert!(took >= 30 * MILLI && took < 30 * SECOND, "{took:?}");
    drop(held);
}

#[test]
fn permits_alone_and_costs_alone_are_limiters() {
    let limiter = still(RateLimiter::builder().max_burst(2));
    let (one, _two) = (limiter.acquire().unwrap(), limiter.acquire().unwrap());
    let error = limiter.try_acquire().unwrap_err();
    assert!(matches!(error, UpdateError::BurstLimit(_)), "{error:?}");
    assert_eq!(limiter.wait_time(), Some(Duration::ZERO));
    let remaining = limiter.remaining().unwrap();
    assert_eq!(
        (
            remaining.windows.len(),
            remaining.costs.len(),
            remaining.burst
        ),
        (0, 0, Some(0))
    );
    drop(one);
    assert_eq!(limiter.wait_time(), None);
    for _ in 0..10_000 {
        drop(limiter.acquire().unwrap());
    }

    let clock = manual();
    let limiter = RateLimiter::builder()
        .cost_per_minute(100)
        .clock(clock.clone())
        .build()
        .unwrap();
    for _ in 0..1_000 {
        drop(limiter.try_acquire().unwrap());
    }
    let costly = limiter.acquire_costing(70).unwrap();
    clock.advance(20 * SECOND);
    let error = limiter
        .acquire_with(Demand::new(1).costing(31), Wait::Never)
        .unwrap_err();
    let UpdateError::WindowLimit(denial) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (denial.scope(), denial.window()),
        (Scope::Cost, Some(60 * SECOND))
    );
    assert_eq!(
        (denial.used(), denial.limit(), denial.requested()),
        (70, 100, 31)
    );
    assert_eq!(denial.retry_after(), 40 * SECOND);
    assert_eq!(
        denial.to_string(),
        "cost limit of 100 in 60s has no room for 31 (70 used); retry in 40s"
    );
    costly.settle(10).unwrap();
    drop(limiter.acquire_costing(90).unwrap());
    assert_eq!((limiter.permits_out(), limiter.wait_time()), (None, None));
}
