//! First come, first served, while others keep trying.

use crate::{SECOND, gate_of, until};
use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, UpdateError, Wait};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::SystemTime;

#[test]
fn two_hundred_waiters_are_admitted_in_order_while_two_threads_keep_trying() {
    for largest in [1000, u64::MAX] {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let gate = CallGate::unnamed(10 * SECOND, SECOND)
            .gate_limit(10)
            .frame_limit(5)
            .limits_up_to(largest)
            .clock(clock.clone())
            .build()
            .unwrap();
        gate.try_update(5).unwrap();
        let served = Mutex::new(Vec::new());
        let done = AtomicBool::new(false);
        let (queued, stolen) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            let mut waiters = Vec::new();
            for number in 0..200 {
                let (gate, served) = (&gate, &served);
                waiters.push(scope.spawn(move || {
                    let place = gate.update_with(1, Wait::Forever).unwrap();
                    served.lock().unwrap().push((
                        place.frame().start(),
                        place.frame().value(),
                        number,
                    ));
                }));
                until(|| gate.waiters() == number + 1);
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        match gate.try_update(1) {
                            Err(UpdateError::Queued(_)) => {
                                queued.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(UpdateError::FrameLimit(_) | UpdateError::GateLimit(_)) => {}
                            // once nobody waits
                            Ok(_) => {
                                stolen.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(error) => panic!("{error}"),
                        }
                        thread::yield_now();
                    }
                });
            }
            while gate.waiters() > 0 {
                clock.advance(SECOND);
                thread::yield_now();
            }
            for waiter in waiters {
                waiter.join().unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut served = served.into_inner().unwrap();
        // the booking orders them, whichever thread was first to write it down
        served.sort_unstable();
        let order: Vec<usize> = served.iter().map(|(_, _, number)| *number).collect();
        assert_eq!(order, (0..200).collect::<Vec<_>>(), "up to {largest}");
        assert!(queued.load(Ordering::Relaxed) > 0, "nobody came meanwhile");
    }
}

#[test]
fn a_waiter_that_gives_up_delays_nobody() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = gate_of(4, &clock);
    gate.try_update(3).unwrap();
    thread::scope(|scope| {
        let impatient = scope.spawn(|| gate.update_with(4, Wait::For(2 * SECOND)));
        until(|| gate.waiters() == 1);
        let patient = scope.spawn(|| gate.update(1));
        until(|| gate.waiters() == 2);
        clock.advance(2 * SECOND);
        assert!(matches!(
            impatient.join().unwrap(),
            Err(UpdateError::WaitExhausted(_))
        ));
        // there was room for 1 all along: it is admitted without the clock moving on
        assert_eq!(
            patient.join().unwrap().unwrap().frame().start(),
            SystemTime::UNIX_EPOCH + 2 * SECOND
        );
    });
}

#[test]
fn a_waiter_behind_others_gives_up_in_time() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = gate_of(4, &clock);
    gate.try_update(4).unwrap();
    thread::scope(|scope| {
        let first = scope.spawn(|| gate.update_with(1, Wait::Forever).map(drop));
        until(|| gate.waiters() == 1);
        let behind = scope.spawn(|| gate.update_with(1, Wait::Frames(1)));
        until(|| gate.waiters() == 2);
        clock.advance(SECOND);
        assert!(matches!(
            behind.join().unwrap(),
            Err(UpdateError::WaitExhausted(_))
        ));
        assert_eq!(gate.waiters(), 1);
        clock.advance(9 * SECOND);
        first.join().unwrap().unwrap();
    });
}

#[test]
fn a_large_value_is_not_starved_by_small_ones() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = gate_of(10, &clock);
    gate.try_update(1).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let large = scope.spawn(|| gate.update(10).unwrap().frame().start());
        until(|| gate.waiters() == 1);
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let _ = gate.try_update(1);
                    thread::yield_now();
                }
            });
        }
        for _ in 0..10 {
            clock.advance(SECOND);
        }
        assert_eq!(large.join().unwrap(), SystemTime::UNIX_EPOCH + 10 * SECOND);
        done.store(true, Ordering::Relaxed);
    });
}
