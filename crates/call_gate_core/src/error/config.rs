//! What is wrong with a configuration.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

/// Which rule a configuration breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// A name that is empty, too long or holds control characters.
    Name,
    /// A `gate_size` that is zero, too long or not a multiple of the frame step.
    GateSize,
    /// A `frame_step` under 1 µs.
    FrameStep,
    /// Too few or too many frames.
    Frames,
    /// A limit of 0, a frame limit above the gate limit, or one that the placement cannot hold.
    Limits,
    /// A time zone label that is empty or holds control characters.
    Timezone,
    /// A snapshot that does not fit the gate.
    Snapshot,
    /// Something that the chosen storage cannot do.
    Unsupported,
    /// The storage failed; see `source()`.
    Storage,
}

/// A configuration that breaks a rule; names the value and the rule.
#[derive(Debug)]
pub struct ConfigError {
    kind: ConfigErrorKind,
    message: String,
    source: Option<Box<dyn core::error::Error + Send + Sync>>,
}

impl ConfigError {
    /// An error of `kind`; `message` names the value and the rule.
    #[must_use]
    pub fn new(kind: ConfigErrorKind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            source: None,
        }
    }

    /// The same, caused by `source`.
    #[must_use]
    pub fn with_source(
        kind: ConfigErrorKind,
        message: impl fmt::Display,
        source: impl Into<Box<dyn core::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::new(kind, message)
        }
    }

    /// Which rule is broken.
    #[must_use]
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[cfg(feature = "std")]
impl From<super::StorageError> for ConfigError {
    fn from(source: super::StorageError) -> Self {
        Self::with_source(ConfigErrorKind::Storage, "the storage failed", source)
    }
}

impl core::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
