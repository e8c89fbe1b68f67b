//! What the number of frames costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use call_gate::clock::{Clock, Moment};

use super::admit::updates;
use crate::candidate::{Candidate, Expect, Threads};
use crate::gates::{SECOND, built, roomy};
use crate::rounds::{Figures, Group};

/// Sizes of the ring that are compared, and how they read.
const RINGS: [(u32, &str); 3] = [(10, "10"), (1_000, "1,000"), (100_000, "100,000")];

/// Frames passed by one call on the largest ring, and how that reads.
const PASSED: [(u32, &str); 3] = [(10, "10"), (100, "100"), (1_000, "1,000")];

/// Admitted calls that stay within one frame.
pub fn within() -> Group {
    let rows = RINGS.map(|(frames, words)| {
        updates(
            &format!("admit/memory-{frames}x1s-ring"),
            &format!("call_gate, {words} frames of 1 s"),
            Threads::One,
            built(roomy(frames, SECOND)),
        )
    });
    Group {
        figures: Figures::PerCall,
        title: "Admitted within a frame, by the size of the ring",
        about: "`try_update(1)`; a roll happens once a second and hardly shows.",
        candidates: rows.into(),
    }
}

/// Calls that first close the frames that have passed.
pub fn roll() -> Group {
    let (largest, largest_in_words) = RINGS[RINGS.len() - 1];
    let one = RINGS.map(|(frames, words)| {
        rolls(
            &format!("roll/memory-{frames}x1s"),
            &format!("call_gate, {words} frames, 1 passed"),
            frames,
            1,
        )
    });
    let more = PASSED.map(|(passed, words)| {
        rolls(
            &format!("roll/memory-{largest}x1s-passed-{passed}"),
            &format!("call_gate, {largest_in_words} frames, {words} passed"),
            largest,
            passed,
        )
        .fewer(u64::from(passed))
    });
    Group {
        figures: Figures::PerCall,
        title: "Rolls",
        about: "`try_update(1)` under a clock that moves on before every call, so that each call \
                first closes what has passed: one frame of rings of several sizes, and more frames \
                at once of the largest.",
        candidates: one.into_iter().chain(more).collect(),
    }
}

fn rolls(name: &str, label: &str, frames: u32, passed: u32) -> Candidate {
    let clock = Stepping::default();
    let gate = built(roomy(frames, SECOND).clock(clock.clone()));
    Candidate::new(name, label, Threads::One, Expect::Admitted, move || {
        clock.step(SECOND * passed);
        gate.try_update(1).is_ok()
    })
}

/// A clock that stands still until it is told to move on.
#[derive(Clone, Debug)]
struct Stepping(Arc<AtomicU64>);

impl Default for Stepping {
    /// Some time this century, so that no frame lies before the epoch.
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1_700_000_000_000_000_000)))
    }
}

impl Stepping {
    fn step(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).expect("a short step");
        // The only thread that steps; cheaper than an exchange.
        let now = self.0.load(Ordering::Relaxed) + by;
        self.0.store(now, Ordering::Relaxed);
    }
}

impl Clock for Stepping {
    fn now(&self) -> Moment {
        Moment::from_nanos(self.0.load(Ordering::Relaxed))
    }
}
