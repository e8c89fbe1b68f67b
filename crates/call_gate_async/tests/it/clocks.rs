//! Clocks that are set back, go in coarse steps or stand still, for threads and for tasks, in real time.

use crate::SECOND;
use crate::hand::counted;
use call_gate_async::AsyncCallGate;
use call_gate_core::clock::{Alarm, Clock, Moment, Turn};
use call_gate_core::{CallGate, Reading, UpdateError, Wait};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

const MILLI: Duration = Duration::from_millis(1);
const NOON: Moment = Moment::from_nanos(43_200_000_000_000);

/// A wall clock that is set back once, as soon as somebody sleeps by it.
#[derive(Debug)]
struct SetBack {
    start: Instant,
    by: Duration,
    done: AtomicBool,
}

impl Clock for SetBack {
    fn now(&self) -> Moment {
        let passed = SECOND + self.start.elapsed();
        NOON.after(if self.done.load(Ordering::SeqCst) {
            passed.saturating_sub(self.by)
        } else {
            passed
        })
    }

    fn alarm(&self, at: Moment, _: Turn, _: &Waker) -> Alarm {
        let wait = at.since(self.now());
        self.done.store(true, Ordering::SeqCst);
        Alarm::Timer(wait)
    }
}

/// A clock that shows whole ticks, and counts how often it is read.
#[derive(Debug)]
struct Ticks {
    start: Instant,
    tick: Duration,
    reads: AtomicU64,
}

impl Ticks {
    fn new(tick: Duration) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            tick,
            reads: AtomicU64::new(0),
        })
    }
}

impl Clock for Ticks {
    fn now(&self) -> Moment {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let ticks = self.start.elapsed().as_nanos() / self.tick.as_nanos();
        NOON.after(self.tick * u32::try_from(ticks).unwrap())
    }
}

/// A gate of 1 in two frames.
fn gate(step: Duration, clock: impl Clock + 'static) -> CallGate {
    let gate = CallGate::unnamed(2 * step, step).gate_limit(1);
    gate.clock(clock).build().unwrap()
}

type Outcome = Result<Reading, UpdateError>;
type Driver = fn(CallGate, Wait) -> Outcome;

/// Both drivers: a thread that parks, and a task with a timer.
const DRIVERS: [Driver; 2] = [
    |gate, wait| gate.update_with(1, wait),
    |gate, wait| {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(AsyncCallGate::from(gate).update_with(1, wait))
    },
];

#[test]
fn a_clock_that_is_set_back_only_makes_the_wait_longer() {
    // by less than half of the wait, by more, by all of it, and to before it began
    let cases = [40, 60, 100, 140, 160].map(|by| by * MILLI);
    thread::scope(|scope| {
        for (driver, by) in DRIVERS
            .into_iter()
            .flat_map(|driver| cases.map(|by| (driver, by)))
        {
            scope.spawn(move || {
                let start = Instant::now();
                let done = AtomicBool::new(false);
                let gate = gate(50 * MILLI, SetBack { start, by, done });
                gate.try_update(1).unwrap();
                let outcome = driver(gate, Wait::Forever);
                let waited = start.elapsed();
                assert!(outcome.is_ok(), "set back by {by:?}: {outcome:?}");
                assert!(waited >= 100 * MILLI + by, "by {by:?}, waited {waited:?}");
            });
        }
    });
}

#[test]
fn a_clock_that_goes_in_coarse_steps_is_waited_for() {
    let cases = [
        (4 * MILLI, 5 * MILLI),
        (10 * MILLI, 15 * MILLI),
        (Duration::from_micros(15_625), 20 * MILLI),
        (250 * MILLI, 300 * MILLI),
    ];
    thread::scope(|scope| {
        for (driver, (tick, step)) in DRIVERS
            .into_iter()
            .flat_map(|driver| cases.map(|case| (driver, case)))
        {
            scope.spawn(move || {
                let clock = Ticks::new(tick);
                let gate = gate(step, clock.clone());
                let rounds = if tick < 20 * MILLI { 8 } else { 2 };
                for round in 1..=rounds {
                    let outcome = driver(gate.clone(), Wait::Forever);
                    assert!(outcome.is_ok(), "{tick:?}, round {round}: {outcome:?}");
                }
                // no spin either: each timer runs for a part of a tick that is not small
                let reads = clock.reads.load(Ordering::Relaxed);
                assert!(
                    reads < 60 * rounds,
                    "{tick:?}: {reads} looks in {rounds} rounds"
                );
            });
        }
    });
}

#[test]
fn a_clock_that_stands_still_for_three_seconds_ends_the_wait_of_a_thread_and_of_a_task() {
    let stopped = || {
        // in its first tick for good
        let clock = Ticks::new(3600 * SECOND);
        let gate = gate(SECOND / 4, clock.clone());
        gate.try_update(1).unwrap();
        (clock, gate)
    };
    thread::scope(|scope| {
        for wait in [Wait::Forever, Wait::For(200 * MILLI)] {
            for driver in DRIVERS {
                scope.spawn(move || {
                    let (clock, gate) = stopped();
                    let began = Instant::now();
                    let outcome = driver(gate.clone(), wait);
                    assert!(
                        matches!(outcome, Err(UpdateError::ClockStopped)),
                        "{wait:?}: {outcome:?}"
                    );
                    assert!(began.elapsed() >= 3 * SECOND, "{:?}", began.elapsed());
                    let reads = clock.reads.load(Ordering::Relaxed);
                    assert!(reads < 150, "a spin: {reads} looks at the clock");
                    assert_eq!((gate.waiters(), gate.sum().unwrap()), (0, 1));
                });
            }
            scope.spawn(move || {
                let (_, gate) = stopped();
                let gate = AsyncCallGate::from(gate);
                let runtime = Builder::new_current_thread().enable_time().build().unwrap();
                let (outcome, polls) = runtime.block_on(counted(gate.update_with(1, wait)));
                assert!(matches!(outcome, Err(UpdateError::ClockStopped)));
                assert!(polls <= 20, "{polls} polls");
            });
        }
    });
}
