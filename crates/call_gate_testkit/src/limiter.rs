//! The naive oracle for limiters: counters under spans, a number of permits, and a line of those who wait.
//!
//! It takes and gives nothing but integers. What a request is told is looked up anew every time: a list is walked.

use crate::spans::{Closed, SpanOracle, SpanRefusal, SpanRule};

mod change;
mod line;
#[cfg(test)]
mod tests;

pub use change::Back;

/// What a limiter is told when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimiterRules {
    /// The windows of requests.
    pub windows: Vec<SpanRule>,
    /// The windows of cost.
    pub costs: Vec<SpanRule>,
    /// How many permits may be out.
    pub burst: Option<u64>,
    /// What becomes of what is given back late.
    pub closed: Closed,
}

/// A request: its weight, and its cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What it weighs, and how many permits it takes.
    pub value: u64,
    /// What it costs.
    pub cost: u64,
}

/// What said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The permits.
    Burst,
    /// A window of requests, by its number.
    Window(usize),
    /// A window of cost.
    Cost(usize),
    /// Nothing but those who came before.
    Line,
}

/// A denial in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct No {
    /// Who says so.
    pub bound: Bound,
    /// Its limit.
    pub limit: u64,
    /// What it holds.
    pub used: u64,
    /// What was asked of it.
    pub requested: u64,
    /// How many nanoseconds until it would be yes, if nobody else asked; 0 where nobody knows.
    pub wait: u64,
}

/// What a request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is admitted.
    Admitted(Slip),
    /// A limit says no.
    Denied(No),
    /// Others came first.
    Queued(No),
    /// It is above a limit.
    TooLarge {
        /// Whose limit.
        bound: Bound,
        /// The limit.
        limit: u64,
        /// What was asked.
        requested: u64,
    },
    /// Its wait is over.
    Exhausted,
    /// The limiter is closed.
    Closed,
}

/// The limit of each window, and what it holds.
pub type Windows = Vec<(u64, u64)>;

/// A permit that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slip {
    /// What was asked for.
    pub ask: Ask,
    requests: usize,
    costs: usize,
}

/// A limiter by definition.
///
/// Every method takes the clock's reading in nanoseconds since the Unix epoch, which may go backwards.
#[derive(Clone, Debug)]
pub struct LimiterOracle {
    requests: SpanOracle,
    costs: Option<SpanOracle>,
    windows: bool,
    burst: Option<u64>,
    out: u64,
    closed: Closed,
    over: bool,
    line: Vec<line::Waiting>,
    told: Option<line::Due>,
    /// Whether there may be room for the first in the line before it was told so.
    nudged: bool,
    tickets: u64,
}

impl LimiterOracle {
    /// A limiter made at `now`.
    #[must_use]
    pub fn new(rules: LimiterRules, now: u64) -> Self {
        let windows = !rules.windows.is_empty();
        let nothing = SpanRule {
            step: 1_000_000_000,
            frames: 1,
            limit: None,
        };
        let requests = if windows {
            rules.windows
        } else {
            vec![nothing]
        };
        let costs = !rules.costs.is_empty();
        Self {
            requests: SpanOracle::new(requests, now),
            costs: costs.then(|| SpanOracle::new(rules.costs, now)),
            windows,
            burst: rules.burst,
            out: 0,
            closed: if costs {
                Closed::Credited
            } else {
                rules.closed
            },
            over: false,
            line: Vec::new(),
            told: None,
            nudged: false,
            tickets: 0,
        }
    }

    /// Asks without waiting.
    pub fn ask(&mut self, now: u64, ask: Ask) -> Told {
        if self.over {
            return Told::Closed;
        }
        if let Some(told) = self.too_large(ask, true) {
            return told;
        }
        if let Some(told) = self.behind(now, ask) {
            return told;
        }
        match self.refusal(now, ask) {
            Some(no) => Told::Denied(no),
            None => self.admit(now, ask),
        }
    }

    /// The limit of every window and what it holds: those of requests, and those of cost.
    pub fn held(&mut self, now: u64) -> (Windows, Windows) {
        let held = |oracle: &mut SpanOracle| {
            let held = oracle.held(now).into_iter();
            held.filter_map(|(limit, used)| Some((limit?, used)))
                .collect()
        };
        let requests = held(&mut self.requests);
        (requests, self.costs.as_mut().map(held).unwrap_or_default())
    }

    /// The permits: how many may be out, and how many are.
    #[must_use]
    pub fn permits(&self) -> Option<(u64, u64)> {
        Some((self.burst?, self.out))
    }

    /// How many nanoseconds until a request of weight 1 is admitted if nobody else asks.
    pub fn wait_time(&mut self, now: u64) -> Option<u64> {
        if self.over {
            return Some(u64::MAX);
        }
        let one = Ask { value: 1, cost: 0 };
        match self.behind(now, one) {
            Some(Told::Queued(no)) => return Some(no.wait),
            Some(other) => panic!("{other:?}"),
            None => {}
        }
        let full = self.burst.is_some_and(|most| self.out >= most);
        match self.by_windows(now, one) {
            Some(no) => Some(no.wait),
            None => full.then_some(0),
        }
    }

    /// Whether a limit is below what is asked: that of the permits only if it needs some.
    fn too_large(&self, ask: Ask, permits: bool) -> Option<Told> {
        let told = |bound, limit, requested| Told::TooLarge {
            bound,
            limit,
            requested,
        };
        if let Some(most) = self.burst.filter(|most| permits && ask.value > *most) {
            return Some(told(Bound::Burst, most, ask.value));
        }
        if let Some((window, limit)) = self.requests.never(ask.value) {
            return Some(told(Bound::Window(window), limit, ask.value));
        }
        let (window, limit) = self.costs.as_ref()?.never(ask.cost)?;
        Some(told(Bound::Cost(window), limit, ask.cost))
    }

    /// What a request is told that is not too large, regardless of who waits.
    fn refusal(&mut self, now: u64, ask: Ask) -> Option<No> {
        if let Some(most) = self.burst
            && ask.value > 0
            && self.out + ask.value > most
        {
            return Some(No {
                bound: Bound::Burst,
                limit: most,
                used: self.out,
                requested: ask.value,
                wait: 0,
            });
        }
        self.by_windows(now, ask)
    }

    fn by_windows(&mut self, now: u64, ask: Ask) -> Option<No> {
        let requests = self.requests.refusal(now, ask.value);
        let costs = self.costs.as_mut();
        let costs = costs.and_then(|costs| costs.refusal(now, ask.cost));
        let retry_at = |refusal: Option<SpanRefusal>| refusal.map(|refusal| refusal.retry_at);
        // All must have room, and room that is there stays: so the later of the two.
        let retry_at = retry_at(requests).max(retry_at(costs))?;
        let (bound, refusal, requested) = match (requests, costs) {
            (Some(first), _) => (Bound::Window(first.span), first, ask.value),
            (None, Some(second)) => (Bound::Cost(second.span), second, ask.cost),
            (None, None) => return None,
        };
        Some(No {
            bound,
            limit: refusal.limit,
            used: refusal.used,
            requested,
            wait: retry_at.saturating_sub(now),
        })
    }

    fn admit(&mut self, now: u64, ask: Ask) -> Told {
        self.out += if self.burst.is_some() { ask.value } else { 0 };
        let costs = self.costs.as_mut();
        Told::Admitted(Slip {
            ask,
            requests: self.requests.note(now, ask.value),
            costs: costs.map_or(0, |costs| costs.note(now, ask.cost)),
        })
    }
}
