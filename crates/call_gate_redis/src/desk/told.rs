//! What each request is told, read from the answer to the call that carried it.

use crate::protocol::{Booked, Group, Held, MOST, Outcome, Refused};
use call_gate_core::{StorageError, StorageErrorKind};
use std::time::Duration;

/// How many sums are kept without an allocation: a gate has two spans.
const FEW: usize = 2;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Admitted(Admitted),
    Denied(Denied),
}

/// A booking, and what the gate held right after it.
///
/// Of a request that a lease served: what the server held when it had booked the lease, all of it counted as used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// The number of the frame that was booked in.
    pub(crate) frame: u64,
    pub(crate) era: u64,
    /// What each span holds, this booking included.
    pub(crate) used: Sums,
    /// The most that could be booked at once right after it. Of a lease: what is left of it, and what the server had
    /// left besides.
    pub(crate) remaining: u64,
}

/// Why there was no room, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Denied {
    /// Index of the span that has none.
    pub(crate) span: usize,
    pub(crate) limit: u64,
    pub(crate) used: u64,
    /// From now, and no shorter than until the value has room if nobody else asks.
    pub(crate) retry_after: Duration,
}

/// What each span holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Sums {
    few: [u64; FEW],
    len: usize,
    more: Vec<u64>,
}

impl Sums {
    /// The sum of the span at `index`.
    pub(crate) fn get(&self, index: usize) -> Option<u64> {
        self.iter().nth(index)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let few = self.few.iter().take(self.len);
        few.chain(&self.more).copied()
    }
}

impl FromIterator<u64> for Sums {
    fn from_iter<I: IntoIterator<Item = u64>>(sums: I) -> Self {
        let mut all = Self::default();
        let mut sums = sums.into_iter();
        for (place, sum) in all.few.iter_mut().zip(sums.by_ref()) {
            *place = sum;
            all.len += 1;
        }
        all.more.extend(sums);
        all
    }
}

/// An answer that does not belong to what was asked.
pub(super) fn out_of_place() -> StorageError {
    StorageError::new(StorageErrorKind::Protocol)
}

/// `values` as runs of equal ones.
pub(super) fn groups(values: impl Iterator<Item = u64>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for value in values {
        match groups.last_mut() {
            Some(last) if last.value == value => last.count += 1,
            _ => groups.push(Group { value, count: 1 }),
        }
    }
    groups
}

/// `booked` if it is an answer to `groups`.
pub(super) fn checked(groups: &[Group], booked: Booked) -> Result<Booked, StorageError> {
    let spans = &booked.stand.spans;
    let fits = |(group, outcome): (&Group, &Outcome)| {
        let denied = outcome.admitted < group.count;
        let span = |refused: Refused| spans.get(refused.span);
        outcome.admitted <= group.count && (!denied || outcome.refused.and_then(span).is_some())
    };
    let all = booked.outcomes.len() == groups.len();
    if all && groups.iter().zip(&booked.outcomes).all(fits) {
        Ok(booked)
    } else {
        Err(out_of_place())
    }
}

/// Calls `tell` with the answer to each request of `groups`, in order. `booked` is [`checked`].
pub(super) fn each(groups: &[Group], booked: &Booked, mut tell: impl FnMut(Told)) {
    let mut total = 0_u64;
    for (group, outcome) in groups.iter().zip(&booked.outcomes) {
        for _ in 0..outcome.admitted {
            total = total.saturating_add(group.value);
            tell(Told::Admitted(Admitted {
                frame: booked.stand.frame,
                era: booked.stand.era,
                used: sums(booked, total),
                remaining: room(booked, total),
            }));
        }
        if let Some(denied) = denied(booked, outcome, total) {
            for _ in outcome.admitted..group.count {
                tell(Told::Denied(denied));
            }
        }
    }
}

/// What all admitted requests of `groups` booked.
pub(super) fn total(groups: &[Group], booked: &Booked) -> u64 {
    let each = groups.iter().zip(&booked.outcomes);
    each.fold(0, |total: u64, (group, outcome)| {
        total.saturating_add(group.value.saturating_mul(outcome.admitted))
    })
}

/// What each span holds when `total` is booked on top of what it held before.
pub(super) fn sums(booked: &Booked, total: u64) -> Sums {
    let spans = booked.stand.spans.iter();
    spans.map(|held| held.used.saturating_add(total)).collect()
}

/// The least that any span has left then.
pub(super) fn room(booked: &Booked, total: u64) -> u64 {
    let left = |held: &Held| {
        let used = held.used.saturating_add(total);
        held.limit.unwrap_or(MOST).saturating_sub(used)
    };
    let spans = booked.stand.spans.iter();
    spans.map(left).min().unwrap_or(0)
}

/// What the denied of a group are told, `total` being booked before them.
pub(super) fn denied(booked: &Booked, outcome: &Outcome, total: u64) -> Option<Denied> {
    let refused = outcome.refused?;
    let held = booked.stand.spans.get(refused.span)?;
    Some(Denied {
        span: refused.span,
        limit: held.limit.unwrap_or(MOST),
        used: held.used.saturating_add(total),
        retry_after: Duration::from_micros(refused.retry_after),
    })
}
