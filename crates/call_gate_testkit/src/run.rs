//! One gate and the oracle side by side, act by act.

use std::fmt;
use std::time::Duration;

use call_gate_core::CallGate;

use crate::act::{Act, Case};
use crate::fixture::Fixture;
use crate::oracle::{Caps, Oracle};
use crate::outcome::Outcome;
use crate::spec::{Spec, limits, nanos, wall};

mod alone;
mod restore;
mod shelf;
mod sides;
#[cfg(test)]
mod tests;
mod translate;

pub use alone::Alone;
pub use shelf::Shelf;
use sides::{GateSide, OracleSide};
pub(crate) use translate::refused;

/// Twenty years, the age that a gate must be able to reach.
pub const TWENTY_YEARS: u64 = (20 * 365 + 5) * 86_400_000_000_000;

/// An answer of a gate that is not the oracle's.
#[derive(Debug)]
pub struct Mismatch {
    /// The act, counted from 0.
    pub step: usize,
    /// What was done.
    pub act: String,
    /// What the clock showed, in nanoseconds after the start; negative before it.
    pub elapsed: i128,
    /// What the oracle says.
    pub oracle: String,
    /// What the gate said.
    pub gate: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step,
            act,
            elapsed,
            oracle,
            gate,
        } = self;
        write!(
            f,
            "act {step}, {act}, {elapsed} ns after the start:\n  oracle: {oracle}\n    gate: {gate}"
        )
    }
}

impl std::error::Error for Mismatch {}

/// Something that acts can be done to.
pub trait Stage {
    /// Does one thing and tells the answer.
    ///
    /// # Errors
    ///
    /// If a gate and its oracle do not agree on the answer.
    fn act(&mut self, act: &Act) -> Result<Outcome, Mismatch>;
}

/// A gate with its oracle.
#[derive(Debug)]
pub struct Pair<'f> {
    fixture: &'f dyn Fixture,
    shelf: &'f Shelf,
    spec: Spec,
    gate: GateSide<'f>,
    oracle: OracleSide,
    step: usize,
}

/// Puts a gate and the oracle through the same life and compares every answer.
///
/// # Errors
///
/// The first answer that differs.
///
/// # Panics
///
/// If the gate cannot be made although its fixture says that the place holds it, or is made although it says not.
pub fn run(fixture: &dyn Fixture, case: &Case) -> Result<(), Mismatch> {
    let shelf = Shelf::new();
    let Some(mut pair) = Pair::new(fixture, &shelf, &case.spec) else {
        return Ok(());
    };
    for act in &case.acts {
        pair.act(act)?;
        if case.watched {
            pair.act(&Act::State)?;
        }
    }
    pair.act(&Act::State).map(drop)
}

impl<'f> Pair<'f> {
    /// A gate in the fixture's storage with its oracle, or nothing when the place refuses the gate as its fixture
    /// foretold.
    ///
    /// # Panics
    ///
    /// If the fixture foretold otherwise.
    pub fn new(fixture: &'f dyn Fixture, shelf: &'f Shelf, spec: &Spec) -> Option<Self> {
        let spec = fixture.shape(spec.clone());
        fixture.time().set(wall(spec.start));
        let built = fixture
            .time()
            .install(spec.builder().storage(fixture.storage()))
            .build();
        if !fixture.holds(&spec) {
            refused(&spec, built);
            return None;
        }
        let gate =
            built.unwrap_or_else(|error| panic!("{fixture:?} does not make {spec:?}: {error}"));
        let oracle = OracleSide::new(Oracle::new(
            fixture.rules(&spec),
            nanos(fixture.time().now()),
        ));
        let (gate, shelf) = shelf.put(gate);
        Some(Self {
            fixture,
            shelf,
            spec,
            gate: GateSide::new(gate),
            oracle,
            step: 0,
        })
    }

    /// The gate.
    #[must_use]
    pub fn gate(&self) -> &'f CallGate {
        self.gate.gate()
    }

    /// The gate as it was described, with what the fixture chose.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    fn now(&self) -> u64 {
        nanos(self.fixture.time().now())
    }

    fn move_clock(&self, act: &Act) {
        let (time, now) = (self.fixture.time(), self.now());
        match *act {
            // The clock stops where a gate's promised age ends.
            Act::Advance(by) => {
                let by = by.min((self.spec.start + TWENTY_YEARS).saturating_sub(now));
                time.advance(Duration::from_nanos(by));
            }
            Act::SetBack(by) => time.set(wall(now.saturating_sub(by))),
            Act::SetTo(elapsed) => time.set(wall(self.spec.start + elapsed)),
            _ => {}
        }
    }

    fn simple(&mut self, act: &Act) -> Result<Outcome, Mismatch> {
        self.move_clock(act);
        let gate = self.gate.act(act);
        if let Act::SetLimits(caps) = *act
            && gate == Outcome::Rejected
            && self.may_be_refused(caps)
        {
            return Ok(gate);
        }
        let oracle = self.oracle.act(act, self.now());
        if oracle != gate {
            return Err(self.mismatch(act, &oracle, &gate));
        }
        let (set, told) = (limits(self.oracle.caps()), self.gate().limits());
        if set == told {
            Ok(gate)
        } else {
            Err(self.mismatch(act, &set, &told))
        }
    }

    /// Without a word about the largest limit to come, a place holds live limits as far as it happens to.
    fn may_be_refused(&self, caps: Caps) -> bool {
        let kept = u128::from(self.spec.rules().kept());
        let reach = |caps: Caps| {
            let frames = caps.frame.map(|frame| u128::from(frame) * kept);
            [caps.gate.map(u128::from), frames]
                .into_iter()
                .flatten()
                .min()
        };
        let largest = |caps: Caps| caps.gate.max(caps.frame).unwrap_or(0);
        let sure = |told: u128| told.max(10_000);
        let surely_held = reach(caps)
            .is_some_and(|sum| sum <= sure(reach(self.spec.caps).unwrap_or(0)))
            && u128::from(largest(caps)) <= sure(largest(self.spec.caps).into());
        self.spec.ceiling.is_none() && !surely_held
    }

    fn mismatch(
        &self,
        act: &dyn fmt::Debug,
        oracle: &dyn fmt::Debug,
        gate: &dyn fmt::Debug,
    ) -> Mismatch {
        Mismatch {
            step: self.step,
            act: format!("{act:?}"),
            elapsed: i128::from(self.now()) - i128::from(self.spec.start),
            oracle: format!("{oracle:?}"),
            gate: format!("{gate:?}"),
        }
    }

    /// Denied with a time to come back means: denied until a tick before it, admitted at it.
    fn follow(&mut self, value: u64) -> Result<Outcome, Mismatch> {
        let act = Act::TryUpdate(value);
        let first = self.simple(&act)?;
        let Some(retry_after) = first.denial().map(|denial| denial.retry_after) else {
            return Ok(first);
        };
        let tick = self.fixture.tick();
        if retry_after < tick {
            return Err(self.mismatch(&act, &"a time to come back", &first));
        }
        if self.now() + retry_after > self.spec.start + TWENTY_YEARS {
            return Ok(first);
        }
        self.simple(&Act::Advance(retry_after - tick))?;
        let early = self.simple(&act)?;
        if early.denial().map(|denial| denial.retry_after) != Some(tick) {
            return Err(self.mismatch(&"one tick early", &format!("denied for {tick} ns"), &early));
        }
        self.simple(&Act::Advance(tick))?;
        let timely = self.simple(&act)?;
        if matches!(timely, Outcome::Admitted(_)) {
            Ok(timely)
        } else {
            Err(self.mismatch(&"exactly in time", &"admitted", &timely))
        }
    }
}

impl Stage for Pair<'_> {
    fn act(&mut self, act: &Act) -> Result<Outcome, Mismatch> {
        let answer = match act {
            Act::FollowRetry(value) => self.follow(*value),
            Act::SnapshotRestore(gap) => self.restore(*gap),
            _ => self.simple(act),
        };
        self.step += 1;
        answer
    }
}
