//! A permit of either kind, and the small change of a life.

use super::life::Checked;
use crate::hand::now;
use call_gate_core::{Demand, Refund, UpdateError};
use call_gate_limiter::{AsyncOwnedPermit, OwnedPermit};
use call_gate_testkit::limiter::Ask;
use proptest::sample::Index;
use std::time::{Duration, SystemTime};

pub(super) enum Permit {
    Sync(OwnedPermit),
    Async(AsyncOwnedPermit),
}

impl Permit {
    pub(super) fn refund(self) -> Result<Refund, UpdateError> {
        match self {
            Self::Sync(permit) => permit.refund(),
            Self::Async(permit) => now(permit.refund()),
        }
    }

    pub(super) fn settle(self, actual: u64) -> Result<Refund, UpdateError> {
        match self {
            Self::Sync(permit) => permit.settle(actual),
            Self::Async(permit) => now(permit.settle(actual)),
        }
    }

    pub(super) fn forget(self) {
        match self {
            Self::Sync(permit) => permit.forget(),
            Self::Async(permit) => permit.forget(),
        }
    }
}

pub(super) fn at(one: Index, len: usize) -> Option<usize> {
    (len > 0).then(|| one.index(len))
}

pub(super) fn demand(ask: Ask) -> Demand {
    Demand::new(ask.value).costing(ask.cost)
}

pub(super) fn wall(nanos: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

/// That the two are the same.
#[expect(clippy::needless_pass_by_value, reason = "most are made for it")]
pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, said: T, told: T) -> Checked {
    if said == told {
        return Ok(());
    }
    Err(format!("{what}: {said:?}, the oracle says {told:?}"))
}
