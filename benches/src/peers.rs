//! The peers, set up so that one call does what one call of a gate does.
//!
//! `roomy_*` never denies within a run and `full_*` never admits; each is
//! asked for one unit on one hot key, through its cheapest public call.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use redis::aio::ConnectionManager;
use trypema::local::LocalRateLimiterProvider;
use trypema::redis::{RedisKey, RedisRateLimiterProvider};
use trypema::{BucketSize, RateLimit, RateLimitDecision, RateLimiterBuilder, WindowSize};

/// Units a roomy peer starts with, and gets back within a second where it has to.
const PLENTY: u32 = 1_000_000_000;

/// How long a full peer stays full.
const LONG: Duration = Duration::from_secs(3_600);

/// A governor of one key over the clock `C`.
pub type Governor<C> =
    RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// A governor with its default clock, the time stamp counter read by quanta.
pub fn roomy_governor() -> Governor<DefaultClock> {
    RateLimiter::direct(plenty())
}

/// A governor with the standard library's `Instant`.
pub fn roomy_governor_instant() -> Governor<MonotonicClock> {
    RateLimiter::direct_with_clock(plenty(), MonotonicClock)
}

/// A governor with its default clock whose one unit for the hour is gone.
pub fn full_governor() -> Governor<DefaultClock> {
    let governor = RateLimiter::direct(one_an_hour());
    assert!(governor.check().is_ok());
    governor
}

/// A governor with `Instant` whose one unit for the hour is gone.
pub fn full_governor_instant() -> Governor<MonotonicClock> {
    let governor = RateLimiter::direct_with_clock(one_an_hour(), MonotonicClock);
    assert!(governor.check().is_ok());
    governor
}

/// A token bucket of the ratelimit crate.
pub fn roomy_ratelimit() -> ratelimit::Ratelimiter {
    ratelimit::Ratelimiter::builder(u64::from(PLENTY))
        .max_tokens(u64::from(PLENTY))
        .initial_available(u64::from(PLENTY))
        .build()
        .expect("a valid ratelimit configuration")
}

/// A token bucket of the ratelimit crate whose one token for the hour is gone.
pub fn full_ratelimit() -> ratelimit::Ratelimiter {
    let limiter = ratelimit::Ratelimiter::builder(1)
        .period(LONG)
        .max_tokens(1)
        .initial_available(1)
        .build()
        .expect("a valid ratelimit configuration");
    assert!(limiter.try_wait().is_ok());
    limiter
}

/// A leaky bucket in its unfair mode. `try_acquire` needs no runtime.
pub fn roomy_leaky_bucket() -> leaky_bucket::RateLimiter {
    plentiful_leaky_bucket().fair(false).build()
}

/// A leaky bucket in its usual, fair mode.
pub fn roomy_fair_leaky_bucket() -> leaky_bucket::RateLimiter {
    plentiful_leaky_bucket().build()
}

fn plentiful_leaky_bucket() -> leaky_bucket::Builder {
    let plenty = PLENTY as usize;
    let mut builder = leaky_bucket::RateLimiter::builder();
    builder
        .initial(plenty)
        .max(plenty)
        .refill(plenty)
        .interval(Duration::from_secs(1));
    builder
}

/// A fair leaky bucket that starts full of `burst` and gets as much again every `period`.
pub fn leaky_bucket_of(burst: u32, period: Duration) -> leaky_bucket::RateLimiter {
    let burst = burst as usize;
    leaky_bucket::RateLimiter::builder()
        .initial(burst)
        .max(burst)
        .refill(burst)
        .interval(period)
        .fair(true)
        .build()
}

/// A governor for a `burst` at once that gets as much again in every `period`, bit by bit.
pub fn governor_of(burst: u32, period: Duration) -> Governor<DefaultClock> {
    let quota = Quota::with_period(period / burst).expect("above zero");
    RateLimiter::direct(quota.allow_burst(NonZeroU32::new(burst).expect("above zero")))
}

/// An empty leaky bucket in its unfair mode.
pub fn full_leaky_bucket() -> leaky_bucket::RateLimiter {
    leaky_bucket::RateLimiter::builder()
        .initial(0)
        .max(1)
        .refill(1)
        .interval(LONG)
        .fair(false)
        .build()
}

/// trypema's in-process sliding window with one key.
pub struct Trypema {
    provider: Arc<LocalRateLimiterProvider>,
    rate: RateLimit,
}

impl std::fmt::Debug for Trypema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trypema")
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

impl Trypema {
    const KEY: &'static str = "gate";

    /// Ten buckets of a second, never full.
    pub fn roomy() -> Self {
        Self::new(10, f64::from(PLENTY))
    }

    /// A window of an hour, full.
    pub fn full() -> Self {
        let full = Self::new(LONG.as_secs(), 1.0);
        for _ in 0..LONG.as_secs() {
            assert!(full.inc());
        }
        full
    }

    fn new(window_seconds: u64, per_second: f64) -> Self {
        let provider = LocalRateLimiterProvider::builder()
            .window_size(WindowSize::seconds_or_panic(window_seconds))
            .bucket_size(BucketSize::seconds_or_panic(1))
            .disable_cleanup()
            .build()
            .expect("a valid trypema configuration");
        Self {
            provider,
            rate: RateLimit::per_second_or_panic(per_second),
        }
    }

    /// Asks for one unit and says whether it was admitted.
    #[inline]
    pub fn inc(&self) -> bool {
        let decision = self.provider.absolute().inc(Self::KEY, &self.rate, 1);
        matches!(decision, RateLimitDecision::Allowed)
    }
}

/// trypema's sliding window in Redis with one key: ten buckets of a second, never full.
#[derive(Debug)]
pub struct RedisTrypema {
    provider: Arc<RedisRateLimiterProvider>,
    key: RedisKey,
    rate: RateLimit,
}

impl RedisTrypema {
    /// On the server of `connection`.
    pub fn roomy(connection: ConnectionManager) -> Self {
        let provider = RedisRateLimiterProvider::builder(connection)
            .window_size(WindowSize::seconds_or_panic(10))
            .bucket_size(BucketSize::seconds_or_panic(1))
            .disable_cleanup()
            .build()
            .expect("a valid trypema configuration");
        Self {
            provider,
            key: RedisKey::try_from("gate").expect("a valid key"),
            rate: RateLimit::per_second_or_panic(f64::from(PLENTY)),
        }
    }

    /// Asks for one unit and says whether it was admitted.
    pub async fn inc(&self) -> bool {
        let decision = self.provider.absolute().inc(&self.key, &self.rate, 1).await;
        matches!(decision, Ok(RateLimitDecision::Allowed))
    }
}

fn plenty() -> Quota {
    Quota::per_second(NonZeroU32::new(PLENTY).expect("above zero"))
}

fn one_an_hour() -> Quota {
    Quota::per_hour(NonZeroU32::MIN)
}
