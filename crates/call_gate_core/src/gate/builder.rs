//! Making a gate.

use super::inner::{Backend, Limiter, Time};
use super::{CallGate, Inner, seed};
use crate::clock::{Clock, Moment, Source, SystemClock};
use crate::error::{ConfigError, ConfigErrorKind};
use crate::geometry::{Geometry, Keep};
use crate::limits::Limits;
use crate::name;
use crate::snapshot::Snapshot;
use crate::storage::{GateConfig, Key, Kind, Memory, OnLimits, Opened, Storage, StorageKind};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Makes a [`CallGate`]; nothing is checked before [`build`](Self::build).
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct CallGateBuilder {
    name: Option<String>,
    gate_size: Duration,
    frame_step: Duration,
    limits: Limits,
    largest: Option<u64>,
    on_limits: OnLimits,
    keep: Keep,
    credits: bool,
    storage: Box<dyn Storage>,
    clock: Option<Arc<dyn Clock>>,
    timezone: Option<String>,
    seed: Option<Snapshot>,
}

impl CallGateBuilder {
    pub(super) fn new(name: Option<String>, gate_size: Duration, frame_step: Duration) -> Self {
        Self {
            name,
            gate_size,
            frame_step,
            limits: Limits::none(),
            largest: None,
            on_limits: OnLimits::Adopt,
            keep: Keep::Aligned,
            credits: false,
            storage: Box::new(Memory::new()),
            clock: None,
            timezone: None,
            seed: None,
        }
    }

    /// The gate that `snapshot` was taken of, with its frames.
    #[cfg(feature = "persist")]
    pub(super) fn from_snapshot(snapshot: Snapshot) -> Self {
        let name = Some(snapshot.name().to_owned());
        let mut builder = Self::new(name, snapshot.gate_size(), snapshot.frame_step());
        builder.limits = snapshot.limits();
        builder.timezone = snapshot.timezone().map(str::to_owned);
        if snapshot.is_strict() {
            builder.keep = Keep::Strict;
        }
        builder.restore(snapshot)
    }

    /// The most that the whole window may hold; at least 1.
    pub fn gate_limit(self, limit: u64) -> Self {
        Self {
            limits: self.limits.with_gate(limit),
            ..self
        }
    }

    /// The most that one frame may hold; at least 1, at most the gate limit.
    pub fn frame_limit(self, limit: u64) -> Self {
        Self {
            limits: self.limits.with_frame(limit),
            ..self
        }
    }

    /// Both limits at once.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The largest limit that may ever be set live.
    ///
    /// Without it, the largest that the lock-free window of this geometry
    /// holds. With more than that the gate's window is kept under a lock, and
    /// a limit may also be taken away live.
    pub fn limits_up_to(self, limit: u64) -> Self {
        Self {
            largest: Some(limit),
            ..self
        }
    }

    /// What becomes of these limits where the gate lives already, with other ones.
    ///
    /// Without it the living gate's stay. In this process's memory every
    /// gate is new.
    pub fn on_limits(self, on_limits: OnLimits) -> Self {
        Self { on_limits, ..self }
    }

    /// Lets no interval of `gate_size`, wherever it starts, hold more than the gate limit.
    ///
    /// Keeps one frame more; without it the promise is for windows that start
    /// with a frame.
    pub fn strict(self) -> Self {
        Self {
            keep: Keep::Strict,
            ..self
        }
    }

    /// Credits refunds of closed frames to those frames, while they are in the window.
    ///
    /// In memory this costs a lock.
    pub fn credits(self) -> Self {
        Self {
            credits: true,
            ..self
        }
    }

    /// Where the counters live; in this process's memory unless set.
    pub fn storage(self, storage: impl Storage + 'static) -> Self {
        Self {
            storage: Box::new(storage),
            ..self
        }
    }

    /// The gate's clock; the machine's unless set.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self {
            clock: Some(Arc::new(clock)),
            ..self
        }
    }

    /// Labels what is shown and saved, as in "Europe/London".
    ///
    /// Counting does not depend on it, so any label builds; only saving needs
    /// one that is known where it happens.
    pub fn timezone(self, name: impl Into<String>) -> Self {
        Self {
            timezone: Some(name.into()),
            ..self
        }
    }

    /// Starts from what `snapshot` holds; frames that have left the window since are dropped.
    ///
    /// Its sizes must be this gate's; its name and limits are not taken.
    pub fn restore(self, snapshot: Snapshot) -> Self {
        Self {
            seed: Some(snapshot),
            ..self
        }
    }

    /// Makes the gate.
    ///
    /// # Errors
    /// One [`ConfigError`] that names the value and the rule it breaks, or
    /// what the storage cannot hold.
    pub fn build(self) -> Result<CallGate, ConfigError> {
        check_name(self.name.as_deref(), &*self.storage)?;
        self.limits.check()?;
        if self.largest == Some(0) {
            return Err(ConfigError::new(
                ConfigErrorKind::Limits,
                "limits_up_to of 0 must be at least 1; leave it out for the default",
            ));
        }
        self.limits.check_up_to(self.largest)?;
        if let Some(zone) = self
            .timezone
            .as_deref()
            .filter(|zone| zone.is_empty() || zone.chars().any(char::is_control))
        {
            return Err(ConfigError::new(
                ConfigErrorKind::Timezone,
                format_args!("timezone {zone:?} must not be empty nor hold control characters"),
            ));
        }
        let geometry = Geometry::of_gate(self.gate_size, self.frame_step, self.keep)?;
        let (time, now) = clock_of(self.clock, geometry.base_nanos());
        let config = GateConfig {
            name: self.name.unwrap_or_default().into(),
            gate_size: self.gate_size,
            frame_step: self.frame_step,
            geometry,
            limits: self.limits.of_spans().into(),
            costs: None,
            kind: Kind::Gate,
            largest: self.largest,
            on_limits: self.on_limits,
            keep: self.keep,
            credits: self.credits,
            life: time.life(),
            now,
        };
        let seed = match self.seed {
            Some(seed) => seed::in_window(&config, &seed)?,
            None => None,
        };
        let opened = open(&*self.storage, &config, seed.as_ref(), time)?;
        let inner = Inner::new(&config, opened, self.timezone, Limiter::default());
        Ok(CallGate(Arc::new(inner)))
    }
}

/// The time of a gate in frames of `step`, and what it is now.
pub(super) fn clock_of(clock: Option<Arc<dyn Clock>>, step: u64) -> (Time, Moment) {
    let Some(clock) = clock else {
        let source = Source::new(SystemClock::new(), step);
        return (Time::System(source), Moment::from(SystemTime::now()));
    };
    let now = clock.now();
    match clock.as_system() {
        Some(system) => (Time::System(Source::new(system, step)), now),
        None => (Time::Custom(clock), now),
    }
}

/// A storage of a gate, opened.
pub(super) struct Ready {
    pub(super) time: Time,
    pub(super) backend: Backend,
    pub(super) kind: StorageKind,
}

/// Opens the counters of `config` in `storage`.
pub(super) fn open(
    storage: &dyn Storage,
    config: &GateConfig,
    seed: Option<&Snapshot>,
    mut time: Time,
) -> Result<Ready, ConfigError> {
    let backend = match storage.open(config, seed)? {
        Opened::Counter(counter) => Backend::Counter(counter),
        Opened::Anchored(counter, offset) => {
            if let Time::System(source) = &mut time {
                source.set_anchor(offset);
            }
            Backend::Counter(counter)
        }
        Opened::Remote(remote) => {
            let key = Key::new(config.name.clone());
            Backend::Remote { remote, key }
        }
    };
    Ok(Ready {
        time,
        backend,
        kind: storage.kind(),
    })
}

/// Checks the name of a gate in `storage`, where others find it by that.
pub(super) fn check_name(name: Option<&str>, storage: &dyn Storage) -> Result<(), ConfigError> {
    match (name, storage.kind()) {
        (Some(name), _) => name::check(name),
        (None, StorageKind::Simple) => Ok(()),
        (None, kind) => Err(ConfigError::new(
            ConfigErrorKind::Name,
            format_args!(
                "an unnamed gate in {kind} storage must have a name, which is how others find it"
            ),
        )),
    }
}
