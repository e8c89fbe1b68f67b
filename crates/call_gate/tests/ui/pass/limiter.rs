//! Limiters, named and of functions' own.

#![deny(warnings, missing_docs, unused_qualifications, clippy::pedantic)]

use call_gate::{AsyncRateLimiter, RateLimiter, UpdateError, call_gate};
use std::sync::{Arc, LazyLock};

const LIMIT: u64 = 30;

static LIMITER: LazyLock<RateLimiter> = LazyLock::new(make);
static ASYNC: LazyLock<AsyncRateLimiter> = LazyLock::new(|| make().into());

fn make() -> RateLimiter {
    RateLimiter::builder()
        .per_second(20)
        .max_burst(3)
        .build()
        .unwrap()
}

#[call_gate(per_second = 3, second_window = 3, per_minute = 5, max_burst = 2)]
fn seed() {}

#[call_gate(per_second = 3, second_window = 3, per_minute = 5, max_burst = 2)]
async fn awaited() -> Result<u8, UpdateError> {
    std::future::ready(()).await;
    Ok(1)
}

#[call_gate(
    name = "all",
    per_second = LIMIT / 2,
    second_window = LIMIT,
    per_minute = LIMIT,
    minute_window = 10,
    per_hour = 1_000u64,
    hour_window = LIMIT,
    per_day = u64::MAX >> 40,
    day_window = 7305,
    max_burst = LIMIT,
    blocking = false,
    strict = true,
    value = 3
)]
fn every_key() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(max_burst = 1, blocking = true, wait = "250ms")]
async fn burst_alone() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(per_day = 10, blocking = false, wait = never, value = weight)]
fn at_once(weight: u64) -> Result<u64, UpdateError> {
    if weight > 1 {
        return Ok(weight);
    }
    Ok(1)
}

#[call_gate(per_second = LIMIT)]
fn generic<T: Default, const N: usize>() -> [T; N] {
    std::array::from_fn(|_| T::default())
}

// both are passed, the lower one first
#[call_gate(gate_size = "10s", frame_step = "1s", gate_limit = 5)]
#[call_gate(per_second = 3, max_burst = 2)]
fn gate_and_limiter() {}

#[call_gate(LIMITER)]
fn named() {}

#[call_gate(LIMITER, wait = never)]
async fn named_awaited() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(ASYNC)]
async fn named_async() {}

#[call_gate(ASYNC)]
fn named_async_blocking() {}

struct Api {
    limiter: Arc<RateLimiter>,
    calls: Vec<u8>,
}

impl Api {
    const LIMIT: u64 = 5;

    #[call_gate(per_minute = Api::LIMIT)]
    fn own(&mut self) -> Result<&mut [u8], UpdateError> {
        self.calls.push(1);
        Ok(&mut self.calls)
    }

    // what is held does not borrow
    #[call_gate(self.limiter)]
    fn push(&mut self) -> Result<&mut [u8], UpdateError> {
        self.limiter = Arc::new(make());
        self.calls.push(1);
        Ok(&mut self.calls)
    }

    #[call_gate(self.limiter)]
    async fn done(self) -> Vec<u8> {
        drop(self.limiter);
        self.calls
    }
}

fn is_send(_: impl Send) {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), UpdateError> {
    seed();
    is_send(awaited());
    assert_eq!(awaited().await?, 1);
    every_key()?;
    burst_alone().await?;
    assert_eq!(at_once(1)? + at_once(2)?, 3);
    assert_eq!(generic::<u8, 2>(), [0, 0]);
    gate_and_limiter();
    named();
    named_awaited().await?;
    named_async().await;
    named_async_blocking();
    let mut api = Api {
        limiter: Arc::new(make()),
        calls: Vec::new(),
    };
    assert_eq!(api.own()?, [1]);
    assert_eq!(api.push()?, [1, 1]);
    is_send(named_awaited());
    assert_eq!(api.done().await, [1, 1]);
    Ok(())
}
