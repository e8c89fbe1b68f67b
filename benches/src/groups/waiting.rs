//! From one thread's act to another's being let in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use call_gate::{CallGate, Wait};

use crate::candidate::{Candidate, nanos_per};
use crate::gates::{filled, narrow};
use crate::rounds::{Figures, Group};

/// How much longer a hand-over takes than a call of the other groups.
const LONGER: u64 = 8_000;

/// Gives a thread that is about to park the time to do so.
const SETTLE: Duration = Duration::from_micros(100);

/// After this long the other thread is taken to be stuck.
const PATIENCE: Duration = Duration::from_secs(10);

/// A frame that outlasts every run, so that only a refund can make room.
const DAY: Duration = Duration::from_secs(86_400);

/// Latency of a hand-over between threads.
pub fn group() -> Group {
    Group {
        figures: Figures::PerCall,
        title: "Hand-over to a waiting thread",
        about: "From one thread's `refund(1)` on a full gate to another thread's return from \
                `update_with(1, Wait::Forever)`, beside a bare `unpark` and return from `park`. \
                The kernel's wake-up is nearly all of it. For information; there is no target.",
        candidates: vec![
            Candidate::timed("handover/park/2", "`Thread::unpark`", park).fewer(LONGER),
            Candidate::timed("handover/memory/2", "call_gate, refund to update", refund)
                .fewer(LONGER),
        ],
    }
}

fn park(count: u64) -> f64 {
    let (about_to_park, go) = (AtomicBool::new(false), AtomicBool::new(false));
    let (woken, wakes) = mpsc::channel();
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            for _ in 0..count {
                about_to_park.store(true, Ordering::Release);
                while !go.swap(false, Ordering::Acquire) {
                    thread::park();
                }
                woken.send(Instant::now()).expect("the measurer listens");
            }
        });
        total(count, || {
            wait_until(|| about_to_park.swap(false, Ordering::Acquire));
            let act = Instant::now();
            go.store(true, Ordering::Release);
            sleeper.thread().unpark();
            wakes.recv().expect("the sleeper answers") - act
        })
    })
}

fn refund(count: u64) -> f64 {
    let gate = filled(narrow(2, DAY));
    let (admitted, admissions) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..count {
                gate.update_with(1, Wait::Forever)
                    .expect("a refund lets the waiter in");
                admitted.send(Instant::now()).expect("the measurer listens");
            }
        });
        // A measurer that panics must not leave the scope waiting for ever.
        let _release = CloseOnDrop(&gate);
        total(count, || {
            wait_until(|| gate.waiters() == 1);
            let act = Instant::now();
            gate.refund(1)
                .expect("booked in the current frame, unless midnight UTC has passed");
            admissions.recv().expect("the waiter answers") - act
        })
    })
}

struct CloseOnDrop<'a>(&'a CallGate);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn wait_until(ready: impl Fn() -> bool) {
    let start = Instant::now();
    while !ready() {
        assert!(start.elapsed() < PATIENCE, "the other thread never came");
        thread::yield_now();
    }
    thread::sleep(SETTLE);
}

fn total(count: u64, mut hand_over: impl FnMut() -> Duration) -> f64 {
    let total = (0..count).map(|_| hand_over()).sum();
    nanos_per(total, count)
}
