//! A limiter before a function: what is held while the body runs, and limiters of functions' own.

#[cfg(feature = "tokio")]
mod awaited;

use super::passed;
use call_gate::{ManualClock, RateLimiter, RateLimiterBuilder, UpdateError, call_gate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

const CALLS: u64 = 30;

/// Counts who is inside, and how many there were at most.
#[derive(Default)]
struct Room {
    inside: AtomicU64,
    most: AtomicU64,
    visits: AtomicU64,
}

impl Room {
    fn enter(&self) -> Inside<'_> {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        self.visits.fetch_add(1, Ordering::SeqCst);
        Inside(self)
    }

    fn most(&self) -> u64 {
        self.most.load(Ordering::SeqCst)
    }

    fn visits(&self) -> u64 {
        self.visits.load(Ordering::SeqCst)
    }
}

struct Inside<'r>(&'r Room);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}

#[expect(clippy::unwrap_used, reason = "the limits are sound")]
fn made(builder: RateLimiterBuilder) -> RateLimiter {
    builder.build().unwrap()
}

/// Two at once, and nothing else.
fn burst() -> RateLimiter {
    made(RateLimiter::builder().max_burst(2))
}

/// The seed's decorator, and its clock, which waiting moves.
fn seed() -> (RateLimiter, ManualClock) {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
    let builder = RateLimiter::builder().per_second(3).second_window(3);
    let builder = builder.per_minute(5).max_burst(2);
    (made(builder.clock(clock.clone())), clock)
}

/// How long the seed's limits take for all calls: five a minute, of which two come three seconds late.
fn seed_takes() -> Duration {
    Duration::from_secs((CALLS / 5 - 1) * 60 + 3)
}

/// Each call on a thread of its own.
fn on_threads(call: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..CALLS {
            scope.spawn(&call);
        }
    });
}

#[test]
fn a_permit_is_held_until_the_body_is_done() {
    #[call_gate(limiter)]
    fn inside(limiter: &RateLimiter, deep: u8) -> Result<Option<u64>, UpdateError> {
        if deep > 0 {
            return inside(limiter, deep - 1);
        }
        Ok(limiter.permits_out())
    }
    #[call_gate(limiter)]
    fn generic<T: Into<u64>>(limiter: &RateLimiter, number: T) -> (u64, Option<u64>) {
        (number.into(), limiter.permits_out())
    }
    #[call_gate(limiter, value = 2)]
    fn two_places(limiter: &RateLimiter) -> Option<u64> {
        limiter.permits_out()
    }

    let limiter = burst();
    assert_eq!(inside(&limiter, 1).unwrap(), Some(2));
    assert_eq!(limiter.permits_out(), Some(0));
    assert_eq!(generic(&limiter, 7_u8), (7, Some(1)));
    assert_eq!(limiter.permits_out(), Some(0));
    assert_eq!(two_places(&limiter), Some(2));
    assert_eq!(limiter.permits_out(), Some(0));
}

#[test]
fn a_permit_comes_back_however_the_body_ends() {
    #[call_gate(limiter)]
    fn parsed(limiter: &RateLimiter, text: &str) -> Result<u8, super::AppError> {
        assert_eq!(limiter.permits_out(), Some(1));
        if text.is_empty() {
            return Ok(0);
        }
        assert!(text.len() < 4, "too long");
        Ok(text.parse()?)
    }

    let limiter = burst();
    assert_eq!(parsed(&limiter, "").unwrap(), 0);
    assert_eq!(limiter.permits_out(), Some(0));
    parsed(&limiter, "x").unwrap_err();
    assert_eq!(limiter.permits_out(), Some(0));
    catch_unwind(AssertUnwindSafe(|| parsed(&limiter, "12345"))).unwrap_err();
    assert_eq!(limiter.permits_out(), Some(0));
    assert_eq!(parsed(&limiter, "12").unwrap(), 12);
}

#[test]
fn a_method_may_do_as_it_likes_with_its_limiter() {
    struct Api {
        limiter: RateLimiter,
        calls: u64,
    }

    impl Api {
        #[call_gate(self.limiter)]
        fn call(&mut self, other: &RateLimiter) -> Result<&mut u64, UpdateError> {
            assert_eq!(self.limiter.permits_out(), Some(1));
            self.limiter = other.clone();
            self.calls += 1;
            Ok(&mut self.calls)
        }

        #[call_gate(self.limiter)]
        fn into_calls(self) -> u64 {
            drop(self.limiter);
            self.calls
        }
    }

    let (first, second) = (burst(), burst());
    let mut api = Api {
        limiter: first.clone(),
        calls: 0,
    };
    *api.call(&second).unwrap() += 1;
    assert_eq!(api.into_calls(), 2);
    assert_eq!(
        (first.permits_out(), second.permits_out()),
        (Some(0), Some(0))
    );
}

#[test]
fn the_seeds_decorator_never_has_more_than_two_inside() {
    #[call_gate(limiter)]
    fn work(limiter: &RateLimiter, room: &Room) {
        let _inside = room.enter();
        thread::sleep(Duration::from_millis(1));
    }

    let ((limiter, clock), room) = (seed(), Room::default());
    on_threads(|| work(&limiter, &room));
    assert!(room.most() <= 2, "{} at once", room.most());
    assert_eq!(room.visits(), CALLS);
    assert_eq!(passed(&clock), seed_takes());
    assert_eq!(limiter.permits_out(), Some(0));
}

#[test]
fn a_limiter_of_its_own_has_what_is_written() {
    #[call_gate(
        per_second = 3,
        second_window = 3,
        per_minute = 5,
        max_burst = 2,
        wait = never
    )]
    fn seed() -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(name = "own", per_day = 1, day_window = 2, blocking = false)]
    fn days() -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(per_hour = 1, strict = true, wait = never)]
    fn hour() -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(per_minute = 1, minute_window = 10, wait = never)]
    fn minutes<T: Default>() -> Result<T, UpdateError> {
        Ok(T::default())
    }

    /// The limit that denies a call, and in how many seconds.
    fn denied<T>(call: Result<T, UpdateError>) -> (u64, u64) {
        match call.map(drop) {
            Err(UpdateError::WindowLimit(denial)) => {
                (denial.limit(), denial.window().unwrap().as_secs())
            }
            other => panic!("not denied by a window: {other:?}"),
        }
    }

    for _ in 0..3 {
        seed().unwrap();
    }
    assert_eq!(denied(seed()), (3, 3));
    days().unwrap();
    assert_eq!(denied(days()), (1, 2 * 86_400));
    let error = days().unwrap_err();
    assert_eq!(error.denial().unwrap().gate().as_deref(), Some("own"));
    hour().unwrap();
    assert_eq!(denied(hour()), (1, 3_600));
    // all instances of a generic function share one
    minutes::<u8>().unwrap();
    assert_eq!(denied(minutes::<String>()), (1, 600));
}

#[test]
fn a_limiter_of_its_own_holds_its_permit_for_the_body() {
    #[call_gate(max_burst = 2)]
    fn work(room: &Room) {
        let _inside = room.enter();
        thread::sleep(Duration::from_millis(1));
    }
    #[call_gate(max_burst = 1, blocking = false)]
    fn again(deep: bool) -> Result<(), UpdateError> {
        if deep { again(false) } else { Ok(()) }
    }

    let room = Room::default();
    on_threads(|| work(&room));
    assert!(room.most() <= 2, "{} at once", room.most());
    assert_eq!(room.visits(), CALLS);

    assert!(matches!(again(true), Err(UpdateError::BurstLimit(_))));
    again(false).unwrap();
}

#[test]
fn one_that_does_not_wait_waits_before_a_function_that_cannot_say_no() {
    #[call_gate(limiter)]
    fn silent(limiter: &RateLimiter) -> Option<u64> {
        limiter.permits_out()
    }
    #[call_gate(limiter)]
    fn reports(limiter: &RateLimiter) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(limiter, wait = "1ms")]
    fn says_how_long(limiter: &RateLimiter) -> Result<(), UpdateError> {
        Ok(())
    }

    let limiter = made(RateLimiter::builder().max_burst(1).blocking(false));
    let permit = limiter.acquire().unwrap();
    assert!(matches!(reports(&limiter), Err(UpdateError::BurstLimit(_))));
    assert!(matches!(
        says_how_long(&limiter),
        Err(UpdateError::WaitExhausted(_))
    ));
    thread::scope(|scope| {
        let waits = scope.spawn(|| silent(&limiter));
        while limiter.waiters() == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(!waits.is_finished());
        drop(permit);
        assert_eq!(waits.join().unwrap(), Some(1));
    });
    assert_eq!(limiter.permits_out(), Some(0));
}
