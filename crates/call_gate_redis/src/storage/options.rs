//! What a storage is told beside its server.

use crate::breaker::Breaker;
use crate::desk::Lease;
use crate::link::Link;
use crate::policy::OnStorageError;
use call_gate_core::{Clock, ConfigError, ConfigErrorKind};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The longest deadline and pause.
const AN_HOUR: Duration = Duration::from_secs(3_600);

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) prefix: String,
    pub(super) deadline: Duration,
    pub(super) failures: u32,
    pub(super) pause: Duration,
    pub(super) policy: OnStorageError,
    pub(super) coalesce: bool,
    pub(super) lease: Option<Lease>,
    pub(super) spread: Option<Duration>,
    pub(super) clock: Option<Arc<dyn Clock>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: "cg:".to_owned(),
            deadline: Duration::from_millis(500),
            failures: 5,
            pause: Duration::from_millis(250),
            policy: OnStorageError::Error,
            coalesce: true,
            lease: None,
            spread: None,
            clock: None,
        }
    }
}

impl Options {
    /// The way to the server behind a breaker.
    pub(super) fn guard(&self, link: Arc<dyn Link>) -> Arc<dyn Link> {
        Arc::new(Breaker::new(link, self.failures, self.pause))
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let (prefix, deadline, pause) = (&self.prefix, self.deadline, self.pause);
        if prefix.len() > 512 || prefix.chars().any(|c| c.is_control() || "{}".contains(c)) {
            return error(format_args!(
                "a prefix of {prefix:?} must have at most 512 bytes and no braces nor control characters"
            ));
        }
        for (name, time) in [("deadline", deadline), ("pause", pause)] {
            if time.is_zero() || time > AN_HOUR {
                return error(format_args!(
                    "a {name} of {time:?} must be longer than that, and at most {AN_HOUR:?}"
                ));
            }
        }
        if self.failures == 0 {
            return error(format_args!(
                "a breaker that opens after 0 failures must let through at least 1"
            ));
        }
        match self.spread {
            Some(spread) if spread > AN_HOUR => error(format_args!(
                "a spread of {spread:?} must be at most {AN_HOUR:?}"
            )),
            _ => Ok(()),
        }
    }
}

fn error(message: fmt::Arguments<'_>) -> Result<(), ConfigError> {
    Err(ConfigError::new(ConfigErrorKind::Storage, message))
}
