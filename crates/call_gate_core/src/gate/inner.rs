//! What the handles of one gate share.

use super::builder::Ready;
use super::permits::Permits;
use crate::clock::{Alarm, Clock, Moment, Source, Turn};
use crate::denial::{Denial, Scope};
use crate::error::{StorageError, StorageErrorKind};
use crate::geometry::Keep;
use crate::name::NameTag;
use crate::queue::Queue;
use crate::storage::{Counter, GateConfig, Key, Kind, Remote, StorageKind};
use crate::window::Life;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// How often the clock is read again before a window ahead of it is believed to be.
const READINGS: u32 = 3;

/// What the handles of one gate share.
pub(crate) struct Inner {
    pub(super) time: Time,
    pub(super) backend: Backend,
    pub(super) queue: Queue,
    pub(super) labels: Option<Box<Labels>>,
    /// A limiter's, if it bounds how many are out.
    pub(super) permits: Option<Box<Permits>>,
    /// Whose spans the counters have.
    pub(super) spans: Kind,
    gate_size: u64,
    frame_step: u64,
    /// How many frames the window keeps.
    pub(super) kept: u32,
    keep: Keep,
    kind: StorageKind,
}

/// What hardly any call needs, and many gates go without.
#[derive(Debug)]
pub(super) struct Labels {
    name: Option<NameTag>,
    timezone: Option<String>,
    /// The largest limit that may be set.
    pub(super) largest: Option<u64>,
}

pub(super) enum Time {
    System(Source),
    Custom(Arc<dyn Clock>),
}

impl Time {
    /// How long a window has to count by it.
    pub(super) fn life(&self) -> Life {
        match self {
            Self::System(_) => Life::TwentyYears,
            Self::Custom(_) => Life::Endless,
        }
    }
}

pub(super) enum Backend {
    Counter(Counter),
    Remote { remote: Arc<dyn Remote>, key: Key },
}

/// What only limiters have.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    /// How many permits may be out; `None`: any number.
    pub(super) permits: Option<u64>,
    /// How long each window is, those of costs after the others.
    pub(super) windows: Arc<[Duration]>,
}

impl Inner {
    pub(super) fn new(
        config: &GateConfig,
        Ready {
            time,
            backend,
            kind,
        }: Ready,
        timezone: Option<String>,
        limiter: Limiter,
    ) -> Self {
        let frame_step = config.geometry.base_nanos();
        let width = match &backend {
            Backend::Counter(_) => frame_step,
            // every call takes the long way
            Backend::Remote { .. } => 0,
        };
        // a limiter's denials tell its windows, even if it has no name
        let known = !config.name.is_empty() || config.is_limiter();
        let name = known.then(|| NameTag::new(config.name.clone(), limiter.windows));
        let largest = config.largest;
        let labelled = name.is_some() || timezone.is_some() || largest.is_some();
        Self {
            time,
            backend,
            queue: Queue::new(width),
            labels: labelled.then(|| {
                Box::new(Labels {
                    name,
                    timezone,
                    largest,
                })
            }),
            permits: limiter.permits.map(|most| Box::new(Permits::new(most))),
            spans: config.kind,
            gate_size: u64::try_from(config.gate_size.as_nanos()).unwrap_or(u64::MAX),
            frame_step,
            kept: u32::try_from(config.kept()).unwrap_or(u32::MAX),
            keep: config.keep,
            kind,
        }
    }

    /// The precise time.
    pub(crate) fn now(&self) -> Moment {
        match &self.time {
            Time::System(source) => Moment::from_nanos(source.now()),
            Time::Custom(clock) => clock.now(),
        }
    }

    /// Does `act` at the present, and says when that was.
    pub(super) fn at_present<T>(
        &self,
        act: impl Fn(Moment) -> Result<T, StorageError>,
    ) -> Result<(Moment, T), StorageError> {
        self.at_present_from(self.now(), act)
    }

    /// The same with a reading of the clock that may have grown old, as on a process that was stopped after it: then
    /// the clock is read again.
    pub(super) fn at_present_from<T>(
        &self,
        mut now: Moment,
        act: impl Fn(Moment) -> Result<T, StorageError>,
    ) -> Result<(Moment, T), StorageError> {
        for _ in 0..READINGS {
            match act(now) {
                Err(error) if error.kind() == StorageErrorKind::Ahead => now = self.now(),
                done => return done.map(|done| (now, done)),
            }
        }
        Ok((now, act(now)?))
    }

    /// How a waiter sleeps until `at`.
    pub(crate) fn alarm(&self, at: Moment, turn: Turn, waker: &Waker) -> Alarm {
        match &self.time {
            Time::System(_) => Alarm::Timer(at.since(self.now())),
            Time::Custom(clock) => clock.alarm(at, turn, waker),
        }
    }

    /// When the head of the queue asks again after `denial`, which came from asking at `asked`; `None`: when it is woken.
    pub(crate) fn due(&self, asked: Moment, denial: &Denial) -> Option<Moment> {
        if denial.scope() == Scope::Burst {
            return None;
        }
        Some(match &self.backend {
            Backend::Counter(_) => asked.after(denial.retry_after()),
            // a server judges after it is asked: counted from the answer it is never too early
            Backend::Remote { remote, .. } => self.now().after(remote.ask_again_after(denial)),
        })
    }

    #[inline(always)]
    pub(super) fn is_remote(&self) -> bool {
        matches!(self.backend, Backend::Remote { .. })
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }

    #[inline(always)]
    pub(crate) fn name_number(&self) -> u64 {
        self.name_tag().map_or(0, NameTag::number)
    }

    #[inline(always)]
    fn name_tag(&self) -> Option<&NameTag> {
        self.labels.as_ref().and_then(|labels| labels.name.as_ref())
    }

    pub(super) fn name(&self) -> &str {
        self.name_tag().map_or("", NameTag::name)
    }

    pub(super) fn timezone(&self) -> Option<&str> {
        self.labels
            .as_ref()
            .and_then(|labels| labels.timezone.as_deref())
    }

    pub(super) fn gate_size(&self) -> Duration {
        Duration::from_nanos(self.gate_size)
    }

    pub(super) fn frame_step(&self) -> Duration {
        Duration::from_nanos(self.frame_step)
    }

    pub(super) fn kept(&self) -> u32 {
        self.kept
    }

    pub(super) fn is_strict(&self) -> bool {
        self.keep == Keep::Strict
    }

    pub(super) fn kind(&self) -> StorageKind {
        self.kind
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner")
            .field("name", &self.name())
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
