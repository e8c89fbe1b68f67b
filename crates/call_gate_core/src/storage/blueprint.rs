//! How a gate's window lies in words, for storages that place them in memory of their own.

use super::{Counter, GateConfig, Placement};
use crate::clock::{Moment, monotonic};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::snapshot::Snapshot;
use crate::sync::AtomicU64;
use crate::window::{Layout, Window, packed};
use std::fmt::Display;
use std::time::Duration;

/// How a gate's window lies in words, for storages that place them in memory of their own.
///
/// The words are the lock-free window's own, so what it promises between
/// threads holds between all who share them. They are never trusted: whatever
/// they hold, an operation ends, and answers or fails with a typed error.
#[derive(Debug)]
pub struct Blueprint {
    layout: Layout,
    frame_step: Duration,
}

impl Blueprint {
    /// Stored in the first word, it takes the window out of use for everybody and for good: whoever asks it gets
    /// [`StorageErrorKind::Retired`](crate::StorageErrorKind::Retired).
    pub const RETIRED: u64 = packed::RETIRED;

    /// The blueprint of the gate of `config` whose words were first made at `made`.
    ///
    /// The limits to start with are not judged, as those of the living gate
    /// may stay; [`check`](Self::check) judges them.
    ///
    /// # Errors
    /// What the lock-free window cannot hold under any limits: credits, a
    /// `limits_up_to` beyond its word, frames too short to be numbered, under
    /// about 10 µs by the machine's clock and 260 µs by one of the caller's own.
    pub fn new(config: &GateConfig, made: Moment) -> Result<Self, ConfigError> {
        if config.costs.is_some() {
            return Err(unsupported(
                "limits of cost must be left to limiters in memory and in Redis: shared words hold one counter",
            ));
        }
        if config.credits {
            return Err(unsupported(
                "credits must be left to gates in memory and in Redis: shared words cannot credit closed frames",
            ));
        }
        let frame_step = config.frame_step;
        let Some(layout) = Layout::new(&config.geometry, made.as_nanos(), config.life) else {
            let life = if config.follows_system() {
                "of twenty years"
            } else {
                "to the end of time, where a clock of the caller's own may jump"
            };
            return Err(unsupported(format_args!(
                "a frame_step of {frame_step:?} must be longer in shared words, which number all frames {life}"
            )));
        };
        // elsewhere each process sets a clock of its own to the wall
        let layout = if config.follows_system() && monotonic().is_some() {
            layout.of_one_clock()
        } else {
            layout
        };
        // as a frame limit without a gate limit, it allows the largest sum
        if let Some(largest) = config.largest
            && !layout.fits(&config.all_at(largest))
        {
            if config.is_limiter() {
                let most = layout.largest();
                return Err(unsupported(format_args!(
                    "limits_up_to({largest}) must be at most {most} in shared words with frames of {frame_step:?}"
                )));
            }
            let kept = config.kept();
            let most = layout.largest() / kept.max(1);
            return Err(unsupported(format_args!(
                "limits_up_to({largest}) must be at most {most} in shared words with {kept} frames of {frame_step:?}"
            )));
        }
        Ok(Self { layout, frame_step })
    }

    /// Whether the words can hold `limits`, one for each span.
    ///
    /// # Errors
    /// Limits that allow a larger sum, or no limits at all.
    pub fn check(&self, limits: &[Option<u64>]) -> Result<(), ConfigError> {
        if self.layout.fits(limits) {
            return Ok(());
        }
        let (most, step) = (self.layout.largest(), self.frame_step);
        Err(unsupported(format_args!(
            "limits in shared words must keep the window's sum at most {most} with frames of {step:?}; a gate without \
             limits must be in memory"
        )))
    }

    /// How many words the window takes.
    #[must_use]
    pub fn words(&self) -> usize {
        self.layout.words()
    }

    /// The words of a window that nobody has used yet, with the frames of `seed`, which are in it.
    ///
    /// # Errors
    /// As [`check`](Self::check), or the seed's sum is more than the words hold.
    pub fn at_rest(
        &self,
        limits: &[Option<u64>],
        seed: Option<&Snapshot>,
    ) -> Result<Vec<u64>, ConfigError> {
        self.check(limits)?;
        let sum = seed.map_or(0, Snapshot::counted);
        if sum > self.layout.largest() {
            let most = self.layout.largest();
            return Err(ConfigError::new(
                ConfigErrorKind::Snapshot,
                format_args!("a snapshot's sum of {sum} must be at most {most} in shared words"),
            ));
        }
        let (tag, values) = self.layout.seeded(seed.and_then(Snapshot::newest));
        Ok(packed::at_rest(&self.layout, limits, tag, values))
    }

    /// The counter over `words`, which may be in use; `None`: they are not as many as [`words`](Self::words).
    #[must_use]
    pub fn over(self, words: &'static [AtomicU64]) -> Option<Counter> {
        let window = Window::placed(self.layout, words)?;
        Some(Counter {
            placement: Placement::Packed(window),
        })
    }
}

fn unsupported(message: impl Display) -> ConfigError {
    ConfigError::new(ConfigErrorKind::Unsupported, message)
}
