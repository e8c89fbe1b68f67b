//! Thirty threads through one limiter: blocking, non-blocking, as a decorator, and closed.
//!
//! `cargo run --release --example limiter_sync --features limiter,macros`; it takes about ten seconds. The parts are those
//! of the example of the Python package flowguard, and at the end of each what was seen is judged against the limits.
//!
//! Ctrl-C ends it at once, as any process that does not listen to it: threads that wait are not joined, and nothing is
//! left behind, because the limiters are in its memory. A program that has to end in order closes its limiter, as the last
//! part does, and joins its threads.

#![forbid(unsafe_code)]

#[path = "limiter_sync/board.rs"]
mod board;

use std::collections::VecDeque;
use std::error::Error;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime};

use call_gate::{ConfigError, ManualClock, OwnedPermit, RateLimiter, UpdateError, call_gate};

use board::{Board, Window};

type Outcome = Result<(), Box<dyn Error>>;

const CALLERS: u32 = 30;
const MAX_BURST: u64 = 2;
/// flowguard's example works for a second. Here a second is a twentieth of one, and a minute two seconds.
const WORK: Duration = Duration::from_millis(50);
/// 3 in two seconds.
const FEW: Window = (3, Duration::from_millis(100));
/// 15 in a minute.
const MANY: Window = (15, Duration::from_secs(2));
/// Only a fault takes as long.
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

fn main() -> Outcome {
    say("scope guard: 3 in a tenth of a second, 15 in two seconds, 2 at once")?;
    guarded()?;
    say("explicit: the same, given back by hand")?;
    explicit()?;
    say("non-blocking: 3 in two seconds, 15 in a minute, 2 at once, in a time of its own")?;
    non_blocking()?;
    say("decorator: 3 in three seconds and 5 in a minute; after five seconds the others give up")?;
    decorated()?;
    say("closed: everybody who waits returns")?;
    closed()
}

fn blocking() -> Result<RateLimiter, ConfigError> {
    RateLimiter::builder()
        .limit(FEW.0.into(), FEW.1)
        .limit(MANY.0.into(), MANY.1)
        .max_burst(MAX_BURST)
        .build()
}

fn guarded() -> Outcome {
    let (limiter, board) = (blocking()?, Board::new());
    for outcome in threads(|number| {
        let _permit = limiter.enter()?;
        let _inside = board.enter(number);
        thread::sleep(WORK);
        Ok(())
    })? {
        outcome?;
    }
    all_came(&limiter, &board)
}

fn explicit() -> Outcome {
    let (limiter, board) = (blocking()?, Board::new());
    for outcome in threads(|number| {
        let permit = limiter.acquire()?;
        let inside = board.enter(number);
        thread::sleep(WORK);
        drop(inside);
        drop(permit);
        // here it could do other things, for which no permit is needed
        Ok(())
    })? {
        outcome?;
    }
    all_came(&limiter, &board)
}

fn all_came(limiter: &RateLimiter, board: &Board) -> Outcome {
    board.check(CALLERS as usize, Some(MAX_BURST), &[FEW, MANY])?;
    let left = (limiter.permits_out(), limiter.waiters());
    assert_eq!(left, (Some(0), 0), "all permits are back, and nobody waits");
    Ok(())
}

/// A thread comes every tenth of a second, and whoever is admitted works for a second: on a clock that the example moves,
/// so that it takes no time and every answer is known beforehand.
fn non_blocking() -> Outcome {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let limiter = RateLimiter::builder()
        .per_second(3)
        .second_window(2)
        .per_minute(15)
        .max_burst(MAX_BURST)
        .blocking(false)
        .clock(clock.clone())
        .build()?;
    let mut working: VecDeque<(u32, OwnedPermit)> = VecDeque::new();
    let (mut admitted, mut no_place, mut no_room) = (Vec::new(), 0, 0);
    for tenth in 0..CALLERS {
        working.retain(|(until, _permit)| *until > tenth);
        let asked = thread::scope(|scope| scope.spawn(|| limiter.acquire_owned()).join());
        let shown = match asked.map_err(|_| "a thread panicked")? {
            Ok(permit) => {
                working.push_back((tenth + 10, permit));
                admitted.push(tenth);
                "permit".to_owned()
            }
            Err(error @ UpdateError::BurstLimit(_)) => {
                no_place += 1;
                error.to_string()
            }
            Err(error @ UpdateError::WindowLimit(_)) => {
                no_room += 1;
                error.to_string()
            }
            Err(error) => return Err(error.into()),
        };
        let (second, part) = (tenth / 10, tenth % 10);
        writeln!(io::stdout(), "  {second}.{part} s  {tenth:2}: {shown}")?;
        clock.advance(Duration::from_millis(100));
    }
    // Two come in, and their places are taken for a second. Then a third comes in and fills the window, until the first
    // two leave it, one after the other; after which both places are taken again.
    assert_eq!(admitted, [0, 1, 10, 20, 21]);
    assert_eq!((no_place, no_room), (8 + 8, 9));
    Ok(())
}

static DECORATED: LazyLock<Board> = LazyLock::new(Board::new);

/// The limiter is the function's own. As it returns a `Result` it may give up, and tells so as its own error.
#[call_gate(
    per_second = 3,
    second_window = 3,
    per_minute = 5,
    max_burst = 2,
    wait = "5s"
)]
fn send(number: u32) -> Result<(), UpdateError> {
    let _inside = DECORATED.enter(number);
    thread::sleep(WORK);
    Ok(())
}

fn decorated() -> Outcome {
    LazyLock::force(&DECORATED);
    let mut given_up = 0;
    for outcome in threads(send)? {
        match outcome {
            Err(UpdateError::WaitExhausted(_)) => given_up += 1,
            outcome => outcome?,
        }
    }
    writeln!(io::stdout(), "  {given_up} gave up")?;
    // three at once, two more when three seconds are over, and no other before the minute is
    DECORATED.check(5, Some(2), &[(3, Duration::from_secs(3))])?;
    assert_eq!(given_up, 25);
    Ok(())
}

fn closed() -> Outcome {
    let limiter = RateLimiter::builder().per_hour(1).build()?;
    let begun = Instant::now();
    let outcomes = thread::scope(|scope| {
        let asking = scope.spawn(|| threads(|_| limiter.acquire().map(drop)));
        while limiter.waiters() + 1 < CALLERS as usize && begun.elapsed() < FAR_TOO_LONG {
            thread::sleep(Duration::from_millis(1));
        }
        let waiting = limiter.waiters();
        let begun = Instant::now();
        limiter.close();
        let outcomes = asking.join();
        let took = begun.elapsed();
        writeln!(
            io::stdout(),
            "  {waiting} were waiting for an hour to pass, and returned within {took:.1?}"
        )?;
        outcomes.map_err(|_| io::Error::other("a thread panicked"))
    })?;
    let mut sent_away = 0;
    for outcome in outcomes? {
        match outcome {
            Err(UpdateError::Closed) => sent_away += 1,
            outcome => outcome?,
        }
    }
    assert_eq!(sent_away, 29, "all but the one that was admitted");
    Ok(())
}

/// What thirty threads come back with that all call at once.
fn threads<F>(call: F) -> Result<Vec<Result<(), UpdateError>>, &'static str>
where
    F: Fn(u32) -> Result<(), UpdateError> + Sync,
{
    let call = &call;
    thread::scope(|scope| {
        let started: Vec<_> = (0..CALLERS)
            .map(|number| scope.spawn(move || call(number)))
            .collect();
        let ended = started.into_iter().map(ScopedJoinHandle::join);
        ended
            .collect::<Result<_, _>>()
            .map_err(|_| "a thread panicked")
    })
}

fn say(what: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{what}")
}
