//! Tokio tasks through limiters: explicit, scope guard, decorator, and the quotas of a language model.
//!
//! `cargo run --release --example limiter_async --features limiter,macros,tokio`; it takes about ten seconds, and after
//! them some minutes that pass at once. The first three parts are the asynchronous ones of the example of the Python
//! package flowguard, at its own pace. At the end of each what was seen is judged against the limits.
//!
//! Ctrl-C closes the limiter, whereupon every task that waits for it returns, and those with a permit end their work. The
//! decorated function has its limiter to itself; its tasks are dropped, which is as safe.

#![forbid(unsafe_code)]

#[path = "limiter_sync/board.rs"]
mod board;
#[path = "limiter_async/interrupt.rs"]
mod interrupt;
#[path = "limiter_async/llm.rs"]
mod llm;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use call_gate::{AsyncRateLimiter, RateLimiter, UpdateError, call_gate};
use tokio::runtime::Builder;
use tokio::time::sleep;

use board::Board;
use interrupt::{Interrupt, Interrupted, Tasks};

const CALLERS: u32 = 15;
const SECOND: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // nobody is left to tell when standard error is closed too
            let _ = writeln!(io::stderr(), "limiter_async: {error}");
            // as a shell tells that a program was interrupted
            ExitCode::from(if error.is::<Interrupted>() { 130 } else { 1 })
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let interrupt = Interrupt::listen();
        say("explicit: 10 a second")?;
        explicit(&interrupt).await?;
        say("scope guard: 5 in two seconds, 3 at once")?;
        guarded(&interrupt).await?;
        say("decorator: the same of a function's own")?;
        decorated(&interrupt).await
    })?;
    say(
        "a language model: 60 requests and 10000 tokens a minute, 4 at once, in a time of its own",
    )?;
    let paused = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    paused.block_on(llm::calls())
}

async fn explicit(interrupt: &Interrupt) -> Result<(), Box<dyn Error>> {
    let limiter = AsyncRateLimiter::from(RateLimiter::builder().per_second(10).build()?);
    let board = Arc::new(Board::new());
    let mut tasks = Tasks::new();
    for number in 0..CALLERS {
        let (limiter, board) = (limiter.clone(), Arc::clone(&board));
        tasks.spawn(async move {
            let permit = limiter.acquire().await?;
            let inside = board.enter(number);
            sleep(SECOND).await;
            drop(inside);
            drop(permit);
            // here it could do other things, for which no permit is needed
            Ok(())
        });
    }
    interrupt.or_all(tasks, |_| limiter.close()).await?;
    Ok(board.check(CALLERS as usize, None, &[(10, SECOND)])?)
}

async fn guarded(interrupt: &Interrupt) -> Result<(), Box<dyn Error>> {
    let limiter = RateLimiter::builder()
        .per_second(5)
        .second_window(2)
        .max_burst(3)
        .build()?;
    let limiter = AsyncRateLimiter::from(limiter);
    let board = Arc::new(Board::new());
    let mut tasks = Tasks::new();
    for number in 0..CALLERS {
        let (limiter, board) = (limiter.clone(), Arc::clone(&board));
        tasks.spawn(async move {
            let _permit = limiter.enter().await?;
            let _inside = board.enter(number);
            Ok(())
        });
    }
    interrupt.or_all(tasks, |_| limiter.close()).await?;
    assert_eq!((limiter.permits_out(), limiter.waiters()), (Some(0), 0));
    Ok(board.check(CALLERS as usize, Some(3), &[(5, 2 * SECOND)])?)
}

static DECORATED: LazyLock<Board> = LazyLock::new(Board::new);

/// The permit is held until the body is done, what it awaits included.
#[call_gate(per_second = 5, second_window = 2, max_burst = 3)]
async fn send(number: u32) {
    let _inside = DECORATED.enter(number);
    sleep(Duration::from_millis(50)).await;
}

async fn decorated(interrupt: &Interrupt) -> Result<(), Box<dyn Error>> {
    LazyLock::force(&DECORATED);
    let mut tasks = Tasks::new();
    for number in 0..CALLERS {
        tasks.spawn(async move {
            send(number).await;
            Ok::<(), UpdateError>(())
        });
    }
    interrupt.or_all(tasks, Tasks::abort_all).await?;
    Ok(DECORATED.check(CALLERS as usize, Some(3), &[(5, 2 * SECOND)])?)
}

fn say(what: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{what}")
}
