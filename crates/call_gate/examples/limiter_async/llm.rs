//! The quotas of a language model: requests and tokens a minute, and four calls at once.
//!
//! What a call costs is known when it is over. So each reserves the most that it may cost and settles half a minute later
//! what it did, which makes room for others while the minute is not over. Time is tokio's, and paused: whenever all tasks
//! wait, it jumps to where the first of them goes on.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use call_gate::{AsyncRateLimiter, Clock, RateLimiter, Refund, TokioClock, UpdateError};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const REQUESTS: u64 = 60;
const TOKENS: u64 = 10_000;
const AT_ONCE: u64 = 4;
const CALLS: u64 = 24;
/// The most tokens that a call may cost.
const ESTIMATE: u64 = 2_000;
const TAKES: Duration = Duration::from_secs(30);
/// The frames of a minute.
const FRAMES: u64 = 60;

/// The quota's side: what each call has booked, and in which frame. It shares no arithmetic with the limiter.
struct Provider {
    clock: TokioClock,
    begun: Instant,
    calls: Mutex<BTreeMap<u64, Call>>,
}

struct Call {
    frame: u64,
    tokens: u64,
    under_way: bool,
}

pub(crate) async fn calls() -> Result<(), Box<dyn Error>> {
    let clock = TokioClock::starting_at(SystemTime::UNIX_EPOCH);
    let limiter = RateLimiter::builder()
        .per_minute(REQUESTS)
        .cost_per_minute(TOKENS)
        .max_burst(AT_ONCE)
        .clock(clock)
        .build()?;
    let limiter = AsyncRateLimiter::from(limiter);
    let provider = Arc::new(Provider {
        clock,
        begun: Instant::now(),
        calls: Mutex::default(),
    });
    let mut tasks = JoinSet::new();
    for number in 0..CALLS {
        tasks.spawn(call(number, limiter.clone(), Arc::clone(&provider)));
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    provider.sum_up()?;
    assert_eq!((limiter.permits_out(), limiter.waiters()), (Some(0), 0));
    Ok(())
}

async fn call(
    number: u64,
    limiter: AsyncRateLimiter,
    provider: Arc<Provider>,
) -> Result<(), UpdateError> {
    let permit = limiter.acquire_costing(ESTIMATE).await?;
    provider.begin(number);
    let tokens = ask_the_model(number).await;
    // it gives the permit's place back too
    let spare = permit.settle(tokens).await?;
    provider.end(number, tokens);
    assert_eq!(spare, Refund::Returned(ESTIMATE - tokens));
    Ok(())
}

/// Stands for a call over a network; returns what it cost.
async fn ask_the_model(number: u64) -> u64 {
    sleep(TAKES).await;
    200 + number * 137 % 600
}

impl Provider {
    fn begin(&self, number: u64) {
        // frames lie on multiples of their step since the Unix epoch
        let frame = self.clock.now().as_nanos() / 1_000_000_000;
        let mut calls = self.calls();
        calls.insert(
            number,
            Call {
                frame,
                tokens: ESTIMATE,
                under_way: true,
            },
        );
        let inside = calls.values().filter(|call| call.under_way).count() as u64;
        let minute = || calls.values().filter(|call| call.frame + FRAMES > frame);
        let requests = minute().count() as u64;
        let tokens: u64 = minute().map(|call| call.tokens).sum();
        self.show(
            number,
            format_args!(
                "begins: {inside} under way, {requests:2} requests and {tokens:5} tokens in the minute"
            ),
        );
        assert!(inside <= AT_ONCE && requests <= REQUESTS && tokens <= TOKENS);
    }

    fn end(&self, number: u64, tokens: u64) {
        if let Some(call) = self.calls().get_mut(&number) {
            call.tokens = tokens;
            call.under_way = false;
        }
        self.show(number, format_args!("has cost {tokens}"));
    }

    fn show(&self, number: u64, what: std::fmt::Arguments<'_>) {
        let since = self.begun.elapsed().as_secs_f64();
        // nobody reads it any more when this fails
        let _ = writeln!(io::stdout(), "  {since:5.1} s  call {number:2} {what}");
    }

    fn sum_up(&self) -> io::Result<()> {
        let calls = self.calls();
        let tokens: u64 = calls.values().map(|call| call.tokens).sum();
        let took = self.begun.elapsed();
        // as many minutes must pass before the last call begins
        let minutes = (CALLS - 1) / (TOKENS / ESTIMATE);
        let unsettled = Duration::from_secs(minutes * FRAMES) + TAKES;
        writeln!(
            io::stdout(),
            "  {} calls for {tokens} tokens in {:.0} s; by their estimates alone they would take {:.0} s",
            calls.len(),
            took.as_secs_f64(),
            unsettled.as_secs_f64()
        )?;
        assert_eq!(calls.len() as u64, CALLS);
        assert!(took < unsettled);
        Ok(())
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<u64, Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
