//! How long an update may wait.

use super::Inner;
use std::time::Duration;

/// How long an update may wait for its turn, by the gate's clock.
///
/// A wait is not over before its last chance is taken: the first in the queue
/// still asks at the end of it. Who stands behind others at that very moment
/// is not admitted, even if there is room for both. How long a remote storage
/// may take to answer is the storage's own affair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Wait {
    /// Not at all.
    Never,
    /// One `gate_size`.
    #[default]
    Window,
    /// That many frames.
    Frames(u32),
    /// That long.
    For(Duration),
    /// Until admitted or closed.
    Forever,
}

impl Wait {
    /// The longest wait in `gate`; `None`: no end.
    pub(crate) fn limit(self, gate: &Inner) -> Option<Duration> {
        match self {
            Self::Never => Some(Duration::ZERO),
            Self::Window => Some(gate.gate_size()),
            Self::Frames(frames) => Some(gate.frame_step().saturating_mul(frames)),
            Self::For(wait) => Some(wait),
            Self::Forever => None,
        }
    }
}
