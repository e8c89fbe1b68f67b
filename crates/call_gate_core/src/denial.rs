//! A denial: what was asked, what was held, and when to come back.

use crate::name;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Who said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// The frame limit.
    Frame,
    /// The gate limit.
    Gate,
    /// The queue: there was room, but others came first.
    Queue,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frame => "frame",
            Self::Gate => "gate",
            Self::Queue => "queue",
        })
    }
}

/// An answer of no, in numbers.
///
/// Holds no reference to its gate, so it may outlive it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    requested: u64,
    used: u64,
    limit: u64,
    wait: u64,
    /// Number of the gate's name, shifted over the scope.
    who: u64,
}

impl Denial {
    /// A denial as a storage reports it; the gate adds its name.
    #[must_use]
    pub fn new(scope: Scope, limit: u64, used: u64, requested: u64, retry_after: Duration) -> Self {
        let wait = u64::try_from(retry_after.as_nanos()).unwrap_or(u64::MAX);
        Self {
            requested,
            used,
            limit,
            wait,
            who: scope_bits(scope),
        }
    }

    #[inline(always)]
    pub(crate) fn assemble(
        scope: Scope,
        limit: u64,
        used: u64,
        requested: u64,
        wait: u64,
        name: u64,
    ) -> Self {
        Self {
            requested,
            used,
            limit,
            wait,
            who: name << 2 | scope_bits(scope),
        }
    }

    pub(crate) fn named(self, name: u64) -> Self {
        Self {
            who: name << 2 | self.who & 3,
            ..self
        }
    }

    /// Who said no.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.who & 3 {
            0 => Scope::Frame,
            1 => Scope::Gate,
            _ => Scope::Queue,
        }
    }

    /// The limit that had no room; for the queue, the tightest one.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// What was booked under that limit.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used
    }

    /// The value that was asked for.
    #[must_use]
    pub fn requested(&self) -> u64 {
        self.requested
    }

    /// How long from the denial until the same request is first admitted, if nobody else asks.
    ///
    /// Exact in the gate's time, never too short. Where that comes from the
    /// kernel's coarse clock it may be too long by what that clock lags: a few
    /// milliseconds, four of its ticks at most. Behind others it is at least
    /// the time until the first of them can go, as far as that is known.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        Duration::from_nanos(self.wait)
    }

    /// The name of the gate that denied; `None` for an unnamed one.
    ///
    /// Looked up when asked for: long after the gate is gone its name is too.
    #[must_use]
    pub fn gate(&self) -> Option<Arc<str>> {
        name::of(self.who >> 2)
    }
}

const fn scope_bits(scope: Scope) -> u64 {
    match scope {
        Scope::Frame => 0,
        Scope::Gate => 1,
        Scope::Queue => 2,
    }
}

impl fmt::Debug for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Denial")
            .field("gate", &self.gate())
            .field("scope", &self.scope())
            .field("limit", &self.limit)
            .field("used", &self.used)
            .field("requested", &self.requested)
            .field("retry_after", &self.retry_after())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(gate) = self.gate() {
            write!(f, "gate {gate:?}: ")?;
        }
        let Self {
            requested,
            used,
            limit,
            ..
        } = self;
        let after = self.retry_after();
        match self.scope() {
            Scope::Queue if after.is_zero() => {
                write!(f, "others are waiting, {requested} must queue")
            }
            Scope::Queue => write!(
                f,
                "others are waiting, {requested} must queue; retry in {after:?}"
            ),
            scope => {
                write!(
                    f,
                    "{scope} limit of {limit} has no room for {requested} ({used} used); retry in {after:?}"
                )
            }
        }
    }
}
