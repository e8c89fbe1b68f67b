//! One queue for all: threads and tasks, windows and places, in order of arrival.

use crate::{Closes, SECOND, manual, still, until};
use call_gate_core::{Demand, Scope, UpdateError, Wait};
use call_gate_limiter::RateLimiter;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

#[test]
fn a_release_lets_the_next_in_and_no_timer_is_needed() {
    // nobody moves this clock
    let limiter = still(RateLimiter::builder().limit(1_000, SECOND).max_burst(1));
    let served = Mutex::new(Vec::new());
    let held = limiter.acquire().unwrap();
    thread::scope(|scope| {
        let _closes = Closes(&limiter);
        for number in 0..20 {
            let (limiter, served) = (&limiter, &served);
            scope.spawn(move || {
                let wait = if number % 2 == 0 {
                    Wait::Forever
                } else {
                    Wait::For(SECOND)
                };
                let _permit = limiter.acquire_with(Demand::new(1), wait).unwrap();
                served.lock().unwrap().push(number);
            });
            until(|| limiter.waiters() == number + 1);
        }
        drop(held);
    });
    assert_eq!(served.into_inner().unwrap(), (0..20).collect::<Vec<_>>());
    assert_eq!(limiter.permits_out(), Some(0));
}

#[test]
fn who_comes_later_is_told_to_queue() {
    let limiter = still(RateLimiter::builder().limit(10, SECOND).max_burst(3));
    let held = limiter.acquire_many(2).unwrap();
    thread::scope(|scope| {
        let _closes = Closes(&limiter);
        // a place is free, and the head wants two: nobody small goes past it
        let first = scope.spawn(|| limiter.acquire_many(2).map(drop));
        until(|| limiter.waiters() == 1);
        for _ in 0..100 {
            let UpdateError::Queued(denial) = limiter.try_acquire().unwrap_err() else {
                panic!("it overtook the head")
            };
            assert_eq!((denial.scope(), denial.requested()), (Scope::Queue, 1));
            assert_eq!((denial.limit(), denial.used()), (3, 2)); // permits, the tightest
        }
        let small = scope.spawn(|| limiter.acquire().map(drop));
        until(|| limiter.waiters() == 2);
        assert_eq!(limiter.permits_out(), Some(2));
        assert_eq!(limiter.wait_time(), Some(Duration::ZERO));
        // one that asks for nothing has nothing to wait for
        drop(limiter.acquire_many(0).unwrap());
        drop(held);
        first.join().unwrap().unwrap();
        small.join().unwrap().unwrap();
    });
    drop(limiter.try_acquire().unwrap());
}

#[test]
fn a_head_that_waits_for_a_window_keeps_the_others_behind_it() {
    let clock = manual();
    let builder = RateLimiter::builder()
        .limit(3, SECOND)
        .limit(4, 3 * SECOND)
        .max_burst(5);
    let limiter = builder.clock(clock.clone()).build().unwrap();
    drop(limiter.acquire_many(2).unwrap());
    let when = Mutex::new(Vec::new());
    thread::scope(|scope| {
        let _closes = Closes(&limiter);
        for weight in [2, 1, 1] {
            let (limiter, when, clock) = (&limiter, &when, &clock);
            let before = limiter.waiters();
            scope.spawn(move || {
                limiter.acquire_many(weight).unwrap().forget();
                when.lock().unwrap().push((clock.time(), weight));
            });
            until(|| limiter.waiters() == before + 1);
        }
        // 2 fit when those of the first second are gone; 1 would have fit all along
        assert_eq!(limiter.wait_time(), Some(SECOND));
        clock.advance(Duration::from_nanos(999_999_999));
        assert_eq!(limiter.waiters(), 3);
        clock.advance(Duration::from_nanos(1));
        until(|| limiter.waiters() == 2 && when.lock().unwrap().len() == 1);
        // now the longer window is full
        until(|| limiter.wait_time() == Some(2 * SECOND));
        clock.advance(2 * SECOND);
        until(|| limiter.waiters() == 0);
    });
    let start = crate::START;
    let told = [
        (start + SECOND, 2),
        (start + 3 * SECOND, 1),
        (start + 3 * SECOND, 1),
    ];
    assert_eq!(when.into_inner().unwrap(), told);
    assert_eq!(limiter.permits_out(), Some(4));
}

#[cfg(feature = "tokio")]
#[test]
fn threads_and_tasks_stand_in_one_queue() {
    use call_gate_limiter::AsyncRateLimiter;
    let limiter = still(RateLimiter::builder().limit(1_000, SECOND).max_burst(1));
    let awaited = AsyncRateLimiter::from(limiter.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let served = std::sync::Arc::new(Mutex::new(Vec::new()));
    let held = limiter.acquire().unwrap();
    thread::scope(|scope| {
        let _closes = Closes(&limiter);
        let mut tasks = Vec::new();
        for number in 0..30 {
            let served = served.clone();
            if number % 3 == 1 {
                let awaited = awaited.clone();
                tasks.push(runtime.spawn(async move {
                    let _permit = awaited.acquire().await.unwrap();
                    served.lock().unwrap().push(number);
                }));
            } else {
                let limiter = &limiter;
                scope.spawn(move || {
                    let _permit = limiter.acquire().unwrap();
                    served.lock().unwrap().push(number);
                });
            }
            until(|| limiter.waiters() == number + 1);
        }
        drop(held);
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    });
    assert_eq!(*served.lock().unwrap(), (0..30).collect::<Vec<_>>());
    assert_eq!((limiter.waiters(), limiter.permits_out()), (0, Some(0)));
}
