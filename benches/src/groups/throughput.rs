//! Many tasks that wait for their turn at one limiter.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use call_gate::{AsyncCallGate, CallGate, Wait};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::candidate::{Candidate, Threads, nanos_per};
use crate::gates::built;
use crate::peers;
use crate::rounds::{Figures, Group};

/// One task for this many calls of the other groups: 100,000 in a full round.
const FEWER: u64 = 4;

/// Tasks let in at once, and in every period after that.
const BURST: u32 = 1_000;

/// How often a burst is let in.
const PERIOD: Duration = Duration::from_millis(10);

/// Periods in the gate's window: longer than any run, so that it still shows
/// every frame when the run is over.
const KEPT: u32 = 1_000;

/// After this long the tasks that are left are taken to be stuck, as those of a
/// fair leaky-bucket on two workers were once seen to be.
const PATIENCE: Duration = Duration::from_secs(8);

/// The time that tasks take to pass a limiter, beside what its rate allows.
pub fn group() -> Group {
    let mut candidates = vec![Candidate::timed(
        "throughput/minimum",
        "what the rate allows",
        |tasks| nanos_per(minimum(tasks), 1),
    )];
    for threads in [Threads::One, Threads::Two] {
        candidates.extend(limiters(threads));
    }
    Group {
        figures: Figures::Total,
        title: "Tasks that wait",
        about: "100,000 tasks, each of which awaits one unit of a limiter for 1,000 in 10 ms, to \
                the end of the last one: on a runtime with two workers from the first spawn, on a \
                current-thread runtime from when all are spawned, as no task runs before. Each \
                limiter lets 1,000 in at once: the gate 1,000 in a frame, at whose beginning the \
                run starts, and then 1,000 in each next one; leaky-bucket a full bucket, and then \
                1,000 every 10 ms; governor a full burst, and then one every 10 µs, so that it \
                may let 2,000 in within 10 ms. So none can be through in less than 990 ms, which \
                is the base. The gate is checked for that, and its own record for the 100,000 and \
                for at most 1,000 in each frame. A run of a peer that leaves tasks waiting for \
                good does not count.",
        candidates: candidates.into_iter().map(|one| one.fewer(FEWER)).collect(),
    }
}

fn limiters(threads: Threads) -> [Candidate; 3] {
    let words = match threads {
        Threads::One => "current-thread",
        Threads::Two => "two workers",
    };
    let candidate = |name: &str, label: &str, run: fn(Threads, u64) -> Result<Duration, u64>| {
        let id = format!("throughput/{name}/{threads}");
        let (ours, name) = (name == "memory", id.clone());
        let total = move |tasks| match run(threads, tasks) {
            Ok(elapsed) => Some(nanos_per(elapsed, 1)),
            Err(left) => {
                assert!(!ours, "{name}: {left} of {tasks} tasks wait for ever");
                eprintln!("{name}: {left} of {tasks} tasks wait for ever");
                None
            }
        };
        Candidate::timed_if_done(&id, &format!("{label}, {words}"), total)
    };
    [
        candidate("memory", "call_gate, `Wait::Forever`", gate),
        candidate("leaky-bucket", "leaky-bucket, fair", leaky_bucket),
        candidate("governor", "governor, `until_ready`", governor),
    ]
}

/// The first burst needs no time, and every further one waits for its period.
fn minimum(tasks: u64) -> Duration {
    let bursts = u32::try_from(tasks.div_ceil(u64::from(BURST))).expect("a few bursts");
    PERIOD * (bursts - 1)
}

fn gate(threads: Threads, tasks: u64) -> Result<Duration, u64> {
    let gate = built(CallGate::unnamed(PERIOD * KEPT, PERIOD).frame_limit(u64::from(BURST)));
    let awaited = AsyncCallGate::from(gate.clone());
    let ask = || {
        let gate = awaited.clone();
        async move { gate.update_with(1, Wait::Forever).await.is_ok() }
    };
    let elapsed = pass(threads, tasks, ask, || beginning_of_a_frame(&gate))?;
    let least = minimum(tasks);
    assert!(
        elapsed >= least,
        "{tasks} tasks in {elapsed:?}, under {least:?}"
    );
    let frames = gate.data().expect("memory can be read");
    assert_eq!(frames.iter().sum::<u64>(), tasks, "the gate's record");
    let fullest = frames.into_iter().max();
    assert!(fullest <= Some(u64::from(BURST)), "a frame of {fullest:?}");
    Ok(elapsed)
}

fn leaky_bucket(threads: Threads, tasks: u64) -> Result<Duration, u64> {
    // Made by the first task that asks: none of its periods is over by then.
    let bucket = Arc::new(LazyLock::new(|| peers::leaky_bucket_of(BURST, PERIOD)));
    let ask = || {
        let bucket = Arc::clone(&bucket);
        async move {
            bucket.acquire_one().await;
            true
        }
    };
    pass(threads, tasks, ask, Instant::now)
}

fn governor(threads: Threads, tasks: u64) -> Result<Duration, u64> {
    let governor = Arc::new(LazyLock::new(|| peers::governor_of(BURST, PERIOD)));
    let ask = || {
        let governor = Arc::clone(&governor);
        async move {
            governor.until_ready().await;
            true
        }
    };
    pass(threads, tasks, ask, Instant::now)
}

fn runtime(threads: Threads) -> Runtime {
    let mut builder = match threads {
        Threads::One => Builder::new_current_thread(),
        Threads::Two => Builder::new_multi_thread(),
    };
    builder
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime")
}

/// Waits for a frame to begin; returns a moment just before it did.
///
/// A run that began late in a frame would have the rest of it for nothing.
fn beginning_of_a_frame(gate: &CallGate) -> Instant {
    let frame = || gate.current_frame().expect("memory can be read").start();
    let mut before = Instant::now();
    let current = frame();
    loop {
        let now = Instant::now();
        if frame() != current {
            return before;
        }
        before = now;
    }
}

/// Spawns the tasks, waits until each has been admitted, and returns how long
/// that took from the moment that the first could be.
///
/// An error: how many still waited when there was no hope left.
fn pass<F>(
    threads: Threads,
    tasks: u64,
    ask: impl Fn() -> F,
    start: impl FnOnce() -> Instant,
) -> Result<Duration, u64>
where
    F: Future<Output = bool> + Send + 'static,
{
    let runtime = runtime(threads);
    let tally = Arc::new(Tally {
        left: AtomicU64::new(tasks),
        admitted: AtomicU64::new(0),
        over: Notify::new(),
    });
    let spawn = || {
        for _ in 0..tasks {
            let (asked, ended) = (ask(), Ended(Arc::clone(&tally)));
            tokio::spawn(async move {
                if asked.await {
                    ended.0.admitted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    };
    let (elapsed, over) = runtime.block_on(async {
        let start = match threads {
            // No task is polled before the one that spawns them gives way.
            Threads::One => {
                spawn();
                start()
            }
            Threads::Two => {
                let start = start();
                spawn();
                start
            }
        };
        let over = timeout(PATIENCE, tally.over.notified()).await;
        (start.elapsed(), over)
    });
    over.map_err(|_| tally.left.load(Ordering::Relaxed))?;
    let admitted = tally.admitted.load(Ordering::Relaxed);
    assert_eq!(admitted, tasks, "tasks that were admitted");
    Ok(elapsed)
}

struct Tally {
    left: AtomicU64,
    admitted: AtomicU64,
    over: Notify,
}

/// Counts a task as over however it ends, so that a panic is no endless wait.
struct Ended(Arc<Tally>);

impl Drop for Ended {
    fn drop(&mut self) {
        // Pairs with itself: the last one has seen what the others counted.
        if self.0.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.over.notify_one();
        }
    }
}
