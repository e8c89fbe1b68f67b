//! Making a turnstile.
// long file: every rule of a configuration in one place

use super::super::builder::{check_name, clock_of, open};
use super::super::inner::{Inner, Limiter};
use super::{Shared, Turnstile, Windows, check_permits};
use crate::clock::Clock;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::geometry::{Geometry, Keep, MAX_FRAMES, Span};
use crate::storage::{GateConfig, Kind, Memory, OnLimits, Storage, StorageKind};
use std::sync::Arc;
use std::time::Duration;

/// Longest window: what the lock-free window counts for.
const LONGEST: Duration = Duration::from_secs(7_305 * 24 * 3_600);
/// What stands for no window at all, so that there is something to ask.
const NOTHING: (Duration, u64) = (Duration::from_secs(1), 1);

/// Makes a [`Turnstile`]; nothing is checked before [`build`](Self::build).
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TurnstileBuilder {
    name: Option<String>,
    windows: Vec<Wanted>,
    costs: Vec<Wanted>,
    permits: Option<u64>,
    largest: Option<u64>,
    on_limits: OnLimits,
    keep: Keep,
    credits: bool,
    storage: Box<dyn Storage>,
    clock: Option<Arc<dyn Clock>>,
}

#[derive(Debug, Clone, Copy)]
struct Wanted {
    length: Duration,
    step: Duration,
    limit: u64,
}

impl TurnstileBuilder {
    pub(super) fn new() -> Self {
        Self {
            name: None,
            windows: Vec::new(),
            costs: Vec::new(),
            permits: None,
            largest: None,
            on_limits: OnLimits::Adopt,
            keep: Keep::Aligned,
            credits: false,
            storage: Box::new(Memory::new()),
            clock: None,
        }
    }

    /// Its name, by which others find it in a storage that is shared.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// One more window: at most `limit` in `length`, counted in frames of `step`.
    pub fn window(mut self, limit: u64, length: Duration, step: Duration) -> Self {
        self.windows.push(Wanted {
            length,
            step,
            limit,
        });
        self
    }

    /// One more window of cost. With one, closed frames are credited with what is given back.
    pub fn cost_window(mut self, limit: u64, length: Duration, step: Duration) -> Self {
        self.costs.push(Wanted {
            length,
            step,
            limit,
        });
        self
    }

    /// How many permits may be out at once, in this process.
    pub fn permits(self, most: u64) -> Self {
        Self {
            permits: Some(most),
            ..self
        }
    }

    /// The largest limit that may ever be set live.
    pub fn limits_up_to(self, limit: u64) -> Self {
        Self {
            largest: Some(limit),
            ..self
        }
    }

    /// What becomes of these limits where it lives already, with other ones.
    pub fn on_limits(self, on_limits: OnLimits) -> Self {
        Self { on_limits, ..self }
    }

    /// Lets no interval of a window's length, wherever it starts, hold more than its limit.
    pub fn strict(self) -> Self {
        Self {
            keep: Keep::Strict,
            ..self
        }
    }

    /// Credits what is given back to closed frames, while they are in the window.
    pub fn credits(self) -> Self {
        Self {
            credits: true,
            ..self
        }
    }

    /// Where the windows are counted; in this process's memory unless set.
    pub fn storage(self, storage: impl Storage + 'static) -> Self {
        Self {
            storage: Box::new(storage),
            ..self
        }
    }

    /// Its clock; the machine's unless set.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self {
            clock: Some(Arc::new(clock)),
            ..self
        }
    }

    /// Makes it.
    ///
    /// # Errors
    /// Nothing to limit; a limit, a window or a step of 0; a window that is
    /// not 2 to 1,048,576 steps, or longer than twenty years; two windows of
    /// one length; permits out of range; what the storage cannot hold.
    pub fn build(self) -> Result<Turnstile, ConfigError> {
        check_name(self.name.as_deref(), &*self.storage)?;
        if self.windows.is_empty() && self.costs.is_empty() {
            if self.permits.is_none() {
                return wrong(
                    ConfigErrorKind::Limits,
                    "a limiter without any limit must have at least one: a window, or max_burst",
                );
            }
            if self.storage.kind() != StorageKind::Simple {
                let kind = self.storage.kind();
                return wrong(
                    ConfigErrorKind::Unsupported,
                    format_args!("a limiter in {kind} storage must have a window to count there"),
                );
            }
        }
        if let Some(permits) = self.permits {
            check_permits(permits)?;
        }
        for windows in [&self.windows, &self.costs] {
            check(windows, self.largest)?;
        }
        let geometry = geometry(&self.windows, self.keep)?;
        let costs = match &self.costs[..] {
            [] => None,
            costs => Some(self::geometry(costs, self.keep)?),
        };
        let windows = geometry.spans().len();
        let all = || self.windows.iter().chain(&self.costs);
        // where there is no window, one without a limit is
        let limits = self.windows.is_empty().then_some(None).into_iter();
        let limits = limits.chain(all().map(|wanted| Some(wanted.limit)));
        let (time, now) = clock_of(self.clock, geometry.base_nanos());
        let config = GateConfig {
            name: self.name.unwrap_or_default().into(),
            gate_size: all().map(|wanted| wanted.length).max().unwrap_or(NOTHING.0),
            frame_step: geometry.base_step(),
            limits: limits.collect(),
            kind: Kind::Limiter {
                // a geometry has no more than 64 spans
                windows: u8::try_from(windows).unwrap_or(u8::MAX),
                costs: costs.is_some(),
            },
            credits: self.credits || costs.is_some(),
            geometry,
            costs,
            largest: self.largest,
            on_limits: self.on_limits,
            keep: self.keep,
            life: time.life(),
            now,
        };
        let opened = open(&*self.storage, &config, None, time)?;
        let placed = |wanted: &[Wanted], first: usize| {
            let lengths = wanted.iter().map(|wanted| wanted.length);
            lengths.zip(first..).collect::<Vec<_>>()
        };
        let windows = Windows {
            requests: placed(&self.windows, 0),
            costs: placed(&self.costs, windows),
        };
        let mut lengths = vec![NOTHING.0; config.limits.len()];
        for (length, span) in windows.requests.iter().chain(&windows.costs) {
            if let Some(known) = lengths.get_mut(*span) {
                *known = *length;
            }
        }
        let limiter = Limiter {
            permits: self.permits,
            windows: lengths.into(),
        };
        let inner = Inner::new(&config, opened, None, limiter);
        Ok(Turnstile(Arc::new(Shared { inner, windows })))
    }
}

fn geometry(windows: &[Wanted], keep: Keep) -> Result<Geometry, ConfigError> {
    let more = match keep {
        Keep::Aligned => 0,
        Keep::Strict => 1,
    };
    let spans: Result<Vec<Span>, ConfigError> = windows
        .iter()
        .map(|wanted| Span::new(wanted.step, frames(wanted) + more))
        .collect();
    let mut spans = spans?;
    if spans.is_empty() {
        spans.push(Span::new(NOTHING.0, NOTHING.1)?);
    }
    Geometry::new(&spans)
}

/// How many frames a window has; checked already, so nothing is lost.
fn frames(wanted: &Wanted) -> u64 {
    let frames = wanted.length.as_nanos() / wanted.step.as_nanos().max(1);
    u64::try_from(frames).unwrap_or(u64::MAX)
}

fn check(windows: &[Wanted], largest: Option<u64>) -> Result<(), ConfigError> {
    if largest == Some(0) {
        return wrong(
            ConfigErrorKind::Limits,
            "limits_up_to of 0 must be at least 1; leave it out for the default",
        );
    }
    for (index, wanted) in windows.iter().enumerate() {
        let Wanted {
            length,
            step,
            limit,
        } = *wanted;
        if limit == 0 {
            return wrong(
                ConfigErrorKind::Limits,
                format_args!("a limit of 0 in {length:?} must be at least 1"),
            );
        }
        if let Some(largest) = largest.filter(|largest| limit > *largest) {
            return wrong(
                ConfigErrorKind::Limits,
                format_args!(
                    "a limit of {limit} in {length:?} must not be above limits_up_to({largest})"
                ),
            );
        }
        if length.is_zero() {
            return wrong(
                ConfigErrorKind::GateSize,
                "a window of 0ns must be longer than that",
            );
        }
        if length > LONGEST {
            return wrong(
                ConfigErrorKind::GateSize,
                format_args!(
                    "a window of {length:?} must not be longer than twenty years, {LONGEST:?}"
                ),
            );
        }
        if step.is_zero() || length.as_nanos() % step.as_nanos() != 0 {
            return wrong(
                ConfigErrorKind::FrameStep,
                format_args!("a window of {length:?} must be a multiple of its step, {step:?}"),
            );
        }
        if !(2..=MAX_FRAMES).contains(&frames(wanted)) {
            let frames = frames(wanted);
            return wrong(
                ConfigErrorKind::Frames,
                format_args!(
                    "a window of {length:?} in steps of {step:?} must hold 2 to {MAX_FRAMES} of them, not {frames}"
                ),
            );
        }
        let earlier = windows.iter().take(index);
        if let Some(other) = earlier.clone().find(|other| other.length == length) {
            let other = other.limit;
            return wrong(
                ConfigErrorKind::Limits,
                format_args!("limits of {other} and {limit} in the same {length:?} must be one"),
            );
        }
    }
    Ok(())
}

fn wrong<T>(kind: ConfigErrorKind, message: impl std::fmt::Display) -> Result<T, ConfigError> {
    Err(ConfigError::new(kind, message))
}
