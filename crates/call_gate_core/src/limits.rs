//! The limits of a gate.

#[cfg(feature = "std")]
use crate::error::{ConfigError, ConfigErrorKind};
#[cfg(feature = "std")]
use core::fmt;

/// The most that the whole window, and one frame, may hold.
///
/// A limit that is not set does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Limits {
    gate: Option<u64>,
    frame: Option<u64>,
}

impl Limits {
    /// No limit at all: a gate that only counts.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            gate: None,
            frame: None,
        }
    }

    /// A limit for the whole window.
    #[must_use]
    pub const fn gate(limit: u64) -> Self {
        Self {
            gate: Some(limit),
            frame: None,
        }
    }

    /// A limit for each frame.
    #[must_use]
    pub const fn frame(limit: u64) -> Self {
        Self {
            gate: None,
            frame: Some(limit),
        }
    }

    /// The same with this limit for the whole window.
    #[must_use]
    pub const fn with_gate(self, limit: u64) -> Self {
        Self {
            gate: Some(limit),
            ..self
        }
    }

    /// The same with this limit for each frame.
    #[must_use]
    pub const fn with_frame(self, limit: u64) -> Self {
        Self {
            frame: Some(limit),
            ..self
        }
    }

    /// The same without a limit for the whole window.
    #[must_use]
    pub const fn without_gate(self) -> Self {
        Self { gate: None, ..self }
    }

    /// The same without a limit for each frame.
    #[must_use]
    pub const fn without_frame(self) -> Self {
        Self {
            frame: None,
            ..self
        }
    }

    /// The most that the whole window may hold.
    #[must_use]
    pub const fn gate_limit(&self) -> Option<u64> {
        self.gate
    }

    /// The most that one frame may hold.
    #[must_use]
    pub const fn frame_limit(&self) -> Option<u64> {
        self.frame
    }

    /// Those of a gate's spans.
    #[cfg(feature = "std")]
    pub(crate) fn of_first(spans: &[Option<u64>]) -> Self {
        Self {
            frame: spans.first().copied().flatten(),
            gate: spans.get(1).copied().flatten(),
        }
    }

    /// In the order of a gate's spans.
    #[cfg(feature = "std")]
    pub(crate) const fn of_spans(self) -> [Option<u64>; 2] {
        [self.frame, self.gate]
    }

    /// The limit with the least room beside `frame` and `sum`, and which of the two it is for; the frame's where they are
    /// equal.
    #[cfg(feature = "std")]
    pub(crate) fn tightest(self, frame: u64, sum: u64) -> (u64, u64) {
        let gate = self.gate.unwrap_or(u64::MAX);
        match self.frame {
            Some(limit) if limit.saturating_sub(frame) <= gate.saturating_sub(sum) => {
                (limit, frame)
            }
            _ => (gate, sum),
        }
    }

    /// Whether both are within the largest limit that a gate was built for.
    #[cfg(feature = "std")]
    pub(crate) fn check_up_to(self, largest: Option<u64>) -> Result<(), ConfigError> {
        let Some(largest) = largest else {
            return Ok(());
        };
        self.at_most(largest, format_args!("the gate's limits_up_to({largest})"))
    }

    /// Whether a storage that counts up to `most` can hold both.
    ///
    /// # Errors
    /// The one that it cannot.
    #[cfg(feature = "std")]
    pub fn check_countable(self, most: u64) -> Result<(), ConfigError> {
        self.at_most(
            most,
            format_args!("{most}, the most that the storage counts up to"),
        )
    }

    #[cfg(feature = "std")]
    fn at_most(self, most: u64, rule: fmt::Arguments<'_>) -> Result<(), ConfigError> {
        for (name, limit) in [("gate_limit", self.gate), ("frame_limit", self.frame)] {
            if let Some(limit) = limit.filter(|limit| *limit > most) {
                return Err(ConfigError::new(
                    ConfigErrorKind::Limits,
                    format_args!("a {name} of {limit} must not be above {rule}"),
                ));
            }
        }
        Ok(())
    }

    #[cfg(feature = "std")]
    pub(crate) fn check(self) -> Result<(), ConfigError> {
        let error =
            |message: fmt::Arguments<'_>| Err(ConfigError::new(ConfigErrorKind::Limits, message));
        match (self.gate, self.frame) {
            (Some(0), _) => error(format_args!(
                "a gate_limit of 0 must be at least 1; leave it out to not limit"
            )),
            (_, Some(0)) => error(format_args!(
                "a frame_limit of 0 must be at least 1; leave it out to not limit"
            )),
            (Some(gate), Some(frame)) if frame > gate => error(format_args!(
                "a frame_limit of {frame} must not be above the gate_limit of {gate}"
            )),
            _ => Ok(()),
        }
    }
}
