//! Snapshots judged, and gates that go on from them.

use std::time::Duration;

use call_gate_core::Snapshot;

use super::sides::{GateSide, OracleSide};
use super::{Mismatch, Pair};
use crate::act::Act;
use crate::oracle::{Oracle, Rules};
use crate::outcome::Outcome;
use crate::spec::{Spec, limits, nanos};

impl Pair<'_> {
    /// Judges a snapshot frame by frame, then goes on with a gate made from it and an oracle that believes it.
    pub(super) fn restore(&mut self, gap: u64) -> Result<Outcome, Mismatch> {
        let act = Act::SnapshotRestore(gap);
        let snapshot = self
            .gate()
            .snapshot()
            .map_err(|error| self.mismatch(&act, &"a snapshot", &error))?;
        self.judge(&snapshot)?;
        self.move_clock(&Act::Advance(gap));
        let rules: Rules = self.oracle.rules().clone();
        let spec = Spec {
            caps: rules.caps,
            ..self.spec.clone()
        };
        let newest = snapshot.current_frame().map(nanos);
        let held = newest.map(|newest| (newest, snapshot.frames()));
        let oracle = Oracle::restored(rules, self.now(), held);
        let builder = spec
            .builder()
            .restore(snapshot.clone())
            .storage(self.fixture.storage());
        match (self.fixture.time().install(builder).build(), oracle) {
            (Ok(gate), Some(oracle)) => {
                // on a server a gate is made when it is first asked, and sees the time of that
                gate.state()
                    .map_err(|error| self.mismatch(&act, &"a state", &error))?;
                let (kept, next) = self.shelf.put(gate);
                (self.gate, self.shelf) = (GateSide::new(kept), next);
                self.oracle = OracleSide::new(oracle);
                self.spec = spec;
                Ok(Outcome::Done)
            }
            (Err(_), None) => Ok(Outcome::Rejected),
            (built, oracle) => Err(self.mismatch(&act, &oracle, &built)),
        }
    }

    fn judge(&mut self, snapshot: &Snapshot) -> Result<(), Mismatch> {
        let step = self.spec.frame_step;
        let newest = snapshot.current_frame().map(nanos);
        let told = |start: u64| {
            let back = newest?.checked_sub(start)?;
            if back % step != 0 {
                return None;
            }
            snapshot
                .frames()
                .get(usize::try_from(back / step).ok()?)
                .copied()
        };
        let now = self.now();
        let held = self.oracle.held(now);
        for (age, &value) in (0..).zip(&held.frames) {
            let Some(start) = held.frame_start.checked_sub(age * step) else {
                break;
            };
            if told(start).unwrap_or(0) != value {
                return Err(self.mismatch(
                    &format!("snapshot, {age} frames back"),
                    &value,
                    snapshot,
                ));
            }
        }
        if newest.is_some_and(|newest| newest > held.frame_start || newest % step != 0) {
            return Err(self.mismatch(
                &"snapshot",
                &format!("current frame {}", held.frame_start),
                snapshot,
            ));
        }
        let same_shape = snapshot.gate_size() == self.spec.gate_size()
            && snapshot.frame_step() == Duration::from_nanos(step)
            && snapshot.is_strict() == self.spec.strict
            && snapshot.limits() == limits(self.oracle.caps())
            && snapshot.name() == self.gate().name();
        if same_shape {
            Ok(())
        } else {
            Err(self.mismatch(&"snapshot", &self.spec, snapshot))
        }
    }
}
