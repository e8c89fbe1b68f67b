//! Acts on a gate, and strategies that make up gates and lives for them.

use crate::oracle::Caps;
use crate::spec::Spec;

mod sketch;
mod strategy;

pub use strategy::{small, wide};

/// One thing done to a gate or to its clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The clock goes on by so many nanoseconds.
    Advance(u64),
    /// The clock steps back by so many nanoseconds.
    SetBack(u64),
    /// The clock shows this many nanoseconds after the start.
    SetTo(u64),
    /// Asks to book a value at once.
    TryUpdate(u64),
    /// Asks as layers do.
    Decide(u64),
    /// Takes a value out of the current frame.
    Refund(u64),
    /// Books a value and keeps the pass.
    Enter(u64),
    /// Refunds one of the passes held, counted modulo their number.
    RefundPass(usize),
    /// Settles one of the passes held at an actual value.
    SettlePass(usize, u64),
    /// Drops a pass; its booking stands.
    DropPass(usize),
    /// Forgets everything counted.
    Clear,
    /// Changes the limits.
    SetLimits(Caps),
    /// Looks ahead.
    Peek(u64),
    /// Asks whether a limit is reached.
    CheckLimits,
    /// Reads everything.
    State,
    /// Moves everything counted into a new gate in the same kind of storage, made so many nanoseconds later.
    SnapshotRestore(u64),
    /// Asks; when denied, comes back one tick of the clock early and then exactly in time.
    FollowRetry(u64),
}

/// A gate and the life it is put through.
#[derive(Clone, Debug)]
pub struct Case {
    /// The gate.
    pub spec: Spec,
    /// What is done to it.
    pub acts: Vec<Act>,
    /// Whether everything is read after every act, which finds more, or only when an act says so, which hides less.
    pub watched: bool,
}
