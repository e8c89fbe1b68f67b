//! What this process knows of a counter's limits without asking.

use crate::protocol::Stand;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The limit of each span.
type Limits = Arc<[Option<u64>]>;

/// The limits, as last told.
#[derive(Debug)]
pub(super) struct Known {
    initial: Limits,
    turns: AtomicU64,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    /// When the question was asked whose answer told them.
    turn: u64,
    limits: Limits,
    live: bool,
}

impl Known {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            initial: limits.clone(),
            turns: AtomicU64::new(1),
            last: Mutex::new(Last {
                turn: 0,
                limits,
                live: false,
            }),
        }
    }

    /// The builder's.
    pub(super) fn initial(&self) -> &[Option<u64>] {
        &self.initial
    }

    /// Those in force, as last told.
    pub(super) fn limits(&self) -> Limits {
        self.last().limits.clone()
    }

    /// What a key that is made anew starts with, and whether they count as set live.
    ///
    /// Limits that somebody set live come back with the first act after a
    /// server lost them; others give way to the builder's.
    pub(super) fn to_start_with(&self) -> (Limits, bool) {
        let last = self.last();
        if last.live {
            (last.limits.clone(), true)
        } else {
            (self.initial.clone(), false)
        }
    }

    /// The number of a question that is about to be asked.
    pub(super) fn turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    /// Remembers what the answer to question `turn` tells, unless a later one was answered: answers overtake each other.
    pub(super) fn told(&self, turn: u64, stand: &Stand) {
        let mut last = self.last();
        if turn > last.turn {
            last.take(turn, stand);
        }
    }

    /// Remembers limits that this process has set, whatever was asked before they were.
    pub(super) fn set(&self, stand: &Stand) {
        let mut last = self.last();
        // the last question that was asked
        let turn = self.turns.load(Ordering::Relaxed) - 1;
        last.take(turn, stand);
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Last {
    fn take(&mut self, turn: u64, stand: &Stand) {
        let told = || stand.spans.iter().map(|held| held.limit);
        if !told().eq(self.limits.iter().copied()) {
            self.limits = told().collect();
        }
        (self.turn, self.live) = (turn, stand.live);
    }
}

/// A random part of `whole`.
pub(super) fn part_of(whole: Duration) -> Duration {
    // the hasher's keys are random for a process, and each new one's differ
    let random = RandomState::new().hash_one(0) >> 32;
    let nanos = u64::try_from(whole.as_nanos()).unwrap_or(u64::MAX);
    let part = (u128::from(nanos) * u128::from(random)) >> 32;
    Duration::from_nanos(u64::try_from(part).unwrap_or(nanos))
}
