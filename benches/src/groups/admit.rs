//! One admitted call of one unit.

use call_gate::CallGate;

use crate::candidate::{Candidate, Expect, Threads};
use crate::gates::{FRAMES, MILLISECOND, SECOND, TENTH, built, precise, roomy};
use crate::peers;
use crate::rounds::{Figures, Group};

/// Admitted calls, beside the peers.
pub fn group(threads: Threads) -> Group {
    let mut candidates = governors(threads);
    candidates.extend(gates(threads));
    candidates.extend(other_peers(threads));
    if threads == Threads::One {
        candidates.extend(short_frames());
        candidates.extend(other_verbs());
    } else {
        // Short enough to end before something else wants one of two cores.
        candidates = candidates.into_iter().map(|one| one.fewer(8)).collect();
    }
    Group {
        figures: Figures::PerCall,
        title: match threads {
            Threads::One => "Admitted, one thread",
            Threads::Two => "Admitted, two threads on one gate",
        },
        about: match threads {
            Threads::One => {
                "`try_update(1)` on a gate with a gate limit and a frame limit that have room. \
                 The default clock of a gate is the hybrid one where the system has a coarse \
                 clock; precise is what a gate falls back to elsewhere."
            }
            Threads::Two => {
                "The same call from two threads at once, started together: nanoseconds of one \
                 thread for one of its calls."
            }
        },
        candidates,
    }
}

fn governors(threads: Threads) -> Vec<Candidate> {
    let quanta = peers::roomy_governor();
    let instant = peers::roomy_governor_instant();
    vec![
        Candidate::new(
            "admit/governor-quanta",
            "governor, quanta clock",
            threads,
            Expect::Admitted,
            move || quanta.check().is_ok(),
        ),
        Candidate::new(
            "admit/governor-instant",
            "governor, `Instant` clock",
            threads,
            Expect::Admitted,
            move || instant.check().is_ok(),
        ),
    ]
}

fn gates(threads: Threads) -> Vec<Candidate> {
    vec![
        updates(
            "admit/memory-10x1s",
            "call_gate, 10 frames of 1 s",
            threads,
            built(roomy(FRAMES, SECOND)),
        ),
        updates(
            "admit/memory-10x100ms",
            "call_gate, 10 frames of 100 ms",
            threads,
            built(roomy(FRAMES, TENTH)),
        ),
        updates(
            "admit/memory-10x1s-precise",
            "call_gate, 10 frames of 1 s, precise clock",
            threads,
            built(roomy(FRAMES, SECOND).clock(precise())),
        ),
        updates(
            "admit/mutexed-10x1s",
            "call_gate, 10 frames of 1 s, mutexed",
            threads,
            built(roomy(FRAMES, SECOND).limits_up_to(u64::MAX)),
        ),
    ]
}

fn short_frames() -> Vec<Candidate> {
    vec![updates(
        "admit/memory-10x1ms",
        "call_gate, 10 frames of 1 ms",
        Threads::One,
        built(roomy(FRAMES, MILLISECOND)),
    )]
}

fn other_verbs() -> Vec<Candidate> {
    let waiting = built(roomy(FRAMES, SECOND));
    let read = built(roomy(FRAMES, SECOND));
    let strict = built(roomy(FRAMES, SECOND).strict());
    vec![
        Candidate::new(
            "admit/memory-10x1s-update",
            "call_gate, 10 frames of 1 s, `update` with room",
            Threads::One,
            Expect::Admitted,
            move || waiting.update(1).is_ok(),
        ),
        Candidate::new(
            "admit/memory-10x1s-read",
            "call_gate, 10 frames of 1 s, reading the sum",
            Threads::One,
            Expect::Admitted,
            move || read.try_update(1).is_ok_and(|reading| reading.sum() > 0),
        ),
        updates(
            "admit/memory-10x1s-strict",
            "call_gate, 10 frames of 1 s, strict",
            Threads::One,
            strict,
        ),
    ]
}

fn other_peers(threads: Threads) -> Vec<Candidate> {
    let ratelimit = peers::roomy_ratelimit();
    let leaky = peers::roomy_leaky_bucket();
    let trypema = peers::Trypema::roomy();
    vec![
        Candidate::new(
            "admit/leaky-bucket",
            "leaky-bucket, unfair (reads no clock)",
            threads,
            Expect::Admitted,
            move || leaky.try_acquire(1),
        ),
        Candidate::new(
            "admit/ratelimit",
            "ratelimit",
            threads,
            Expect::Admitted,
            move || ratelimit.try_wait().is_ok(),
        ),
        Candidate::new(
            "admit/trypema",
            "trypema, local (keyed)",
            threads,
            Expect::Admitted,
            move || trypema.inc(),
        ),
    ]
}

/// A candidate that books one unit at once.
pub fn updates(name: &str, label: &str, threads: Threads, gate: CallGate) -> Candidate {
    Candidate::new(name, label, threads, Expect::Admitted, move || {
        gate.try_update(1).is_ok()
    })
}
