//! A request through several windows and a bound, taken and given back.

use std::time::Duration;

use call_gate::{AsyncRateLimiter, RateLimiter, RateLimiterBuilder};
use tokio::sync::Semaphore;

use crate::awaited;
use crate::candidate::{Candidate, Expect, Threads};
use crate::gates::{FRAMES, SECOND, built, roomy};
use crate::peers;
use crate::rounds::{Figures, Group};

/// How many may be under way at once.
const BURST: u64 = 64;

/// More than a run asks for in a day.
const ROOM: u64 = 1_000_000_000;

/// Limiters, beside a gate and beside what is glued together today.
pub fn group(threads: Threads) -> Group {
    let mut candidates = vec![glued(threads), governor(threads), gate(threads)];
    candidates.extend([
        taken(
            "limiter/memory-1-window",
            "`RateLimiter`, one window",
            threads,
            one_window(),
        ),
        taken(
            "limiter/memory-4-windows-burst",
            "`RateLimiter`, four windows and `max_burst`",
            threads,
            four_windows().max_burst(BURST),
        ),
        taken(
            "limiter/memory-usual-burst",
            "`RateLimiter`, the usual four windows and `max_burst`",
            threads,
            usual_windows().max_burst(BURST),
        ),
        taken(
            "limiter/locked-costs-burst",
            "`RateLimiter`, four windows, a window of cost, and `max_burst`",
            threads,
            four_windows().max_burst(BURST).cost_per_minute(ROOM),
        ),
    ]);
    if threads == Threads::One {
        let limiter = AsyncRateLimiter::from(made(four_windows().max_burst(BURST)));
        candidates.push(Candidate::awaited(
            "limiter/memory-4-windows-burst-awaited",
            "`AsyncRateLimiter`, four windows and `max_burst`",
            Expect::Admitted,
            async move |calls| awaited!(calls, limiter.acquire().await.is_ok()),
        ));
        let full = made(four_windows().max_burst(1));
        let permit = full.acquire_owned().expect("there is room");
        candidates.push(Candidate::new(
            "limiter/denied-burst",
            "`RateLimiter`, four windows, denied for want of a permit",
            Threads::One,
            Expect::DENIED,
            move || {
                let _out = &permit;
                full.try_acquire().is_ok()
            },
        ));
    } else {
        candidates = candidates.into_iter().map(|one| one.fewer(8)).collect();
    }
    Group {
        figures: Figures::PerCall,
        title: match threads {
            Threads::One => "Limiter: taken and given back, one thread",
            Threads::Two => "Limiter: taken and given back, two threads",
        },
        about: "`acquire()` with room, and the permit dropped. What is glued together today is \
                governor's `check()`, which knows one window, behind a permit of \
                `tokio::sync::Semaphore`. Windows are 10 s, 10 min, \
                a day and a week, in seconds, minutes, hours and days, or the usual ones of \
                `per_second` to `per_day`, whose shortest frame is a tenth of a second. For scale: Python's flowguard 0.1.3, \
                compiled, was measured at 209 ns for the same, on another machine.",
        candidates,
    }
}

fn glued(threads: Threads) -> Candidate {
    let governor = peers::roomy_governor();
    let semaphore = Semaphore::new(usize::try_from(BURST).expect("a small number"));
    Candidate::new(
        "limiter/governor-semaphore",
        "governor and tokio's `Semaphore`",
        threads,
        Expect::Admitted,
        move || {
            let permit = semaphore.try_acquire();
            permit.is_ok() && governor.check().is_ok()
        },
    )
}

fn governor(threads: Threads) -> Candidate {
    let governor = peers::roomy_governor();
    Candidate::new(
        "limiter/governor",
        "governor alone",
        threads,
        Expect::Admitted,
        move || governor.check().is_ok(),
    )
}

fn gate(threads: Threads) -> Candidate {
    let gate = built(roomy(FRAMES, SECOND));
    Candidate::new(
        "limiter/gate",
        "`CallGate`, one window",
        threads,
        Expect::Admitted,
        move || gate.update(1).is_ok(),
    )
}

fn taken(name: &str, label: &str, threads: Threads, builder: RateLimiterBuilder) -> Candidate {
    let limiter = made(builder);
    Candidate::new(name, label, threads, Expect::Admitted, move || {
        limiter.acquire().is_ok()
    })
}

fn made(builder: RateLimiterBuilder) -> RateLimiter {
    // a call that finds no room is to be noticed, not waited for
    builder
        .blocking(false)
        .build()
        .expect("a valid configuration")
}

fn one_window() -> RateLimiterBuilder {
    RateLimiter::builder().limit_in_steps(250_000_000, SECOND * FRAMES, SECOND)
}

fn four_windows() -> RateLimiterBuilder {
    let minute = Duration::from_secs(60);
    RateLimiter::builder()
        .limit_in_steps(250_000_000, SECOND * FRAMES, SECOND)
        .limit_in_steps(500_000_000, minute * 10, minute)
        .limit_in_steps(ROOM, minute * 1440, minute * 60)
        .limit_in_steps(ROOM, minute * 1440 * 7, minute * 1440)
}

fn usual_windows() -> RateLimiterBuilder {
    RateLimiter::builder()
        .per_second(130_000_000)
        .per_minute(130_000_000)
        .per_hour(134_000_000)
        .per_day(134_000_000)
}
