//! A limiter before an `async fn`: the permit is held across its awaits.

use super::{CALLS, Room, burst, seed, seed_takes};
use crate::decorator::passed;
use call_gate::{AsyncRateLimiter, RateLimiter, UpdateError, call_gate};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};

/// Each call in a task of its own.
async fn in_tasks<F>(call: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for _ in 0..CALLS {
        tasks.spawn(call());
    }
    tasks.join_all().await;
}

#[tokio::test]
async fn a_permit_is_held_across_awaits() {
    #[call_gate(limiter)]
    async fn work(
        limiter: &AsyncRateLimiter,
        text: &str,
    ) -> Result<u8, crate::decorator::AppError> {
        yield_now().await;
        assert_eq!(limiter.permits_out(), Some(1));
        if text.is_empty() {
            return Ok(0);
        }
        Ok(text.parse()?)
    }

    let limiter = AsyncRateLimiter::from(burst());
    let call = work(&limiter, "12");
    // nothing happens before the first poll
    assert_eq!(limiter.permits_out(), Some(0));
    assert_eq!(call.await.unwrap(), 12);
    assert_eq!(limiter.permits_out(), Some(0));
    assert_eq!(work(&limiter, "").await.unwrap(), 0);
    work(&limiter, "x").await.unwrap_err();
    assert_eq!(limiter.permits_out(), Some(0));
}

#[tokio::test]
async fn a_permit_comes_back_with_a_task_that_panics_or_is_dropped() {
    #[call_gate(limiter)]
    async fn work(limiter: RateLimiter, begun: Arc<Notify>, panics: bool) {
        begun.notify_one();
        assert!(!panics, "as asked");
        std::future::pending::<()>().await;
        drop(limiter);
    }

    let (limiter, begun) = (burst(), Arc::new(Notify::new()));
    let panicked = tokio::spawn(work(limiter.clone(), Arc::clone(&begun), true)).await;
    assert!(panicked.unwrap_err().is_panic());
    begun.notified().await;
    assert_eq!(limiter.permits_out(), Some(0));

    let pending = tokio::spawn(work(limiter.clone(), Arc::clone(&begun), false));
    begun.notified().await;
    assert_eq!(limiter.permits_out(), Some(1));
    pending.abort();
    assert!(pending.await.unwrap_err().is_cancelled());
    assert_eq!(limiter.permits_out(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_seeds_decorator_never_has_more_than_two_inside() {
    #[call_gate(limiter)]
    async fn work(limiter: AsyncRateLimiter, room: Arc<Room>) {
        let _inside = room.enter();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    let ((limiter, clock), room) = (seed(), Arc::new(Room::default()));
    in_tasks(|| work(limiter.clone().into(), Arc::clone(&room))).await;
    assert!(room.most() <= 2, "{} at once", room.most());
    assert_eq!(room.visits(), CALLS);
    assert_eq!(passed(&clock), seed_takes());
    assert_eq!(limiter.permits_out(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limiter_of_its_own_holds_its_permit_for_the_body() {
    #[call_gate(max_burst = 2)]
    async fn work(room: Arc<Room>) {
        let _inside = room.enter();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    #[call_gate(per_second = 3, second_window = 3, per_minute = 5, blocking = false)]
    async fn at_once() -> Result<(), UpdateError> {
        yield_now().await;
        Ok(())
    }

    let room = Arc::new(Room::default());
    in_tasks(|| work(Arc::clone(&room))).await;
    assert!(room.most() <= 2, "{} at once", room.most());
    assert_eq!(room.visits(), CALLS);

    for _ in 0..3 {
        at_once().await.unwrap();
    }
    match at_once().await {
        Err(UpdateError::WindowLimit(denial)) => {
            assert_eq!(
                (denial.limit(), denial.window()),
                (3, Some(Duration::from_secs(3)))
            );
        }
        other => panic!("not denied by a window: {other:?}"),
    }
}
