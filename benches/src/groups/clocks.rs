//! Clocks alone: what any limiter pays before it decides.

use std::hint::black_box;
use std::time::Instant;

use call_gate::clock::{Clock, SystemClock};

use crate::candidate::{Candidate, Expect, Threads};
use crate::rounds::{Figures, Group};

/// One reading of each clock.
pub fn group() -> Group {
    let quanta = quanta::Clock::new();
    let wall = SystemClock::new();
    let mut candidates = vec![
        reading("clock/instant", "`Instant::now`", Instant::now),
        reading("clock/quanta", "quanta, as governor", move || quanta.now()),
        reading("clock/wall", "`SystemClock::now`", move || wall.now()),
    ];
    candidates.extend(kernel());
    Group {
        figures: Figures::PerCall,
        title: "Clocks alone",
        about: "One reading. A gate with the precise clock reads `CLOCK_MONOTONIC`, one with the \
                hybrid clock `CLOCK_MONOTONIC_COARSE` and, near the end of a frame, both. For \
                information; there is no target.",
        candidates,
    }
}

/// The readings that a gate's own clock is made of, which it does not give out.
#[cfg(target_os = "linux")]
fn kernel() -> Vec<Candidate> {
    use rustix::time::{ClockId, clock_gettime};

    vec![
        reading("clock/monotonic", "`CLOCK_MONOTONIC`", || {
            clock_gettime(ClockId::Monotonic)
        }),
        reading("clock/coarse", "`CLOCK_MONOTONIC_COARSE`", || {
            clock_gettime(ClockId::MonotonicCoarse)
        }),
    ]
}

#[cfg(not(target_os = "linux"))]
fn kernel() -> Vec<Candidate> {
    Vec::new()
}

fn reading<T>(name: &str, label: &str, read: impl Fn() -> T + Sync + 'static) -> Candidate {
    Candidate::new(name, label, Threads::One, Expect::Admitted, move || {
        black_box(read());
        true
    })
}
