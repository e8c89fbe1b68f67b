//! A window in reach: packed where its limits fit, plain under a mutex where they do not.

use super::{GateConfig, Held};
use crate::clock::Moment;
use crate::demand::Demand;
use crate::error::{ConfigError, ConfigErrorKind, StorageError};
use crate::geometry::MAX_SPANS;
use crate::limits::Limits;
use crate::snapshot::Snapshot;
use crate::sync::{Mutex, MutexGuard};
use crate::window::{Closed, Costs, Layout, Pair, Plain, Refunded, Ticket, Verdict, Window};
use std::sync::PoisonError;

/// A gate's window in words within reach: this process's, or shared ones laid out by a [`Blueprint`](crate::Blueprint).
#[derive(Debug)]
pub struct Counter {
    pub(crate) placement: Placement,
}

#[derive(Debug)]
pub(crate) enum Placement {
    Packed(Window),
    Locked(Box<Mutex<Pair>>),
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
        let seeded = seed.map_or(0, Snapshot::counted);
        let seed = seed.and_then(Snapshot::newest);
        let fits = |layout: &Layout| {
            let largest = config.largest.unwrap_or(0).max(seeded);
            !config.credits
                && config.costs.is_none()
                && largest <= layout.largest()
                && layout.fits(&config.limits)
                && config
                    .largest
                    .is_none_or(|largest| layout.fits(&config.all_at(largest)))
        };
        let placement =
            if let Some(layout) = Layout::new(&config.geometry, now, config.life).filter(fits) {
                Placement::Packed(Window::at_rest(layout, &config.limits, seed))
            } else {
                let closed = if config.credits {
                    Closed::Credited
                } else {
                    Closed::Expires
                };
                let spans = config.geometry.spans().len().min(config.limits.len());
                let (limits, of_costs) = config.limits.split_at(spans);
                let mut plain = Plain::new(&config.geometry, limits, now, closed);
                if let Some((start, values)) = seed {
                    plain.seed(start, values);
                }
                let costs = config.costs.as_ref().map(|costs| {
                    Costs::new(Plain::new(costs, of_costs, now, Closed::Credited), now)
                });
                Placement::Locked(Box::new(Mutex::new(Pair::new(plain, costs))))
            };
        Self { placement }
    }

    pub(crate) fn book(&self, now: Moment, demand: Demand) -> Result<Verdict, StorageError> {
        let (now, value) = (now.as_nanos(), demand.value());
        match &self.placement {
            Placement::Packed(window) => Ok(window.book_slowly(now, value)?),
            Placement::Locked(pair) => Ok(lock(pair).book(now, value, demand.cost())),
        }
    }

    pub(crate) fn survey(&self, now: Moment, demand: Demand) -> Result<Survey, StorageError> {
        let (now, value) = (now.as_nanos(), demand.value());
        let (verdict, reset_at) = match &self.placement {
            Placement::Packed(window) => window.packed().survey(now, value)?,
            Placement::Locked(pair) => lock(pair).survey(now, value, demand.cost()),
        };
        Ok(Survey { verdict, reset_at })
    }

    pub(crate) fn refund(
        &self,
        now: Moment,
        demand: Demand,
        ticket: Option<Ticket>,
    ) -> Result<Refunded, StorageError> {
        let (now, value) = (now.as_nanos(), demand.value());
        match &self.placement {
            Placement::Packed(window) => Ok(window.packed().refund(now, value, ticket)?),
            Placement::Locked(pair) => Ok(lock(pair).refund(now, value, demand.cost(), ticket)),
        }
    }

    /// What every span holds at `now`, those of costs after the others.
    pub(crate) fn held(&self, now: Moment) -> Result<Vec<Held>, StorageError> {
        let held = |(limit, used)| Held { limit, used };
        match &self.placement {
            Placement::Packed(window) => {
                let spans = window.packed().held(now.as_nanos())?;
                Ok(spans.into_iter().map(held).collect())
            }
            Placement::Locked(pair) => Ok(lock(pair).held(now.as_nanos()).map(held).collect()),
        }
    }

    /// Whether what is asked of each span, as `asked` says by its index, is within that span's limit.
    pub(crate) fn is_ever_free(&self, asked: impl Fn(usize) -> u64) -> bool {
        self.never_free(asked).is_none()
    }

    /// The first span whose limit is below what is asked of it, and that limit.
    pub(crate) fn never_free(&self, asked: impl Fn(usize) -> u64) -> Option<(usize, u64)> {
        let below = |(index, limit): (usize, Option<u64>)| {
            let limit = limit?;
            (asked(index) > limit).then_some((index, limit))
        };
        match &self.placement {
            Placement::Packed(window) => {
                let limits = window.packed().limits::<MAX_SPANS>().ok()?;
                limits.into_iter().enumerate().find_map(below)
            }
            Placement::Locked(pair) => lock(pair).limits().enumerate().find_map(below),
        }
    }

    /// The start of the newest frame and the values of the `frames` newest, newest first.
    pub(crate) fn read(&self, now: Moment, frames: u64) -> Result<(u64, Vec<u64>), StorageError> {
        match &self.placement {
            Placement::Packed(window) => Ok(window.packed().read(now.as_nanos(), frames)?),
            Placement::Locked(pair) => Ok(lock(pair).read(now.as_nanos(), frames)),
        }
    }

    pub(crate) fn clear(&self) -> Result<(), StorageError> {
        match &self.placement {
            Placement::Packed(window) => Ok(window.packed().clear()?),
            Placement::Locked(pair) => {
                lock(pair).clear();
                Ok(())
            }
        }
    }

    /// The limits in force, of each span and then of each span of costs.
    ///
    /// # Errors
    /// Damaged words.
    pub fn span_limits(&self) -> Result<Vec<Option<u64>>, StorageError> {
        match &self.placement {
            Placement::Packed(window) => {
                let limits = window.packed().limits::<MAX_SPANS>()?;
                let spans = window.layout().spans();
                Ok(limits.into_iter().take(spans).collect())
            }
            Placement::Locked(pair) => Ok(lock(pair).limits().collect()),
        }
    }

    /// A gate's limits in force.
    ///
    /// # Errors
    /// Damaged words.
    pub fn limits(&self) -> Result<Limits, StorageError> {
        match &self.placement {
            Placement::Packed(window) => Ok(Limits::of_first(&window.packed().limits::<2>()?)),
            Placement::Locked(pair) => {
                let pair = lock(pair);
                let mut limits = pair.limits();
                let first = [limits.next().flatten(), limits.next().flatten()];
                Ok(Limits::of_first(&first))
            }
        }
    }

    /// Puts a gate's `limits` in force; what is counted stays counted.
    ///
    /// # Errors
    /// Limits that the words cannot hold, or damaged words.
    pub fn set_limits(&self, limits: Limits) -> Result<(), ConfigError> {
        let spans = limits.of_spans();
        if let Placement::Packed(window) = &self.placement
            && !window.layout().fits(&spans)
        {
            let most = window.layout().largest();
            let show =
                |limit: Option<u64>| limit.map_or("none".to_owned(), |limit| limit.to_string());
            let (frame, gate) = (show(spans[0]), show(spans[1]));
            return Err(ConfigError::new(
                ConfigErrorKind::Limits,
                format_args!(
                    "a gate_limit of {gate} with a frame_limit of {frame} must keep the window's sum at most {most} in this gate; \
                     build it with `.limits_up_to({})` to set any limit live",
                    u64::MAX
                ),
            ));
        }
        self.set_span_limits(&spans)
    }

    /// Puts the limits of all spans in force; what is counted stays counted.
    ///
    /// # Errors
    /// Limits that the words cannot hold, or damaged words.
    pub fn set_span_limits(&self, limits: &[Option<u64>]) -> Result<(), ConfigError> {
        match &self.placement {
            Placement::Packed(window) => {
                if !window.layout().fits(limits) {
                    return Err(too_wide(limits, window.layout().largest()));
                }
                let set = window.packed().set_limits(limits);
                set.map_err(|error| StorageError::from(error).into())
            }
            Placement::Locked(pair) => {
                lock(pair).set_limits(|_, index| limits.get(index).copied().flatten());
                Ok(())
            }
        }
    }

    /// Puts the limit of span `index` in force, where every span has one.
    pub(crate) fn set_span(&self, index: usize, limit: u64) -> Result<(), ConfigError> {
        match &self.placement {
            Placement::Packed(window) => {
                // no span's sum passes its own limit
                if limit > window.layout().largest() {
                    return Err(too_wide(&[Some(limit)], window.layout().largest()));
                }
                let set = window.packed().set_limit(index, limit);
                set.map_err(|error| StorageError::from(error).into())
            }
            Placement::Locked(pair) => {
                lock(pair).set_limits(|old, span| if span == index { Some(limit) } else { old });
                Ok(())
            }
        }
    }
}

fn too_wide(limits: &[Option<u64>], most: u64) -> ConfigError {
    let limit = limits.iter().flatten().max().copied().unwrap_or(u64::MAX);
    ConfigError::new(
        ConfigErrorKind::Limits,
        format_args!(
            "a limit of {limit} must be at most {most} in this window; build it with `.limits_up_to({})` to set any limit \
             live",
            u64::MAX
        ),
    )
}

fn lock(pair: &Mutex<Pair>) -> MutexGuard<'_, Pair> {
    // the window does not panic, and each of its operations is whole
    pair.lock().unwrap_or_else(PoisonError::into_inner)
}
