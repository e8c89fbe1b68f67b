//! Attempts that go wrong.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// A pool whose attempts do that, and how many there were.
fn pool(
    act: impl Fn(usize) -> RedisResult<Connection> + Send + Sync + 'static,
) -> (Arc<Pool>, Arc<AtomicUsize>) {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let connect = move |_| act(counted.fetch_add(1, Ordering::SeqCst));
    (Arc::new(Pool::of(Box::new(connect))), attempts)
}

fn soon(millis: u64) -> Instant {
    Instant::now() + Duration::from_millis(millis)
}

#[test]
fn connecting_that_panics_is_a_failure_and_not_tried_again_for_the_same_caller() {
    let (pool, attempts) = pool(|_| panic!("as a test wants it"));
    for n in 1..=3 {
        let fault = pool.take(soon(5_000)).map(drop).unwrap_err();
        assert!(format!("{fault:?}").contains("panicked"), "{fault:?}");
        assert_eq!(attempts.load(Ordering::SeqCst), n);
    }
}

#[test]
fn attempts_that_hang_do_not_keep_others_from_trying() {
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let (pool, attempts) = pool(move |n| {
        if n == 0 {
            // until the test is over
            let _ = held.lock().unwrap().recv();
        }
        Err((ErrorKind::Client, "refused").into())
    });
    // the first hangs, and while it may still come through nobody tries beside it
    let fault = pool.take(soon(200)).map(drop).unwrap_err();
    assert!(format!("{fault:?}").contains("TooLate"), "{fault:?}");
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
    let from = Instant::now();
    let fault = pool.take(soon(5_000)).map(drop).unwrap_err();
    assert!(format!("{fault:?}").contains("refused"), "{fault:?}");
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
    assert!(from.elapsed() < Duration::from_secs(3));
    drop(release);
}
