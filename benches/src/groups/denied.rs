//! One denied call of one unit.

use std::time::Duration;

use call_gate::CallGate;
use governor::clock::{Clock, DefaultClock};

use crate::candidate::{Candidate, Expect, Threads};
use crate::gates::{FRAMES, MILLISECOND, SECOND, TENTH, filled, narrow, narrow_frame, precise};
use crate::peers;
use crate::rounds::{Figures, Group};

/// Denied calls, beside the peers.
pub fn group(threads: Threads) -> Group {
    let mut candidates = governors(threads);
    candidates.extend(gates(threads));
    candidates.extend(other_peers(threads));
    if threads == Threads::One {
        candidates.extend(short_frames());
        candidates.extend(retry_after());
    } else {
        // Denials are cheaper, and starting two threads takes its time.
        candidates = candidates.into_iter().map(|one| one.fewer(2)).collect();
    }
    Group {
        figures: Figures::PerCall,
        title: match threads {
            Threads::One => "Denied, one thread",
            Threads::Two => "Denied, two threads on one gate",
        },
        about: match threads {
            Threads::One => {
                "`try_update(1)` on a gate that is full. A gate for one unit in ten frames lets \
                 the next one in when the first has left the window: those are counted, and no \
                 more than the frames that passed allow."
            }
            Threads::Two => "The same call from two threads at once, started together.",
        },
        candidates,
    }
}

fn governors(threads: Threads) -> Vec<Candidate> {
    let quanta = peers::full_governor();
    let instant = peers::full_governor_instant();
    vec![
        Candidate::new(
            "denied/governor-quanta",
            "governor, quanta clock",
            threads,
            Expect::DENIED,
            move || quanta.check().is_ok(),
        ),
        Candidate::new(
            "denied/governor-instant",
            "governor, `Instant` clock",
            threads,
            Expect::DENIED,
            move || instant.check().is_ok(),
        ),
    ]
}

fn gates(threads: Threads) -> Vec<Candidate> {
    vec![
        refusals(
            "denied/memory-10x1s",
            "call_gate, 10 frames of 1 s",
            threads,
            filled(narrow(FRAMES, SECOND)),
        ),
        refusals(
            "denied/memory-10x100ms",
            "call_gate, 10 frames of 100 ms",
            threads,
            filled(narrow(FRAMES, TENTH)),
        ),
        refusals(
            "denied/memory-10x1s-precise",
            "call_gate, 10 frames of 1 s, precise clock",
            threads,
            filled(narrow(FRAMES, SECOND).clock(precise())),
        ),
        refusals(
            "denied/mutexed-10x1s",
            "call_gate, 10 frames of 1 s, mutexed",
            threads,
            filled(narrow(FRAMES, SECOND).limits_up_to(u64::MAX)),
        ),
    ]
}

fn short_frames() -> Vec<Candidate> {
    let frame = filled(narrow_frame(FRAMES, SECOND));
    vec![
        refusals(
            "denied/memory-10x1ms",
            "call_gate, 10 frames of 1 ms",
            Threads::One,
            filled(narrow(FRAMES, MILLISECOND)),
        ),
        Candidate::new(
            "denied/memory-10x1s-frame",
            "call_gate, 10 frames of 1 s, by the frame limit",
            Threads::One,
            Expect::Denied {
                step: SECOND,
                frames: 1,
            },
            move || frame.try_update(1).is_ok(),
        ),
    ]
}

/// What it costs to ask a denial when to come back.
fn retry_after() -> Vec<Candidate> {
    let gate = filled(narrow(FRAMES, SECOND));
    let governor = peers::full_governor();
    let clock = DefaultClock::default();
    vec![
        Candidate::new(
            "denied/governor-quanta-retry",
            "governor, quanta clock, reading the wait",
            Threads::One,
            Expect::DENIED,
            move || match governor.check() {
                Ok(()) => true,
                Err(denied) => denied.wait_time_from(clock.now()) == Duration::ZERO,
            },
        ),
        Candidate::new(
            "denied/memory-10x1s-retry",
            "call_gate, 10 frames of 1 s, reading `retry_after`",
            Threads::One,
            slides(&gate),
            move || match gate.try_update(1) {
                Ok(_) => true,
                Err(denied) => denied
                    .denial()
                    .is_none_or(|denial| denial.retry_after() == Duration::ZERO),
            },
        ),
    ]
}

fn other_peers(threads: Threads) -> Vec<Candidate> {
    let ratelimit = peers::full_ratelimit();
    let leaky = peers::full_leaky_bucket();
    let trypema = peers::Trypema::full();
    vec![
        Candidate::new(
            "denied/leaky-bucket",
            "leaky-bucket, unfair",
            threads,
            Expect::DENIED,
            move || leaky.try_acquire(1),
        ),
        Candidate::new(
            "denied/ratelimit",
            "ratelimit",
            threads,
            Expect::DENIED,
            move || ratelimit.try_wait().is_ok(),
        ),
        Candidate::new(
            "denied/trypema",
            "trypema, local (keyed)",
            threads,
            Expect::DENIED,
            move || trypema.inc(),
        ),
    ]
}

/// A candidate that asks a full gate at once.
fn refusals(name: &str, label: &str, threads: Threads, gate: CallGate) -> Candidate {
    let expect = slides(&gate);
    Candidate::new(name, label, threads, expect, move || {
        gate.try_update(1).is_ok()
    })
}

/// A full gate admits again once its window has slid on by all its frames.
fn slides(gate: &CallGate) -> Expect {
    Expect::Denied {
        step: gate.frame_step(),
        frames: u32::try_from(gate.frames()).expect("a small ring"),
    }
}
