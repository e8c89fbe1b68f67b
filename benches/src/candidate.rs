//! One operation under measurement, and the timing of it.

mod awaited;
pub(crate) mod processes;

use std::fmt;
use std::hint::{self, black_box};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Calls that each of two threads makes before the clock starts.
const WARM_UP: u64 = 2_000;

/// Share of the time in which both of two threads must have been running.
///
/// Two threads that take turns on one core do not contend, and their times say
/// nothing about two cores.
const AT_ONCE: f64 = 0.8;

/// How often two threads are started until they run at once.
const ATTEMPTS: u32 = 20;

/// A round of a slow candidate has at least this many calls.
const FEWEST: u64 = 5;

/// How many threads make the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// The measuring thread alone.
    One,
    /// The measuring thread and a second one, on the same gate.
    Two,
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "1",
            Self::Two => "2",
        })
    }
}

/// What every call must come to; anything else ends the run.
#[derive(Clone, Copy, Debug)]
pub enum Expect {
    /// Every call is admitted.
    Admitted,
    /// Every call is denied, but for the one that a full window of 1 lets in
    /// again whenever it has slid on by all its frames.
    Denied {
        /// Length of one frame.
        step: Duration,
        /// Frames in the window.
        frames: u32,
    },
}

impl Expect {
    /// Denied for longer than any run takes.
    pub const DENIED: Self = Self::Denied {
        step: Duration::from_secs(3_600),
        frames: 1_000,
    };
}

/// One operation under measurement.
pub struct Candidate {
    /// `op/storage/threads`: what the report and `--only` know it by.
    pub id: String,
    /// What it is, in words.
    pub label: String,
    fewer: u64,
    run: Box<dyn FnMut(u64) -> Option<f64>>,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Candidate {
    /// An operation that says whether it was admitted, checked call by call.
    pub fn new<O>(name: &str, label: &str, threads: Threads, expect: Expect, op: O) -> Self
    where
        O: Fn() -> bool + Sync + 'static,
    {
        let mut judge = Judge::new(name, expect);
        let admitted = matches!(expect, Expect::Admitted);
        let id = format!("{name}/{threads}");
        let run = move |calls| {
            if threads == Threads::One {
                let timing = time(calls, admitted, &op);
                judge.count(timing.surprises);
                return Some(timing.nanos());
            }
            for _ in 0..ATTEMPTS {
                let [mine, other] = time_two(calls, admitted, &op);
                judge.count(mine.surprises + other.surprises);
                if mine.shared_with(&other) >= AT_ONCE {
                    return Some(f64::midpoint(mine.nanos(), other.nanos()));
                }
            }
            None
        };
        Self {
            id,
            label: label.to_owned(),
            fewer: 1,
            run: Box::new(run),
        }
    }

    /// An operation that times itself: takes a number of calls, returns
    /// nanoseconds per call.
    pub fn timed(id: &str, label: &str, run: impl Fn(u64) -> f64 + 'static) -> Self {
        Self::timed_if_done(id, label, move |calls| Some(run(calls)))
    }

    /// The same for one that may not come to an end; `None`: it did not.
    pub fn timed_if_done(
        id: &str,
        label: &str,
        run: impl Fn(u64) -> Option<f64> + 'static,
    ) -> Self {
        Self {
            id: id.to_owned(),
            label: label.to_owned(),
            fewer: 1,
            run: Box::new(run),
        }
    }

    /// Makes one call for `factor` of the others': for what takes that much longer.
    #[must_use]
    pub fn fewer(self, factor: u64) -> Self {
        Self {
            fewer: factor,
            ..self
        }
    }

    /// Makes the calls and returns nanoseconds per call.
    ///
    /// `None`: the machine was too busy to run two threads at once, or a peer
    /// did not come to an end.
    pub fn run(&mut self, calls: u64) -> Option<f64> {
        (self.run)((calls / self.fewer).max(FEWEST))
    }
}

/// Nanoseconds per item of work that took `elapsed` in all.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 nanoseconds")]
pub fn nanos_per(elapsed: Duration, items: u64) -> f64 {
    elapsed.as_nanos() as f64 / items as f64
}

/// What one thread's calls came to.
struct Timing {
    calls: u64,
    surprises: u64,
    start: Instant,
    end: Instant,
    /// How long of that the thread was waiting for a core.
    off_cpu: Duration,
}

impl Timing {
    fn elapsed(&self) -> Duration {
        self.end.duration_since(self.start)
    }

    fn nanos(&self) -> f64 {
        nanos_per(self.elapsed(), self.calls)
    }

    /// Share of the longer one's time in which both threads were running, at least.
    fn shared_with(&self, other: &Self) -> f64 {
        let both = self
            .end
            .min(other.end)
            .saturating_duration_since(self.start.max(other.start));
        let running = both.saturating_sub(self.off_cpu + other.off_cpu);
        running.as_secs_f64() / self.elapsed().max(other.elapsed()).as_secs_f64()
    }
}

fn time(calls: u64, admitted: bool, op: &impl Fn() -> bool) -> Timing {
    let mut surprises = 0;
    let ran_before = thread_time();
    let start = Instant::now();
    for _ in 0..calls {
        surprises += u64::from(black_box(op()) != admitted);
    }
    let end = Instant::now();
    let ran = thread_time()
        .zip(ran_before)
        .map(|(now, before)| now.saturating_sub(before));
    Timing {
        calls,
        surprises,
        start,
        end,
        off_cpu: ran.map_or(Duration::ZERO, |ran| {
            end.duration_since(start).saturating_sub(ran)
        }),
    }
}

/// How long this thread has been running; `None`: this system is not asked.
#[cfg(target_os = "linux")]
fn thread_time() -> Option<Duration> {
    use rustix::time::{ClockId, clock_gettime};

    clock_gettime(ClockId::ThreadCPUTime).try_into().ok()
}

#[cfg(not(target_os = "linux"))]
fn thread_time() -> Option<Duration> {
    None
}

/// The same from two threads that start together.
fn time_two(calls: u64, admitted: bool, op: &(impl Fn() -> bool + Sync)) -> [Timing; 2] {
    let (here, ready) = (Barrier::new(2), AtomicU32::new(0));
    let side = || {
        let warm_up = time(WARM_UP.min(calls), admitted, op);
        // The barrier wakes one of the two late; the count lets neither run ahead.
        here.wait();
        ready.fetch_add(1, Ordering::Relaxed);
        while ready.load(Ordering::Relaxed) < 2 {
            hint::spin_loop();
        }
        let timing = time(calls, admitted, op);
        Timing {
            surprises: timing.surprises + warm_up.surprises,
            ..timing
        }
    };
    thread::scope(|scope| {
        let other = scope.spawn(side);
        let mine = side();
        [mine, other.join().expect("the second thread panicked")]
    })
}

/// Holds a candidate to what it was expected to answer.
struct Judge {
    name: String,
    expect: Expect,
    since: Instant,
    surprises: u64,
}

impl Judge {
    fn new(name: &str, expect: Expect) -> Self {
        Self {
            name: name.to_owned(),
            expect,
            since: Instant::now(),
            surprises: 0,
        }
    }

    fn count(&mut self, surprises: u64) {
        self.surprises += surprises;
        let legal = self.legal();
        assert!(
            u128::from(self.surprises) <= legal,
            "{}: {} calls did not come to {:?}, at most {legal} may",
            self.name,
            self.surprises,
            self.expect,
        );
    }

    /// Most calls that may have ended otherwise by now.
    fn legal(&self) -> u128 {
        match self.expect {
            Expect::Admitted => 0,
            Expect::Denied { step, frames } => {
                // The frame that was filled may have begun before `since`, and
                // the current one has begun already.
                let passed = self.since.elapsed().as_nanos() / step.as_nanos() + 2;
                passed / u128::from(frames)
            }
        }
    }
}
