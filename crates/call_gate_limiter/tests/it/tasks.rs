//! Tasks: a crowd of them in tokio's paused time, and what wakes one.

use crate::crowd::{Foretold, hold, seed};
use crate::hand::{Sleeper, now};
use crate::{MILLI, SECOND, START, manual};
use call_gate_async::TokioClock;
use call_gate_core::{Demand, UpdateError, Wait};
use call_gate_limiter::{AsyncPermit, AsyncRateLimiter, RateLimiter, RateLimiterBuilder};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, timeout};

const DAY: Duration = Duration::from_secs(86_400);

/// A runtime of one thread whose time jumps on when there is nothing to do.
fn paused() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap()
}

/// A limiter in tokio's time, which starts with a frame of any window.
fn in_tokio_time(builder: RateLimiterBuilder) -> (AsyncRateLimiter, TokioClock) {
    let clock = TokioClock::starting_at(START + DAY);
    let limiter = builder.clock(clock).build().unwrap();
    (limiter.into(), clock)
}

fn still(builder: RateLimiterBuilder) -> AsyncRateLimiter {
    builder.clock(manual()).build().unwrap().into()
}

#[test]
fn two_thousand_tasks_are_admitted_when_the_oracle_says_and_in_order() {
    const CROWD: usize = 2_000;
    let admitted: Arc<Mutex<Vec<(usize, u64)>>> = Arc::default();
    let out = Arc::new(AtomicU64::new(0));
    paused().block_on(async {
        let (limiter, clock) = in_tokio_time(seed());
        let tasks = (0..CROWD).map(|number| {
            let (limiter, admitted, out) = (limiter.clone(), admitted.clone(), out.clone());
            tokio::spawn(async move {
                let permit = limiter.acquire().await.unwrap();
                let time = u64::try_from(clock.elapsed().as_nanos()).unwrap();
                admitted.lock().unwrap().push((number, time));
                let together = out.fetch_add(1, Ordering::SeqCst) + 1;
                assert!(together <= 2, "{together} at once");
                sleep(hold(number)).await;
                out.fetch_sub(1, Ordering::SeqCst);
                drop(permit);
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!((limiter.waiters(), limiter.permits_out()), (0, Some(0)));
    });
    let start = u64::try_from(DAY.as_nanos()).unwrap();
    let mut foretold = Foretold::new(CROWD, start);
    while foretold.next().is_some() {}
    let told = foretold.admitted.into_iter();
    let told: Vec<_> = told.map(|(number, time)| (number, time - start)).collect();
    assert_eq!(*admitted.lock().unwrap(), told);
    assert_eq!(told.len(), CROWD);
}

#[test]
fn a_release_wakes_a_task_and_no_timer_is_needed() {
    paused().block_on(async {
        let (limiter, _) = in_tokio_time(RateLimiter::builder().per_second(100).max_burst(1));
        let began = Instant::now();
        let held = limiter.acquire_owned().await.unwrap();
        let waiting = tokio::spawn({
            let limiter = limiter.clone();
            async move { limiter.acquire_owned().await }
        });
        let behind = tokio::spawn({
            let limiter = limiter.clone();
            async move {
                limiter
                    .acquire_owned_with(Demand::new(1), Wait::For(DAY))
                    .await
            }
        });
        while limiter.waiters() < 2 {
            tokio::task::yield_now().await;
        }
        drop(held);
        drop(waiting.await.unwrap().unwrap());
        drop(behind.await.unwrap().unwrap());
        assert_eq!(began.elapsed(), Duration::ZERO);
    });
}

#[test]
fn timeouts_and_a_close_end_every_wait_of_a_task() {
    let full: [fn(&AsyncRateLimiter); 2] = [
        |limiter| now(limiter.acquire_many(3)).unwrap().forget(),
        |limiter| drop(now(limiter.acquire_many(3)).unwrap()),
    ];
    for full in full {
        paused().block_on(async {
            let builder = RateLimiter::builder().limit(3, 10 * SECOND).max_burst(3);
            let (limiter, _) = in_tokio_time(builder);
            full(&limiter);
            let began = Instant::now();
            let first = limiter.acquire_timeout(250 * MILLI).await;
            assert!(matches!(first, Err(UpdateError::WaitExhausted(_))));
            assert_eq!(began.elapsed(), 250 * MILLI);
            // cancelled by its caller
            assert!(timeout(50 * MILLI, limiter.acquire()).await.is_err());
            assert_eq!((limiter.waiters(), began.elapsed()), (0, 300 * MILLI));
            let head = tokio::spawn({
                let limiter = limiter.clone();
                async move { limiter.acquire().await.map(drop) }
            });
            tokio::task::yield_now().await;
            assert_eq!(limiter.waiters(), 1);
            let behind = limiter.acquire_timeout(100 * MILLI).await;
            assert!(matches!(behind, Err(UpdateError::WaitExhausted(_))));
            assert_eq!(began.elapsed(), 400 * MILLI);
            limiter.close();
            assert!(matches!(head.await.unwrap(), Err(UpdateError::Closed)));
            assert_eq!(began.elapsed(), 400 * MILLI);
            assert_eq!(limiter.waiters(), 0);
        });
    }
}

#[test]
fn a_task_that_is_dropped_with_its_permit_gives_it_back() {
    paused().block_on(async {
        let (limiter, _) = in_tokio_time(RateLimiter::builder().max_burst(1));
        let task = tokio::spawn({
            let limiter = limiter.clone();
            async move { limiter.run(std::future::pending::<()>()).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(limiter.permits_out(), Some(1));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(limiter.permits_out(), Some(0));
        // and one that panics
        let panics = tokio::spawn({
            let limiter = limiter.clone();
            async move { limiter.run(async { panic!("in the body") }).await }
        });
        let ended: Result<Result<(), UpdateError>, _> = panics.await;
        assert!(ended.unwrap_err().is_panic());
        assert_eq!(limiter.permits_out(), Some(0));
    });
}

#[test]
fn a_head_that_goes_away_wakes_the_next() {
    let limiter = still(RateLimiter::builder().limit(10, SECOND).max_burst(2));
    let held = now(limiter.acquire()).unwrap();
    let asks = |value: u64| {
        let limiter = limiter.clone();
        Sleeper::new(async move {
            limiter
                .acquire_many(value)
                .await
                .map(AsyncPermit::into_owned)
        })
    };
    // there is one place, and the first wants two
    let (mut first, mut second) = (asks(2), asks(1));
    assert!(first.sleeps() && second.sleeps());
    let queued = now(limiter.try_acquire()).unwrap_err();
    assert!(matches!(queued, UpdateError::Queued(_)), "{queued:?}");
    drop(first);
    let (_, admitted) = second.look();
    let admitted = admitted.unwrap().unwrap();
    assert_eq!(limiter.permits_out(), Some(2));
    drop((held, admitted));
    assert_eq!(limiter.permits_out(), Some(0));
}

#[test]
fn a_permit_of_a_task_is_refunded_and_settled() {
    let limiter = still(
        RateLimiter::builder()
            .per_minute(10)
            .cost_per_minute(100)
            .max_burst(4),
    );
    let ask = |cost| now(limiter.acquire_costing(cost)).unwrap();
    let room = || {
        let remaining = now(limiter.remaining()).unwrap();
        (
            remaining.windows[0].remaining,
            remaining.costs[0].remaining,
            remaining.burst,
        )
    };
    let (one, two, three) = (ask(50), ask(20), ask(10));
    assert_eq!(room(), (7, 20, Some(1)));
    now(one.settle(5)).unwrap();
    assert_eq!(room(), (7, 65, Some(2)));
    now(two.refund()).unwrap();
    assert_eq!(room(), (8, 85, Some(3)));
    now(three.into_owned().settle(95)).unwrap();
    assert_eq!(room(), (8, 0, Some(4)));
    // a future that is dropped unpolled: its places come back, what it booked stays
    drop(ask(0).refund());
    assert_eq!(room(), (7, 0, Some(4)));
}
