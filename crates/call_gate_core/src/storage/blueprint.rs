//! How a gate's window lies in words, for storages that place them in memory of their own.

use super::{Counter, GateConfig, Placement};
use crate::clock::{Moment, monotonic};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::limits::Limits;
use crate::snapshot::Snapshot;
use crate::sync::AtomicU64;
use crate::window::{Layout, Window, packed};

/// How a gate's window lies in words, for storages that place them in memory of their own.
///
/// The words are the lock-free window's own, so what it promises between
/// threads holds between all who share them. They are never trusted: whatever
/// they hold, an operation ends, and answers or fails with a typed error.
#[derive(Debug)]
pub struct Blueprint {
    layout: Layout,
    made: u64,
}

impl Blueprint {
    /// Stored in the first word, it takes the window out of use for everybody and for good: whoever asks it gets
    /// [`StorageErrorKind::Retired`](crate::StorageErrorKind::Retired).
    pub const RETIRED: u64 = packed::RETIRED;

    /// The blueprint of the gate of `config` whose words were first made at `made`.
    ///
    /// # Errors
    /// What the lock-free window cannot hold: credits, limits beyond its
    /// word, no limits at all, frames under about 10 µs.
    pub fn new(config: &GateConfig, made: Moment) -> Result<Self, ConfigError> {
        let kind = ConfigErrorKind::Unsupported;
        if config.credits {
            let message = "credits must be left to gates in memory and in Redis: shared words cannot credit closed frames";
            return Err(ConfigError::new(kind, message));
        }
        let made = made.as_nanos();
        let step = config.frame_step;
        let Some(layout) = Layout::new(&config.geometry, made, config.life) else {
            return Err(ConfigError::new(
                kind,
                format_args!(
                    "a frame_step of {step:?} must be longer for shared words, 10 µs or more"
                ),
            ));
        };
        // elsewhere each process sets a clock of its own to the wall
        let layout = if config.follows_system() && monotonic().is_some() {
            layout.of_one_clock()
        } else {
            layout
        };
        let (limits, most) = (config.limits.of_spans(), layout.largest());
        if let Some(largest) = config.largest.filter(|largest| *largest > most) {
            return Err(ConfigError::new(
                kind,
                format_args!(
                    "limits_up_to({largest}) must be at most {most} in shared words with frames of {step:?}"
                ),
            ));
        }
        if !layout.fits(&limits) {
            return Err(ConfigError::new(
                kind,
                format_args!(
                    "limits in shared words must keep the window's sum at most {most} with frames of {step:?}; a gate \
                     without limits must be in memory"
                ),
            ));
        }
        Ok(Self { layout, made })
    }

    /// How many words the window takes.
    #[must_use]
    pub fn words(&self) -> usize {
        self.layout.words()
    }

    /// When the words were first made.
    #[must_use]
    pub fn made(&self) -> Moment {
        Moment::from_nanos(self.made)
    }

    /// The words of a window that nobody has used yet, with the frames of `seed`, which are in it.
    ///
    /// # Errors
    /// The seed's sum is more than the words hold.
    pub fn at_rest(
        &self,
        limits: Limits,
        seed: Option<&Snapshot>,
    ) -> Result<Vec<u64>, ConfigError> {
        let sum = seed.map_or(0, Snapshot::counted);
        if sum > self.layout.largest() {
            let most = self.layout.largest();
            return Err(ConfigError::new(
                ConfigErrorKind::Snapshot,
                format_args!("a snapshot's sum of {sum} must be at most {most} in shared words"),
            ));
        }
        let (tag, values) = self.layout.seeded(seed.and_then(Snapshot::newest));
        Ok(packed::at_rest(
            &self.layout,
            &limits.of_spans(),
            tag,
            values,
        ))
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
