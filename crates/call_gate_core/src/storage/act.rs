//! One reified act: what a gate asks of a remote storage.

use crate::clock::Moment;
use crate::demand::Demand;
use crate::denial::Denial;
use crate::error::StorageError;
use crate::limits::Limits;
use crate::reading::{Decision, Reading, State};
use std::fmt::{self, Debug};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A future in a box, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A storage that a message has to be sent to.
///
/// Deadlines, circuit breakers, batching and leases wrap one `Remote` in
/// another.
pub trait Remote: Debug + Send + Sync {
    /// Does `act` on the counters of `key`, and waits for the answer no longer than `by`.
    ///
    /// # Errors
    /// The storage failed, or answered too late: the act may have been done
    /// all the same, and counts as done.
    fn call(&self, key: &Key, act: &Act, by: Deadline) -> Result<Answer, StorageError>;

    /// The same without blocking the thread.
    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>>;

    /// The limits in force for `key`, as the storage last told them; before it was asked, those that the gate was made
    /// with. Asks nobody.
    fn limits(&self, key: &Key) -> Limits;

    /// The largest limit that the storage can count up to.
    fn largest_limit(&self) -> u64 {
        u64::MAX
    }

    /// How long the head of a queue waits after `denial` before it asks again: never less than its `retry_after`.
    ///
    /// A storage that many processes share spreads them, so that they do not
    /// all come at once.
    fn ask_again_after(&self, denial: &Denial) -> Duration {
        denial.retry_after()
    }
}

/// Which counters an act is for: the name of their gate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The key of the gate called `name`.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The gate's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When an answer is too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The storage's own patience decides.
    pub const NONE: Self = Self(None);

    /// At `at`.
    #[must_use]
    pub fn at(at: Instant) -> Self {
        Self(Some(at))
    }

    /// What is left of it; `None`: the storage's own patience decides.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        self.0
            .map(|at| at.saturating_duration_since(Instant::now()))
    }
}

/// Where a pass was booked, as the storage told in its [`Reading`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Booked {
    frame: Moment,
    era: u64,
}

impl Booked {
    /// In the frame that started at `frame`, in the era that the reading was [of](Reading::of_era).
    #[must_use]
    pub fn new(frame: Moment, era: u64) -> Self {
        Self { frame, era }
    }

    /// Start of the frame.
    #[must_use]
    pub fn frame(&self) -> Moment {
        self.frame
    }

    /// How often the counters had been cleared by then.
    #[must_use]
    pub fn era(&self) -> u64 {
        self.era
    }
}

/// What a gate asks of its counters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// Book `value` in the current frame: [`Answer::Admitted`] or [`Answer::Denied`].
    Update {
        /// What to book.
        value: u64,
    },
    /// Take `value` back out of the current frame, or out of the one that a pass was booked in: [`Answer::Returned`]
    /// or [`Answer::Underflow`]; for a pass also [`Answer::Expired`], when its frame is over or the era is another.
    Refund {
        /// What to take back.
        value: u64,
        /// Where the pass was booked; `None`: no pass, take it out of the current frame.
        booked: Option<Booked>,
    },
    /// Say what an update of `value` would answer: [`Answer::Decided`].
    Peek {
        /// What would be booked.
        value: u64,
    },
    /// Say whether the gate is full, its gate limit judged first: [`Answer::Done`] or [`Answer::Denied`].
    Check,
    /// [`Answer::State`].
    State,
    /// Forget everything counted: [`Answer::Done`].
    Clear,
    /// Put limits in force: [`Answer::Done`].
    SetLimits(Limits),
    /// Book both parts of a demand of a limiter that counts costs, or neither: [`Answer::Admitted`], whose reading says
    /// [where the cost was booked](Reading::with_cost_at), or [`Answer::Denied`].
    Take(Demand),
    /// Take both parts back out of the frames that they were booked in, each while that frame is in a window:
    /// [`Answer::Returned`], or [`Answer::Expired`] where neither is.
    GiveBack {
        /// What to take back.
        demand: Demand,
        /// Where its value was booked.
        booked: Booked,
        /// Where its cost was booked.
        cost_booked: Booked,
    },
    /// Say what every span holds: [`Answer::Spans`].
    Spans,
    /// Put one span's limit in force, whatever the others' are at that moment: [`Answer::Done`].
    SetSpan {
        /// Which; spans of costs are counted on after the others.
        index: usize,
        /// Its new limit.
        limit: u64,
    },
}

/// A span's limit, and what the span holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a limit, and what is held under it"
)]
pub struct Held {
    /// The most that it may hold; `None`: no limit.
    pub limit: Option<u64>,
    /// What it holds.
    pub used: u64,
}

/// What counters answer. A denial is an answer, never an error.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// Booked.
    Admitted(Reading),
    /// Not booked. A limit below what was requested says that it never can be.
    Denied(Denial),
    /// Taken back.
    Returned(Reading),
    /// The frame is over, and its booking stands; or the counters were cleared since, and it is forgotten.
    Expired,
    /// The frame holds only this much; nothing is taken back.
    Underflow(u64),
    /// What an update would answer, and the denial if it would be one.
    Decided(Decision, Option<Denial>),
    /// The frames.
    State(State),
    /// What each span holds, those of costs after the others.
    Spans(Vec<Held>),
    /// Done.
    Done,
}
