//! Threads and tasks in one queue: first come, first served, while others keep trying.

use crate::{PLACEMENTS, SECOND, until};
use call_gate_async::AsyncCallGate;
use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, Reading, UpdateError, Wait};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::SystemTime;
use tokio::runtime::Builder;

/// A hundred threads and a hundred tasks.
const WAITERS: usize = 200;

#[derive(Debug, Default)]
struct Newcomers {
    done: AtomicBool,
    queued: [AtomicU64; 2],
}

impl Newcomers {
    /// Notes the answer to a newcomer; says whether there is to be another.
    fn note(&self, kind: usize, outcome: &Result<Reading, UpdateError>) -> bool {
        match outcome {
            Err(UpdateError::Queued(_)) => {
                self.queued[kind].fetch_add(1, Ordering::Relaxed);
            }
            // before the first waits, and once the last is served
            Err(UpdateError::FrameLimit(_) | UpdateError::GateLimit(_)) | Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
        !self.done.load(Ordering::Relaxed)
    }
}

#[test]
fn threads_and_tasks_are_served_in_order_of_arrival_while_newcomers_keep_trying() {
    for place in PLACEMENTS {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let builder = CallGate::unnamed(10 * SECOND, SECOND)
            .gate_limit(10)
            .frame_limit(5);
        let gate = place(builder).clock(clock.clone()).build().unwrap();
        gate.try_update(5).unwrap();
        let gate = AsyncCallGate::from(gate);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let serve = |number: usize| {
            let served = served.clone();
            move |reading: Result<Reading, UpdateError>| {
                let frame = reading.unwrap().frame();
                let mut served = served.lock().unwrap();
                served.push((frame.start(), frame.value(), number));
            }
        };
        let newcomers = Arc::new(Newcomers::default());
        let mut threads = Vec::new();
        let mut tasks = Vec::new();
        for number in 0..WAITERS {
            let (gate, serve) = (gate.clone(), serve(number));
            let (waiting, before) = (gate.clone(), gate.waiters());
            if number % 2 == 0 {
                threads.push(thread::spawn(move || {
                    serve(gate.as_sync().update_with(1, Wait::Forever));
                }));
            } else {
                tasks.push(
                    runtime.spawn(async move { serve(gate.update_with(1, Wait::Forever).await) }),
                );
            }
            until(|| waiting.waiters() > before);
        }
        assert_eq!(gate.waiters(), WAITERS);
        let thread = thread::spawn({
            let (gate, newcomers) = (gate.clone(), newcomers.clone());
            move || {
                while newcomers.note(0, &gate.as_sync().try_update(1)) {
                    thread::yield_now();
                }
            }
        });
        let task = runtime.spawn({
            let (gate, newcomers) = (gate.clone(), newcomers.clone());
            async move {
                while newcomers.note(1, &gate.try_update(1).await) {
                    tokio::task::yield_now().await;
                }
            }
        });
        until(|| {
            let mut queued = newcomers.queued.iter();
            queued.all(|one| one.load(Ordering::Relaxed) > 0)
        });
        until(|| {
            clock.advance(SECOND);
            gate.waiters() == 0
        });
        for waiter in threads {
            waiter.join().unwrap();
        }
        for waiter in tasks {
            runtime.block_on(waiter).unwrap();
        }
        newcomers.done.store(true, Ordering::Relaxed);
        thread.join().unwrap();
        runtime.block_on(task).unwrap();
        let mut served = std::mem::take(&mut *served.lock().unwrap());
        // the booking orders them, whoever was first to write it down
        served.sort_unstable();
        let order: Vec<usize> = served.iter().map(|(_, _, number)| *number).collect();
        assert_eq!(order, (0..WAITERS).collect::<Vec<_>>());
    }
}

#[test]
fn a_large_value_of_a_task_is_not_starved_by_small_ones() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = CallGate::unnamed(10 * SECOND, SECOND)
        .gate_limit(10)
        .clock(clock.clone())
        .build()
        .unwrap();
    gate.try_update(1).unwrap();
    let gate = AsyncCallGate::from(gate);
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let large = runtime.spawn({
        let gate = gate.clone();
        async move { gate.update(10).await.unwrap().frame().start() }
    });
    until(|| gate.waiters() == 1);
    let done = Arc::new(AtomicBool::new(false));
    let small = runtime.spawn({
        let done = done.clone();
        async move {
            while !done.load(Ordering::Relaxed) {
                let _ = gate.try_update(1).await;
                tokio::task::yield_now().await;
            }
        }
    });
    for _ in 0..10 {
        clock.advance(SECOND);
    }
    let start = runtime.block_on(large).unwrap();
    assert_eq!(start, SystemTime::UNIX_EPOCH + 10 * SECOND);
    done.store(true, Ordering::Relaxed);
    runtime.block_on(small).unwrap();
}
