//! What is asked of the script.

use super::{Batch, MOST, NONE, Seed};
use call_gate_core::Booked;

/// What becomes of other limits that the key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnOther {
    Adopt,
    Replace,
    Require,
}

/// What stands before every question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head<'a> {
    /// Of each span of the shape; in force if the key has none, or if they replace its own.
    pub(crate) limits: &'a [Option<u64>],
    pub(crate) on_other: OnOther,
    /// Whether a new key's limits count as set live.
    pub(crate) live: bool,
}

/// One question.
#[derive(Debug)]
pub(crate) enum Ask<'a> {
    Update(&'a Batch),
    Refund {
        value: u64,
        /// The pass's frame by its number, and its era.
        booked: Option<(u64, u64)>,
        /// Whether a closed frame takes it.
        credits: bool,
    },
    Peek {
        value: u64,
    },
    State,
    Clear,
    /// Puts the limits of the head in force.
    SetLimits,
    /// Puts one span's limit in force, and leaves the others as they are.
    SetSpan {
        index: usize,
        limit: u64,
    },
    /// Counts that an empty gate starts from.
    Seed(&'a Seed),
}

impl Ask<'_> {
    pub(crate) fn to_bytes(&self, head: Head<'_>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        let mut put = |word: u64| bytes.extend_from_slice(&word.to_le_bytes());
        put(self.number());
        let on_other = match head.on_other {
            OnOther::Adopt => 0,
            OnOther::Replace => 1,
            OnOther::Require => 2,
        };
        put(on_other + if head.live { 4 } else { 0 });
        for limit in head.limits {
            put(limit.unwrap_or(NONE));
        }
        match *self {
            Self::Update(batch) => {
                put(batch.lease.map_or(0, |lease| lease.most.min(MOST)));
                put(batch.lease.map_or(0, |lease| lease.last_frame));
                for group in &batch.groups {
                    put(countable(group.value));
                    put(group.count);
                }
            }
            Self::Refund {
                value,
                booked,
                credits,
            } => {
                let kind = match booked {
                    None => 0,
                    Some(_) if credits => 2,
                    Some(_) => 1,
                };
                let (frame, era) = booked.unwrap_or((0, 0));
                for word in [countable(value), kind, frame, countable(era)] {
                    put(word);
                }
            }
            Self::Peek { value } => put(countable(value)),
            Self::SetSpan { index, limit } => {
                put(index as u64 + 1);
                put(countable(limit));
            }
            Self::Seed(seed) => seed.put(&mut bytes),
            Self::State | Self::Clear | Self::SetLimits => {}
        }
        bytes
    }

    fn number(&self) -> u64 {
        match self {
            Self::Update(_) => 1,
            Self::Refund { .. } => 2,
            Self::Peek { .. } => 3,
            Self::State => 4,
            Self::Clear => 5,
            Self::SetLimits => 6,
            Self::Seed(_) => 7,
            Self::SetSpan { .. } => 8,
        }
    }
}

/// The same to the script: above all that it admits, or books, or ever counted.
fn countable(value: u64) -> u64 {
    value.min(NONE)
}

/// A pass's frame by its number, and its era.
pub(crate) fn number_of(booked: &Booked, base: u64) -> (u64, u64) {
    (
        booked.frame().as_nanos() / 1_000 / base.max(1),
        booked.era(),
    )
}
