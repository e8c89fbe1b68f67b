//! The oracle on its own.

use super::sides::OracleSide;
use super::{Mismatch, Stage};
use crate::act::Act;
use crate::oracle::{Oracle, Rules};
use crate::outcome::Outcome;
use crate::spec::Spec;

/// The oracle without a gate, for judging the oracle itself.
#[derive(Debug)]
pub struct Alone {
    start: u64,
    now: u64,
    oracle: OracleSide,
}

impl Alone {
    /// An oracle for a gate like `spec`.
    #[must_use]
    pub fn new(spec: &Spec) -> Self {
        Self::judged_by(spec.rules(), spec.start)
    }

    /// An oracle that judges by `rules`, made at `start`.
    #[must_use]
    pub fn judged_by(rules: Rules, start: u64) -> Self {
        Self {
            start,
            now: start,
            oracle: OracleSide::new(Oracle::new(rules, start)),
        }
    }
}

impl Stage for Alone {
    fn act(&mut self, act: &Act) -> Result<Outcome, Mismatch> {
        match *act {
            Act::Advance(by) | Act::SnapshotRestore(by) => self.now += by,
            Act::SetBack(by) => self.now -= by,
            Act::SetTo(elapsed) => self.now = self.start + elapsed,
            Act::FollowRetry(value) => {
                let first = self.oracle.act(&Act::TryUpdate(value), self.now);
                let Some(denial) = first.denial() else {
                    return Ok(first);
                };
                self.now += denial.retry_after;
                return Ok(self.oracle.act(&Act::TryUpdate(value), self.now));
            }
            _ => {}
        }
        Ok(self.oracle.act(act, self.now))
    }
}
