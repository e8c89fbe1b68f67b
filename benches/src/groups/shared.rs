//! Gates in shared memory, beside those in this process's own.

use std::iter;
use std::time::Duration;

use call_gate::CallGate;

use super::admit::updates;
use crate::candidate::{Candidate, Expect, Threads, nanos_per};
use crate::gates::{self, FRAMES, SECOND, TENTH, built, filled, roomy};
use crate::rounds::{Figures, Group};
use crate::second::Second;
use crate::segment::{self, Segment, shared};

/// How much longer attaching takes than a call of the other groups.
const LONGER: u64 = 8_000;

/// And how much longer starting a process.
const MUCH_LONGER: u64 = 40_000;

/// What attaching is to take at most.
const ALLOWED: Duration = Duration::from_micros(50);

/// One call, alone.
pub fn calls() -> Group {
    let mut candidates = Vec::new();
    for (name, label, step) in [
        ("10x1s", "10 frames of 1 s", SECOND),
        ("10x100ms", "10 frames of 100 ms", TENTH),
    ] {
        candidates.push(updates(
            &format!("shared/memory-{name}"),
            &format!("in memory, {label}"),
            Threads::One,
            built(roomy(FRAMES, step)),
        ));
        let gate =
            Segment::new(|gate| built(shared(gate, |gate| gates::roomy_named(gate, FRAMES, step))));
        candidates.push(Candidate::new(
            &format!("shared/segment-{name}"),
            &format!("in shared memory, {label}"),
            Threads::One,
            Expect::Admitted,
            move || gate.try_update(1).is_ok(),
        ));
    }
    let full = filled(gates::narrow(FRAMES, SECOND));
    candidates.push(refusals(
        "shared/memory-10x1s-denied",
        "in memory, denied",
        move || full.try_update(1).is_ok(),
    ));
    let full = Segment::new(|gate| {
        filled(shared(gate, |gate| {
            gates::narrow_named(gate, FRAMES, SECOND)
        }))
    });
    candidates.push(refusals(
        "shared/segment-10x1s-denied",
        "in shared memory, denied",
        move || full.try_update(1).is_ok(),
    ));
    Group {
        figures: Figures::PerCall,
        title: "Shared memory, one thread",
        about: "`try_update(1)` on a gate in shared memory, beside one in memory: the same words \
                and the same code, in another place.",
        candidates,
    }
}

fn refusals(name: &str, label: &str, op: impl Fn() -> bool + Sync + 'static) -> Candidate {
    let expect = Expect::Denied {
        step: SECOND,
        frames: FRAMES,
    };
    Candidate::new(name, label, Threads::One, expect, op)
}

/// Two at once.
pub fn two() -> Group {
    let threads = Segment::new(segment::roomy);
    let candidates = vec![
        updates(
            "shared/memory-10x1s",
            "in memory, two threads",
            Threads::Two,
            built(roomy(FRAMES, SECOND)),
        ),
        Candidate::new(
            "shared/segment-10x1s",
            "in shared memory, two threads",
            Threads::Two,
            Expect::Admitted,
            move || threads.try_update(1).is_ok(),
        ),
        Candidate::two_processes(
            "shared/segment-10x1s-processes",
            "in shared memory, two processes",
            Segment::new(segment::roomy),
            Segment::new(segment::control),
        ),
    ];
    Group {
        figures: Figures::PerCall,
        title: "Shared memory, two processes on one gate",
        about: "The same call from two threads, or two processes, at once, started together. What \
                counts for two threads counts here: both must have been running at once.",
        // Short enough to end before something else wants one of two cores.
        candidates: candidates.into_iter().map(|one| one.fewer(8)).collect(),
    }
}

/// Opening a gate that is there.
pub fn attach() -> Group {
    // any length of time does: it is a mark, not a measurement
    let allowed = nanos_per(ALLOWED, 1);
    Group {
        figures: Figures::PerCall,
        title: "Attaching to a gate in shared memory",
        about: "`build()` for a gate that is there, in a process that was just started: the first \
                gate that it opens, one after others that it has not mapped either, and one that \
                it has mapped already. The first one pays for code that has not run yet, as the \
                first gate in memory does. The base is what it is to take at most.",
        candidates: vec![
            Candidate::timed("attach/allowed", "50 µs", move |_| allowed),
            Candidate::timed(
                "attach/segment-first/1",
                "the first in a process",
                |count| mean(count, || attached(1)[0]),
            )
            .fewer(MUCH_LONGER),
            Candidate::timed(
                "attach/memory-first/1",
                "the first in a process, in memory",
                |count| mean(count, first_in_memory),
            )
            .fewer(MUCH_LONGER),
            Candidate::timed("attach/segment/1", "not mapped yet", |count| {
                attached(count)[0]
            })
            .fewer(LONGER),
            Candidate::timed("attach/segment-again/1", "mapped already", |count| {
                attached(count)[1]
            })
            .fewer(LONGER),
        ],
    }
}

/// Nanoseconds in which a new process makes a gate in its own memory.
fn first_in_memory() -> f64 {
    let answer = Second::start(&["memory".to_owned()]).answer();
    answer.parse().expect("a number")
}

#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn mean(count: u64, measure: impl Fn() -> f64) -> f64 {
    (0..count).map(|_| measure()).sum::<f64>() / count as f64
}

/// Nanoseconds in which a new process opens one of `count` gates, and opens it again.
fn attached(count: u64) -> [f64; 2] {
    let open = |name: &str| -> CallGate { filled(segment::roomy_builder(name)) };
    let gates: Vec<_> = (0..count).map(|_| Segment::new(open)).collect();
    let words: Vec<_> = iter::once("attach".to_owned())
        .chain(gates.iter().map(Segment::name))
        .collect();
    let answer = Second::start(&words).answer();
    let passes: Vec<f64> = answer
        .split(' ')
        .map(|pass| pass.parse().expect("a number"))
        .collect();
    passes.try_into().expect("two passes")
}
