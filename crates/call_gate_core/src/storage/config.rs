//! What a storage is told of a gate.

use crate::clock::Moment;
use crate::demand::Demand;
use crate::denial::{Denial, Scope};
use crate::geometry::{Geometry, Keep};
use crate::limits::Limits;
use crate::window::Life;
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a builder's limits where the gate lives already, with other ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnLimits {
    /// The living gate's stay.
    #[default]
    Adopt,
    /// The builder's are put in force, for everybody.
    Replace,
    /// Other limits are an error.
    Require,
}

/// Whose counters they are: it says what their spans are called in a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A gate's: its frame and its window.
    Gate,
    /// A limiter's: windows of requests, then those of a second counter for costs if it has one.
    Limiter { windows: u8, costs: bool },
}

impl Kind {
    /// The denial of `requested` by span `index`.
    pub(crate) fn denial(
        self,
        index: usize,
        (limit, used): (u64, u64),
        requested: u64,
        retry_after: Duration,
    ) -> Denial {
        let denial = |scope| Denial::new(scope, limit, used, requested, retry_after);
        match self {
            Self::Gate if index == 0 => denial(Scope::Frame),
            Self::Gate => denial(Scope::Gate),
            Self::Limiter { windows, .. } if index < usize::from(windows) => {
                denial(Scope::Window).of_window(index)
            }
            Self::Limiter { .. } => denial(Scope::Cost).of_window(index),
        }
    }

    /// What `demand` asks of span `index`.
    pub(crate) fn asked(self, index: usize, demand: Demand) -> u64 {
        match self {
            Self::Limiter { windows, .. } if index >= usize::from(windows) => demand.cost(),
            _ => demand.value(),
        }
    }
}

/// A gate's configuration, checked; or a limiter's, which has other spans.
#[derive(Debug, Clone)]
pub struct GateConfig {
    pub(crate) name: Arc<str>,
    pub(crate) gate_size: Duration,
    pub(crate) frame_step: Duration,
    pub(crate) geometry: Geometry,
    /// The limit of each span, then of each span of costs.
    pub(crate) limits: Arc<[Option<u64>]>,
    pub(crate) costs: Option<Geometry>,
    pub(crate) kind: Kind,
    /// The largest limit that may ever be set.
    pub(crate) largest: Option<u64>,
    pub(crate) on_limits: OnLimits,
    pub(crate) keep: Keep,
    pub(crate) credits: bool,
    pub(crate) life: Life,
    pub(crate) now: Moment,
}

impl GateConfig {
    /// The gate's name; empty for an unnamed one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Length of the window.
    #[must_use]
    pub fn gate_size(&self) -> Duration {
        self.gate_size
    }

    /// Length of a frame.
    #[must_use]
    pub fn frame_step(&self) -> Duration {
        self.frame_step
    }

    /// The spans: the frame, then the window, which is one frame longer in a strict gate. A limiter's are its windows.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The spans of a second counter, for what requests cost; `None`: there is only one.
    ///
    /// A storage that has no second counter must not open such a gate. Both
    /// book together or neither does, and [`credits`](Self::credits) is on.
    #[must_use]
    pub fn costs(&self) -> Option<&Geometry> {
        self.costs.as_ref()
    }

    /// The limits to start with: of each span, then of each span of [`costs`](Self::costs).
    #[must_use]
    pub fn span_limits(&self) -> &[Option<u64>] {
        &self.limits
    }

    /// A gate's limits to start with.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::of_first(&self.limits)
    }

    /// Whether it is a limiter's, whose spans are not a frame and a window.
    #[must_use]
    pub fn is_limiter(&self) -> bool {
        self.kind != Kind::Gate
    }

    /// The denial of `requested` by span `index`, those of costs counted on after the others: its limit, and what it
    /// holds.
    #[must_use]
    pub fn denial(
        &self,
        index: usize,
        (limit, used): (u64, u64),
        requested: u64,
        retry_after: Duration,
    ) -> Denial {
        self.kind
            .denial(index, (limit, used), requested, retry_after)
    }

    /// The largest limit that may ever be set, if the builder says one.
    #[must_use]
    pub fn limits_up_to(&self) -> Option<u64> {
        self.largest
    }

    /// What becomes of them where the gate lives already, with other ones.
    #[must_use]
    pub fn on_limits(&self) -> OnLimits {
        self.on_limits
    }

    /// Whether the gate's clock is the machine's; else it is the caller's own.
    #[must_use]
    pub fn follows_system(&self) -> bool {
        self.life == Life::TwentyYears
    }

    /// Whether refunds of closed frames are credited to them.
    #[must_use]
    pub fn credits(&self) -> bool {
        self.credits
    }

    /// Whether the window keeps one frame more, so that no interval of `gate_size` holds more than the limit.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.keep == Keep::Strict
    }

    /// The time at which the gate is made, by its own clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Every span's limit at `largest`; a gate's frame limit stands for both of its.
    pub(crate) fn all_at(&self, largest: u64) -> Vec<Option<u64>> {
        let limit = |index| (self.is_limiter() || index == 0).then_some(largest);
        (0..self.geometry.spans().len()).map(limit).collect()
    }

    /// How many frames the window keeps.
    pub(crate) fn kept(&self) -> u64 {
        self.geometry
            .spans()
            .get(1)
            .map_or(0, crate::geometry::Span::frames)
    }
}
