//! The two sides of a comparison: acts in, outcomes out.

use call_gate_core::{CallGate, Decide, Pass, Wait};

use super::translate;
use crate::act::Act;
use crate::oracle::{Caps, Oracle, Rules, Slip};
use crate::outcome::{Held, Outcome};
use crate::spec::limits;

#[derive(Debug)]
pub(super) struct OracleSide {
    oracle: Oracle,
    slips: Vec<Slip>,
}

impl OracleSide {
    pub(super) fn new(oracle: Oracle) -> Self {
        Self {
            oracle,
            slips: Vec::new(),
        }
    }

    pub(super) fn rules(&self) -> &Rules {
        self.oracle.rules()
    }

    pub(super) fn caps(&self) -> Caps {
        self.oracle.rules().caps
    }

    pub(super) fn held(&mut self, now: u64) -> Held {
        self.oracle.held(now)
    }

    pub(super) fn act(&mut self, act: &Act, now: u64) -> Outcome {
        let oracle = &mut self.oracle;
        match *act {
            Act::Advance(_) | Act::SetBack(_) | Act::SetTo(_) => Outcome::Done,
            Act::TryUpdate(value) | Act::FollowRetry(value) => oracle.try_update(now, value),
            Act::Decide(value) => oracle.decide(now, value),
            Act::Refund(value) => oracle.refund(now, value),
            Act::Enter(value) => {
                let (outcome, slip) = oracle.enter(now, value);
                self.slips.extend(slip);
                outcome
            }
            Act::RefundPass(index) => match take(&mut self.slips, index) {
                Some(slip) => oracle.refund_slip(now, slip),
                None => Outcome::Nothing,
            },
            Act::SettlePass(index, actual) => match take(&mut self.slips, index) {
                Some(slip) => oracle.settle_slip(now, slip, actual),
                None => Outcome::Nothing,
            },
            Act::DropPass(index) => {
                take(&mut self.slips, index);
                Outcome::Done
            }
            Act::Clear => oracle.clear(),
            Act::SetLimits(caps) => oracle.set_caps(caps),
            Act::Peek(value) => oracle.peek(now, value),
            Act::CheckLimits => oracle.check_limits(now),
            Act::State => Outcome::Held(oracle.held(now)),
            Act::SnapshotRestore(_) => {
                self.slips.clear();
                Outcome::Done
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct GateSide<'g> {
    gate: &'g CallGate,
    passes: Vec<Pass<'g>>,
}

impl<'g> GateSide<'g> {
    pub(super) fn new(gate: &'g CallGate) -> Self {
        Self {
            gate,
            passes: Vec::new(),
        }
    }

    pub(super) fn gate(&self) -> &'g CallGate {
        self.gate
    }

    pub(super) fn act(&mut self, act: &Act) -> Outcome {
        let gate = self.gate;
        match *act {
            Act::Advance(_) | Act::SetBack(_) | Act::SetTo(_) | Act::SnapshotRestore(_) => {
                Outcome::Done
            }
            Act::TryUpdate(value) | Act::FollowRetry(value) => {
                translate::booking(gate.try_update(value))
            }
            Act::Decide(value) => translate::decision(Decide::decide(gate, value)),
            Act::Refund(value) => translate::booking(gate.refund(value)),
            Act::Enter(value) => match gate.enter_with(value, Wait::Never) {
                Ok(pass) => {
                    let reading = *pass.reading();
                    self.passes.push(pass);
                    translate::booking(Ok(reading))
                }
                Err(error) => translate::error(&error),
            },
            Act::RefundPass(index) => match take(&mut self.passes, index) {
                Some(pass) => translate::given_back(pass.refund()),
                None => Outcome::Nothing,
            },
            Act::SettlePass(index, actual) => match take(&mut self.passes, index) {
                Some(pass) => translate::given_back(pass.settle(actual)),
                None => Outcome::Nothing,
            },
            Act::DropPass(index) => {
                let _ = take(&mut self.passes, index);
                Outcome::Done
            }
            Act::Clear => translate::done(gate.clear()),
            Act::SetLimits(caps) => match gate.set_limits(limits(caps)) {
                Ok(()) => Outcome::Done,
                Err(_) => Outcome::Rejected,
            },
            Act::Peek(value) => translate::decision(gate.peek(value)),
            Act::CheckLimits => translate::checked(gate.check_limits()),
            Act::State => translate::held(gate),
        }
    }
}

/// Both sides hold their passes in the same order, so the same index means the same pass.
fn take<T>(held: &mut Vec<T>, index: usize) -> Option<T> {
    let count = held.len();
    (count > 0).then(|| held.swap_remove(index % count))
}
