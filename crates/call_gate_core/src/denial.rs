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
    /// The permits of a limiter: as many as may be are out.
    Burst,
    /// A window of a limiter; [`Denial::window`] says which.
    Window,
    /// A window of a limiter that counts cost; [`Denial::window`] says which.
    Cost,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frame => "frame",
            Self::Gate => "gate",
            Self::Queue => "queue",
            Self::Burst => "burst",
            Self::Window => "window",
            Self::Cost => "cost",
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
    /// Number of the gate's name, over the index of a limiter's window, over the scope.
    who: u64,
}

const SCOPE_BITS: u32 = 3;
const WINDOW_BITS: u32 = 8;
const NAME_SHIFT: u32 = SCOPE_BITS + WINDOW_BITS;

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
            who: name << NAME_SHIFT | scope_bits(scope),
        }
    }

    pub(crate) fn named(self, name: u64) -> Self {
        Self {
            who: name << NAME_SHIFT | self.who & ((1 << NAME_SHIFT) - 1),
            ..self
        }
    }

    /// The same by a limiter's window `index`, those of cost counted on after the others.
    pub(crate) fn of_window(self, index: usize) -> Self {
        Self {
            who: self.who | (index as u64 & ((1 << WINDOW_BITS) - 1)) << SCOPE_BITS,
            ..self
        }
    }

    /// The same with another wait.
    pub(crate) fn after(self, retry_after: Duration) -> Self {
        let wait = u64::try_from(retry_after.as_nanos()).unwrap_or(u64::MAX);
        Self { wait, ..self }
    }

    /// Who said no.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self.who & ((1 << SCOPE_BITS) - 1) {
            0 => Scope::Frame,
            1 => Scope::Gate,
            2 => Scope::Queue,
            3 => Scope::Burst,
            4 => Scope::Window,
            _ => Scope::Cost,
        }
    }

    /// The limit that had no room; for the queue, the tightest one: of a limiter's, that of a window of requests or of
    /// its permits, as far as they are known in this process; behind a network, of its first two windows.
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
    /// the time until the first of them can go, as far as that is known. Zero
    /// where a permit has to come back first: nobody knows when.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        Duration::from_nanos(self.wait)
    }

    /// The name of the gate that denied; `None` for an unnamed one.
    ///
    /// Looked up when asked for: long after the gate is gone its name is too.
    #[must_use]
    pub fn gate(&self) -> Option<Arc<str>> {
        name::of(self.who >> NAME_SHIFT)
    }

    /// How long the window is that denied, of a limiter's; `None` for a gate's own, and for permits.
    ///
    /// Looked up as [`gate`](Self::gate) is.
    #[must_use]
    pub fn window(&self) -> Option<Duration> {
        if !matches!(self.scope(), Scope::Window | Scope::Cost) {
            return None;
        }
        let index = self.who >> SCOPE_BITS & ((1 << WINDOW_BITS) - 1);
        name::window_of(self.who >> NAME_SHIFT, usize::try_from(index).ok()?)
    }
}

const fn scope_bits(scope: Scope) -> u64 {
    match scope {
        Scope::Frame => 0,
        Scope::Gate => 1,
        Scope::Queue => 2,
        Scope::Burst => 3,
        Scope::Window => 4,
        Scope::Cost => 5,
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
            Scope::Burst => write!(
                f,
                "{used} of {limit} permits are out, no room for {requested}; retry when one comes back"
            ),
            scope => {
                match (scope, self.window()) {
                    (Scope::Window, Some(window)) => write!(f, "limit of {limit} in {window:?}")?,
                    (_, Some(window)) => write!(f, "{scope} limit of {limit} in {window:?}")?,
                    (_, None) => write!(f, "{scope} limit of {limit}")?,
                }
                write!(
                    f,
                    " has no room for {requested} ({used} used); retry in {after:?}"
                )
            }
        }
    }
}
