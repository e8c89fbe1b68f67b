//! A window in reach: packed where its limits fit, plain under a mutex where they do not.

use super::GateConfig;
use crate::clock::Moment;
use crate::denial::{Denial, Scope};
use crate::error::{ConfigError, ConfigErrorKind, StorageError};
use crate::limits::Limits;
use crate::snapshot::Snapshot;
use crate::sync::{Mutex, MutexGuard};
use crate::window::{Closed, Layout, Plain, Refunded, Refusal, Ticket, Verdict, Window};
use std::sync::PoisonError;
use std::time::Duration;

/// A gate's window in words within reach: this process's, or shared ones laid out by a [`Blueprint`](crate::Blueprint).
#[derive(Debug)]
pub struct Counter {
    pub(crate) placement: Placement,
}

#[derive(Debug)]
pub(crate) enum Placement {
    Packed(Window),
    Locked(Box<Mutex<Plain>>),
}

/// What a value would meet, and when the window is empty again.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) verdict: Verdict,
    /// Start of the first frame in which nothing counted is left.
    pub(crate) reset_at: u64,
}

impl Counter {
    /// The window of `config` in this process, with the frames of `seed`, which are in it.
    pub(crate) fn in_memory(config: &GateConfig, seed: Option<&Snapshot>) -> Self {
        let now = config.now.as_nanos();
        let limits = config.limits.of_spans();
        let seeded = seed.map_or(0, Snapshot::counted);
        let seed = seed.and_then(Snapshot::newest);
        let fits = |layout: &Layout| {
            let largest = config.largest.unwrap_or(0).max(seeded);
            !config.credits
                && largest <= layout.largest()
                && layout.fits(&limits)
                && config
                    .largest
                    .is_none_or(|largest| layout.fits(&[Some(largest), None]))
        };
        let placement =
            if let Some(layout) = Layout::new(&config.geometry, now, config.life).filter(fits) {
                Placement::Packed(Window::at_rest(layout, &limits, seed))
            } else {
                let closed = if config.credits {
                    Closed::Credited
                } else {
                    Closed::Expires
                };
                let mut plain = Plain::new(&config.geometry, &limits, now, closed);
                if let Some((start, values)) = seed {
                    plain.seed(start, values);
                }
                Placement::Locked(Box::new(Mutex::new(plain)))
            };
        Self { placement }
    }

    pub(crate) fn book(&self, now: Moment, value: u64) -> Result<Verdict, StorageError> {
        match &self.placement {
            Placement::Packed(window) => Ok(window.book_slowly(now.as_nanos(), value)?),
            Placement::Locked(plain) => Ok(lock(plain).book(now.as_nanos(), value)),
        }
    }

    pub(crate) fn survey(&self, now: Moment, value: u64) -> Result<Survey, StorageError> {
        match &self.placement {
            Placement::Packed(window) => {
                let (verdict, reset_at) = window.packed().survey(now.as_nanos(), value)?;
                Ok(Survey { verdict, reset_at })
            }
            Placement::Locked(plain) => {
                let (verdict, reset_at) = lock(plain).survey(now.as_nanos(), value);
                Ok(Survey { verdict, reset_at })
            }
        }
    }

    pub(crate) fn refund(
        &self,
        now: Moment,
        value: u64,
        ticket: Option<Ticket>,
    ) -> Result<Refunded, StorageError> {
        match &self.placement {
            Placement::Packed(window) => {
                Ok(window.packed().refund(now.as_nanos(), value, ticket)?)
            }
            Placement::Locked(plain) => Ok(lock(plain).refund(now.as_nanos(), value, ticket)),
        }
    }

    /// The start of the newest frame and the values of the `frames` newest, newest first.
    pub(crate) fn read(&self, now: Moment, frames: u64) -> Result<(u64, Vec<u64>), StorageError> {
        match &self.placement {
            Placement::Packed(window) => Ok(window.packed().read(now.as_nanos(), frames)?),
            Placement::Locked(plain) => Ok(lock(plain).read(now.as_nanos(), frames)),
        }
    }

    pub(crate) fn clear(&self) -> Result<(), StorageError> {
        match &self.placement {
            Placement::Packed(window) => Ok(window.packed().clear()?),
            Placement::Locked(plain) => {
                lock(plain).clear();
                Ok(())
            }
        }
    }

    /// The limits in force.
    ///
    /// # Errors
    /// Damaged words.
    pub fn limits(&self) -> Result<Limits, StorageError> {
        let [frame, gate] = match &self.placement {
            Placement::Packed(window) => window.packed().limits()?,
            Placement::Locked(plain) => {
                let plain = lock(plain);
                [plain.limit(0), plain.limit(1)]
            }
        };
        let limits = gate.map_or(Limits::none(), Limits::gate);
        Ok(frame.map_or(limits, |frame| limits.with_frame(frame)))
    }

    /// Puts `limits` in force; what is counted stays counted.
    ///
    /// # Errors
    /// Limits that the words cannot hold, or damaged words.
    pub fn set_limits(&self, limits: Limits) -> Result<(), ConfigError> {
        let spans = limits.of_spans();
        match &self.placement {
            Placement::Packed(window) => {
                if !window.layout().fits(&spans) {
                    let most = window.layout().largest();
                    let show = |limit: Option<u64>| {
                        limit.map_or("none".to_owned(), |limit| limit.to_string())
                    };
                    let (frame, gate) = (show(spans[0]), show(spans[1]));
                    return Err(ConfigError::new(
                        ConfigErrorKind::Limits,
                        format_args!(
                            "a gate_limit of {gate} with a frame_limit of {frame} must keep the window's sum at most \
                             {most} in this gate; build it with `.limits_up_to({})` to set any limit live",
                            u64::MAX
                        ),
                    ));
                }
                window
                    .packed()
                    .set_limits(&spans)
                    .map_err(|error| StorageError::from(error).into())
            }
            Placement::Locked(plain) => {
                lock(plain).set_limits(&spans);
                Ok(())
            }
        }
    }
}

fn lock(plain: &Mutex<Plain>) -> MutexGuard<'_, Plain> {
    // the window does not panic, and each of its operations is whole
    plain.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `refusal` of `value` as a denial at `now`, without a name.
pub(crate) fn denied_at(refusal: &Refusal, value: u64, now: u64) -> Denial {
    let scope = if refusal.span == 0 {
        Scope::Frame
    } else {
        Scope::Gate
    };
    let wait = Duration::from_nanos(refusal.retry_at.saturating_sub(now));
    Denial::new(scope, refusal.limit, refusal.used, value, wait)
}
