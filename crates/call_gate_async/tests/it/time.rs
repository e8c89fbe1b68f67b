//! Waiting in every kind of time: tokio's, paused or not, the machine's, a clock moved by hand, and one that stands still.
// long file: one kind of time beside the other

use crate::hand::{block_on, counted, now};
use crate::{PLACEMENTS, SECOND, paused, until};
use call_gate_async::{AsyncCallGate, TokioClock};
use call_gate_core::clock::{Clock, ManualClock, Moment};
use call_gate_core::{CallGate, CallGateBuilder, SystemClock, UpdateError, Wait};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, advance, sleep};

const MILLI: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn builder() -> CallGateBuilder {
    CallGate::unnamed(10 * SECOND, SECOND).gate_limit(2)
}

/// A full gate in tokio's time, which begins with a frame.
fn full(builder: CallGateBuilder) -> AsyncCallGate {
    let clock = TokioClock::starting_at(SystemTime::UNIX_EPOCH + DAY);
    let gate = builder.clock(clock).build().unwrap();
    let limit = gate.gate_limit().unwrap();
    gate.try_update(limit).unwrap();
    gate.into()
}

#[test]
fn days_of_paused_time_pass_by_themselves() {
    let real = std::time::Instant::now();
    for place in PLACEMENTS {
        paused().block_on(async {
            let gate = full(place(CallGate::unnamed(24 * HOUR, HOUR).gate_limit(1)));
            let began = Instant::now();
            for day in 1..=10 {
                gate.update(1).await.unwrap();
                assert_eq!(began.elapsed(), day * DAY);
            }
        });
    }
    assert!(real.elapsed() < 30 * SECOND);
}

#[test]
fn every_wait_is_as_long_as_it_says_to_the_millisecond() {
    let waits = [
        (Wait::Window, 10_000),
        (Wait::Frames(0), 0),
        (Wait::Frames(3), 3_000),
        (Wait::For(Duration::ZERO), 0),
        (Wait::For(MILLI), 1),
        (Wait::For(1234 * MILLI), 1234),
        // tokio's timer is never early and up to a millisecond late
        (Wait::For(Duration::from_micros(1_500)), 2),
        (Wait::For(Duration::from_nanos(1)), 1),
    ];
    for (wait, millis) in waits {
        paused().block_on(async {
            let gate = full(builder());
            // so that the window's own length ends between two frames
            sleep(500 * MILLI).await;
            let first = tokio::spawn({
                let gate = gate.clone();
                async move { gate.update(2).await }
            });
            tokio::task::yield_now().await;
            assert_eq!(gate.waiters(), 1);
            let began = Instant::now();
            let outcome = gate.update_with(2, wait).await;
            assert!(
                matches!(outcome, Err(UpdateError::WaitExhausted(_))),
                "{wait:?}: {outcome:?}"
            );
            assert_eq!(began.elapsed(), millis * MILLI, "behind others, {wait:?}");
            first.await.unwrap().unwrap();
            let began = Instant::now();
            let outcome = gate.update_with(1, wait).await;
            if wait == Wait::Window {
                assert_eq!(outcome.unwrap().sum(), 1);
            } else {
                match outcome {
                    Err(UpdateError::WaitExhausted(denial)) => {
                        assert_eq!(denial.retry_after() + began.elapsed(), 10 * SECOND);
                    }
                    other => panic!("{wait:?}: {other:?}"),
                }
                assert_eq!(began.elapsed(), millis * MILLI, "alone, {wait:?}");
            }
            assert_eq!(gate.waiters(), 0);
        });
    }
}

#[test]
fn not_waiting_takes_no_time_and_no_place() {
    paused().block_on(async {
        let gate = full(builder());
        let began = Instant::now();
        let (outcome, polls) = counted(gate.update_with(1, Wait::Never)).await;
        assert!(matches!(outcome, Err(UpdateError::GateLimit(_))));
        let (outcome, again) = counted(gate.try_update(3)).await;
        assert!(matches!(outcome, Err(UpdateError::TooLarge(_))));
        assert_eq!(
            (polls, again, gate.waiters(), began.elapsed()),
            (1, 1, 0, Duration::ZERO)
        );
    });
}

#[test]
fn a_wait_that_ends_when_there_is_room_is_not_in_vain() {
    paused().block_on(async {
        let gate = full(builder());
        let began = Instant::now();
        let reading = gate.update_with(1, Wait::For(10 * SECOND)).await.unwrap();
        assert_eq!((reading.sum(), began.elapsed()), (1, 10 * SECOND));
    });
}

#[test]
fn waits_of_years_end_in_time_and_the_longest_ends_with_the_gate() {
    paused().block_on(async {
        let year = 365 * DAY;
        let gate = full(CallGate::unnamed(20 * year, DAY).gate_limit(2));
        let began = Instant::now();
        let (reading, polls) = counted(gate.update_with(2, Wait::For(Duration::MAX))).await;
        assert_eq!(reading.unwrap().sum(), 2);
        assert_eq!((began.elapsed(), polls), (20 * year, 2));
        let behind = [
            Wait::For(Duration::MAX),
            Wait::Frames(u32::MAX),
            Wait::Forever,
        ];
        // the last of these has nothing to wait with but the others
        let waiting: Vec<_> = behind
            .into_iter()
            .map(|wait| {
                let gate = gate.clone();
                tokio::spawn(async move { counted(gate.update_with(1, wait)).await })
            })
            .collect();
        sleep(15 * year).await;
        assert_eq!(gate.waiters(), 3);
        gate.close();
        for waiting in waiting {
            let (outcome, polls) = waiting.await.unwrap();
            assert!(matches!(outcome, Err(UpdateError::Closed)));
            assert_eq!(polls, 2);
        }
    });
}

#[test]
fn another_clock_under_paused_time_is_an_error_after_two_polls_and_books_nothing() {
    for clock in [SystemClock::new(), SystemClock::precise()] {
        for wait in [Wait::Window, Wait::Forever, Wait::For(20 * SECOND)] {
            paused().block_on(async {
                let gate = CallGate::unnamed(3600 * SECOND, 60 * SECOND).gate_limit(2);
                let gate = AsyncCallGate::from(gate.clock(clock).build().unwrap());
                gate.update(2).await.unwrap();
                let (outcome, polls) = counted(gate.update_with(1, wait)).await;
                assert!(
                    matches!(outcome, Err(UpdateError::ClockStopped)),
                    "{wait:?}: {outcome:?}"
                );
                assert_eq!((polls, gate.waiters()), (2, 0));
                assert_eq!(gate.sum().await.unwrap(), 2);
            });
        }
    }
}

#[test]
fn a_crowd_under_paused_time_with_another_clock_ends_without_a_spin() {
    paused().block_on(async {
        let gate = CallGate::unnamed(3600 * SECOND, 60 * SECOND).gate_limit(2);
        let gate = AsyncCallGate::from(gate.build().unwrap());
        gate.update(2).await.unwrap();
        let waits = [Wait::Forever, Wait::Window, Wait::For(20 * SECOND)];
        let crowd: Vec<_> = waits
            .into_iter()
            .cycle()
            .take(99)
            .map(|wait| {
                let gate = gate.clone();
                tokio::spawn(async move { counted(gate.update_with(1, wait)).await })
            })
            .collect();
        for one in crowd {
            let (outcome, polls) = one.await.unwrap();
            assert!(matches!(outcome, Err(UpdateError::ClockStopped)));
            assert!(polls <= 3, "{polls} polls");
        }
        assert_eq!((gate.waiters(), gate.sum().await.unwrap()), (0, 2));
    });
}

/// A clock at a pace of its own.
#[derive(Debug)]
struct Paced<C> {
    of: C,
    /// In quarters of the other clock's.
    quarters: u64,
    start: Moment,
}

impl<C: Clock> Paced<C> {
    fn new(of: C, quarters: u64) -> Arc<Self> {
        Arc::new(Self {
            start: of.now(),
            of,
            quarters,
        })
    }
}

impl<C: Clock> Clock for Paced<C> {
    fn now(&self) -> Moment {
        let passed = self.of.now().since(self.start);
        self.start
            .after(passed / 4 * u32::try_from(self.quarters).unwrap())
    }
}

#[test]
fn a_slow_clock_is_waited_for_and_one_at_a_quarter_of_the_pace_is_not() {
    paused().block_on(async {
        let clock = Paced::new(TokioClock::new(), 3);
        let gate = AsyncCallGate::from(builder().clock(clock.clone()).build().unwrap());
        gate.update(2).await.unwrap();
        let (first, began) = (clock.now(), Instant::now());
        let (reading, polls) = counted(gate.update(2)).await;
        reading.unwrap();
        // what is left is a quarter of what was left before, down to tokio's millisecond
        assert!(polls <= 10, "{polls} polls");
        let waited = clock.now().since(first);
        assert!(waited > 9 * SECOND && waited <= 10 * SECOND + MILLI);
        assert!(began.elapsed() >= waited * 4 / 3);
        let clock = Paced::new(TokioClock::new(), 1);
        let gate = AsyncCallGate::from(builder().clock(clock).build().unwrap());
        gate.update(2).await.unwrap();
        let (outcome, polls) = counted(gate.update(2)).await;
        assert!(matches!(outcome, Err(UpdateError::ClockStopped)));
        assert_eq!(polls, 2);
    });
}

#[test]
fn tasks_that_wait_on_a_manual_clock_sleep_until_it_is_moved() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = AsyncCallGate::from(builder().clock(clock.clone()).build().unwrap());
    now(gate.update(2)).unwrap();
    paused().block_on(async {
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { counted(gate.update(1)).await }
        });
        // tokio's time is none of its business
        sleep(HOUR).await;
        assert_eq!(gate.waiters(), 1);
        clock.advance(9 * SECOND);
        sleep(HOUR).await;
        clock.set(SystemTime::UNIX_EPOCH + SECOND);
        sleep(HOUR).await;
        assert_eq!(gate.waiters(), 1);
        clock.set(SystemTime::UNIX_EPOCH + 10 * SECOND);
        let (reading, polls) = waiting.await.unwrap();
        assert_eq!(
            reading.unwrap().frame().start(),
            SystemTime::UNIX_EPOCH + 10 * SECOND
        );
        assert_eq!(polls, 4, "one to begin with, and one for each move");
    });
}

#[test]
fn a_wait_on_a_manual_clock_ends_in_its_time() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = AsyncCallGate::from(builder().clock(clock.clone()).build().unwrap());
    now(gate.update(2)).unwrap();
    let waiting = thread::spawn({
        let gate = gate.clone();
        // there is no runtime at all, and no need for one
        move || block_on(gate.update_with(1, Wait::For(3 * SECOND)))
    });
    until(|| gate.waiters() == 1);
    clock.advance(2999 * MILLI);
    assert_eq!(gate.waiters(), 1);
    clock.advance(MILLI);
    assert!(matches!(
        waiting.join().unwrap(),
        Err(UpdateError::WaitExhausted(_))
    ));
}

#[test]
fn waiting_tasks_move_an_automatic_clock() {
    paused().block_on(async {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
        let gate = AsyncCallGate::from(builder().clock(clock.clone()).build().unwrap());
        for round in 0..100 {
            let reading = gate.update(2).await.unwrap();
            let time = SystemTime::UNIX_EPOCH + round * 10 * SECOND;
            assert_eq!((reading.frame().start(), clock.time()), (time, time));
        }
        let crowd: Vec<_> = (0..100)
            .map(|_| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.update_with(1, Wait::Forever).await })
            })
            .collect();
        for one in crowd {
            one.await.unwrap().unwrap();
        }
        assert_eq!(
            clock.time(),
            SystemTime::UNIX_EPOCH + (99 + 50) * 10 * SECOND
        );
    });
}

#[test]
fn the_tokio_clock_goes_as_tokio_does_for_threads_too() {
    paused().block_on(async {
        let start = SystemTime::UNIX_EPOCH + DAY;
        let clock = TokioClock::starting_at(start);
        assert_eq!(SystemTime::from(clock.now()), start);
        advance(HOUR).await;
        assert_eq!(
            (clock.elapsed(), SystemTime::from(clock.now())),
            (HOUR, start + HOUR)
        );
        let old = TokioClock::starting_at(SystemTime::UNIX_EPOCH - DAY);
        assert_eq!(SystemTime::from(old.now()), SystemTime::UNIX_EPOCH);
        let wall = SystemTime::from(TokioClock::default().now());
        assert!(SystemTime::now().duration_since(wall).unwrap() < HOUR);
    });
    let gate = CallGate::unnamed(40 * MILLI, 20 * MILLI).gate_limit(1);
    let gate = gate.clock(TokioClock::new()).build().unwrap();
    let frame = |gate: &CallGate| gate.update(1).unwrap().frame().start();
    let first = frame(&gate);
    assert!(frame(&gate).duration_since(first).unwrap() >= 40 * MILLI);
}
