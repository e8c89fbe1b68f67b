//! What a storage is told of a gate.

use crate::clock::Moment;
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

/// A gate's configuration, checked.
#[derive(Debug, Clone)]
pub struct GateConfig {
    pub(crate) name: Arc<str>,
    pub(crate) gate_size: Duration,
    pub(crate) frame_step: Duration,
    pub(crate) geometry: Geometry,
    pub(crate) limits: Limits,
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

    /// The spans: the frame, then the window, which is one frame longer in a strict gate.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The limits to start with.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
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

    /// How many frames the window keeps.
    pub(crate) fn kept(&self) -> u64 {
        self.geometry
            .spans()
            .get(1)
            .map_or(0, crate::geometry::Span::frames)
    }
}
