//! What an act on a gate may answer, in plain numbers that two sides can compare.
//!
//! All times are nanoseconds since the Unix epoch, all spans nanoseconds.

/// Which rule refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The limit of one frame.
    Frame,
    /// The limit of the whole window.
    Gate,
    /// Somebody else was waiting.
    Queue,
}

/// The window after something was booked or taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The sum of the window.
    pub sum: u64,
    /// When the frame that was booked in begins.
    pub frame_start: u64,
    /// What that frame holds.
    pub frame_value: u64,
    /// The most that could be booked now.
    pub remaining: u64,
}

/// A request that was refused and may come again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Which rule refused.
    pub rule: Rule,
    /// The limit of that rule.
    pub limit: u64,
    /// What counted against that limit.
    pub used: u64,
    /// What was asked for.
    pub requested: u64,
    /// How long until the same request would be admitted if nobody else asked.
    pub retry_after: u64,
}

/// What a look ahead tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the request would be admitted.
    pub allowed: bool,
    /// The limit that refuses it or, when none does, the tightest one.
    pub limit: u64,
    /// The most that could be booked now.
    pub remaining: u64,
    /// How long until it would be admitted.
    pub retry_after: u64,
    /// How long until the window is empty if nobody books.
    pub reset_after: u64,
}

/// What a gate holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The values of all kept frames, newest first.
    pub frames: Vec<u64>,
    /// Their sum.
    pub sum: u64,
    /// When the newest frame begins.
    pub frame_start: u64,
}

/// The answer to one act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Booked, or read by a request for nothing.
    Admitted(Reading),
    /// Refused for now.
    Denied(Denial),
    /// Refused for good: more than a limit allows at any time.
    TooLarge {
        /// Which limit.
        rule: Rule,
        /// That limit.
        limit: u64,
        /// What was asked for.
        requested: u64,
    },
    /// Refused: more was to be taken back than there is.
    Underflow {
        /// What was to be taken back.
        requested: u64,
        /// What the frame holds.
        booked: u64,
    },
    /// A pass gave this much back.
    Returned(u64),
    /// A pass came too late to give anything back.
    Expired,
    /// A look ahead.
    Decision(Decision),
    /// What the gate holds.
    Held(Held),
    /// Done, with nothing to tell.
    Done,
    /// A setting was refused.
    Rejected,
    /// The act had nothing to act on.
    Nothing,
    /// An answer that no gate under test should ever give.
    Failed(String),
}

impl Outcome {
    /// The refusal, if this is one.
    #[must_use]
    pub fn denial(&self) -> Option<&Denial> {
        match self {
            Self::Denied(denial) => Some(denial),
            _ => None,
        }
    }
}
