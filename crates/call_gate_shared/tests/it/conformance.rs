//! Shared words against the oracle, in one process.

use crate::place::Place;
use call_gate_core::{ManualClock, Storage};
use call_gate_testkit::spec::Credits;
use call_gate_testkit::{Fixture, Spec, Time, conformance};
use std::time::SystemTime;

conformance!(shared, SharedFixture::new);

#[derive(Debug)]
struct SharedFixture {
    place: Place,
    time: ManualClock,
}

impl SharedFixture {
    fn new(start: SystemTime) -> Self {
        Self {
            place: Place::new(),
            time: ManualClock::new(start),
        }
    }
}

impl Fixture for SharedFixture {
    fn storage(&self) -> Box<dyn Storage> {
        Box::new(self.place.storage())
    }

    fn time(&self) -> &dyn Time {
        &self.time
    }

    fn holds(&self, spec: &Spec) -> bool {
        fits(spec)
    }

    fn holds_in_real_time(&self, spec: &Spec) -> bool {
        fits_in_real_time(spec)
    }

    /// Every gate is a mapping for the life of the process.
    fn cases(&self) -> u32 {
        200
    }
}

/// Whether shared words hold the gate by the caller's clock, which may go to the end of time.
pub(crate) fn fits(spec: &Spec) -> bool {
    fits_for(spec, u64::MAX - spec.start)
}

/// The same by the machine's clock, for twenty years.
pub(crate) fn fits_in_real_time(spec: &Spec) -> bool {
    fits_for(spec, 20 * 366 * 24 * 3600 * 1_000_000_000)
}

/// The rules of the packed word for a gate that must count for `life` nanoseconds.
fn fits_for(spec: &Spec, life: u64) -> bool {
    let kept = spec.frames + u64::from(spec.strict);
    let bits = 64 - (life / spec.frame_step + kept + 6).leading_zeros();
    let caps = [spec.caps.gate, spec.caps.frame];
    // what a register holds beside the word for none
    let told = |limit: &u64| *limit < (1 << 48) - 1;
    if bits > 46 || spec.credits == Credits::On || !caps.iter().flatten().all(told) {
        return false;
    }
    let largest = u128::from((1u64 << (60 - bits.max(24))) - 1);
    let times = |limit: u64, frames: u64| u128::from(limit) * u128::from(frames);
    let sums = [
        spec.caps.gate.map(|limit| times(limit, 1)),
        spec.caps.frame.map(|limit| times(limit, kept)),
    ];
    let sum = sums.into_iter().flatten().min();
    let ceiling = spec.ceiling.map_or(0, |limit| times(limit, kept));
    sum.is_some_and(|sum| sum <= largest) && ceiling <= largest
}
