//! What the handles of one gate share, and the way of a call through it.

use crate::clock::{Alarm, Clock, Moment, Source, Turn};
use crate::denial::{Denial, Scope};
use crate::error::{ConfigError, StorageError, TooLarge, Underflow, UpdateError};
use crate::geometry::Keep;
use crate::limits::Limits;
use crate::name::NameTag;
use crate::queue::Queue;
use crate::reading::{Decision, Reading, State};
use crate::storage::{
    Act, Answer, Counter, Deadline, GateConfig, Key, Placement, Remote, StorageKind, denied_at,
};
use crate::sync::Mutex;
use crate::window::{Fast, Refunded, Refusal, Ticket, Verdict};
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// What the handles of one gate share.
pub(crate) struct Inner {
    time: Time,
    backend: Backend,
    queue: Queue,
    labels: Option<Box<Labels>>,
    gate_size: u64,
    frame_step: u64,
    /// How many frames the window keeps.
    kept: u32,
    keep: Keep,
    kind: StorageKind,
}

/// What hardly any call needs, and many gates go without.
#[derive(Debug)]
struct Labels {
    name: Option<NameTag>,
    timezone: Option<String>,
    /// The largest limit that may be set.
    largest: Option<u64>,
}

pub(super) enum Time {
    System(Source),
    Custom(Arc<dyn Clock>),
}

pub(super) enum Backend {
    Counter(Counter),
    Remote {
        remote: Arc<dyn Remote>,
        key: Key,
        /// As last set through this family of handles.
        limits: Mutex<Limits>,
    },
}

impl Inner {
    pub(super) fn new(
        config: &GateConfig,
        time: Time,
        backend: Backend,
        kind: StorageKind,
        timezone: Option<String>,
    ) -> Self {
        let frame_step = config.geometry.base_nanos();
        let width = match &backend {
            Backend::Counter(_) => frame_step,
            // every call takes the long way
            Backend::Remote { .. } => 0,
        };
        let name = (!config.name.is_empty()).then(|| NameTag::new(config.name.clone()));
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
            gate_size: u64::try_from(config.gate_size.as_nanos()).unwrap_or(u64::MAX),
            frame_step,
            kept: u32::try_from(config.kept()).unwrap_or(u32::MAX),
            keep: config.keep,
            kind,
        }
    }

    #[inline(always)]
    pub(super) fn try_update(&self, value: u64) -> Result<Reading, UpdateError> {
        let Backend::Counter(Counter {
            placement: Placement::Packed(window),
        }) = &self.backend
        else {
            return self.try_slowly(value);
        };
        // `early` may be up to `guard` before the present: then the present is in the head's frame if `early + guard`
        // is, because a precise reading opened that frame
        let (early, guard) = match &self.time {
            Time::System(source) => source.glimpse(),
            Time::Custom(clock) => (clock.now().as_nanos(), 0),
        };
        let since = early
            .wrapping_add(guard)
            .wrapping_sub(window.layout().bias());
        match window.fast(since, self.queue.width(), value) {
            Fast::Booked(booking) => Ok(Reading { booking }),
            Fast::Refused(refusal) => self.denied(&refusal, value, early),
            Fast::Unsure(booking, plan) => Ok(Reading {
                booking: window.packed().confirmed(plan, booking),
            }),
            Fast::Slow => self.try_slowly(value),
        }
    }

    /// Every case that the fast path leaves.
    #[cold]
    #[inline(never)]
    fn try_slowly(&self, value: u64) -> Result<Reading, UpdateError> {
        if self.queue.is_closed() {
            return Err(UpdateError::Closed);
        }
        let now = self.now();
        if value > 0 && self.queue.waiting() > 0 {
            let denial = self.queued(value);
            if denial.requested() > denial.limit() {
                return Err(self.too_large(&denial));
            }
            return Err(UpdateError::Queued(denial));
        }
        match &self.backend {
            Backend::Counter(counter) => match counter.book(now, value)? {
                Verdict::Booked(booking) => Ok(Reading { booking }),
                Verdict::Refused(refusal) => self.denied(&refusal, value, now.as_nanos()),
            },
            Backend::Remote { .. } => match self.call(&Act::Update { value })? {
                Answer::Admitted(reading) => Ok(reading),
                Answer::Denied(denial) => self.refused(denial.named(self.name_number())),
                _ => Err(StorageError::out_of_place().into()),
            },
        }
    }

    /// Written out in each arm: built once and moved, the error would stall on its own stores.
    #[inline(always)]
    fn denied(&self, refusal: &Refusal, value: u64, now: u64) -> Result<Reading, UpdateError> {
        let Refusal {
            span,
            limit,
            used,
            retry_at,
        } = *refusal;
        let (wait, name) = (retry_at.saturating_sub(now), self.name_number());
        if value > limit {
            let scope = if span == 0 { Scope::Frame } else { Scope::Gate };
            return Err(UpdateError::TooLarge(TooLarge {
                requested: value,
                limit,
                scope,
            }));
        }
        if span == 0 {
            Err(UpdateError::FrameLimit(Denial::assemble(
                Scope::Frame,
                limit,
                used,
                value,
                wait,
                name,
            )))
        } else {
            Err(UpdateError::GateLimit(Denial::assemble(
                Scope::Gate,
                limit,
                used,
                value,
                wait,
                name,
            )))
        }
    }

    /// A remote storage's denial.
    fn refused(&self, denial: Denial) -> Result<Reading, UpdateError> {
        if denial.requested() > denial.limit() {
            return Err(self.too_large(&denial));
        }
        match denial.scope() {
            Scope::Frame => Err(UpdateError::FrameLimit(denial)),
            Scope::Gate => Err(UpdateError::GateLimit(denial)),
            Scope::Queue => Err(UpdateError::Queued(denial)),
        }
    }

    #[expect(
        clippy::unused_self,
        reason = "the other makers of errors name the gate"
    )]
    pub(crate) fn too_large(&self, denial: &Denial) -> UpdateError {
        let (requested, limit) = (denial.requested(), denial.limit());
        UpdateError::TooLarge(TooLarge {
            requested,
            limit,
            scope: denial.scope(),
        })
    }

    /// The denial for `value` behind others: a limit's own if there is no room either.
    pub(crate) fn queued(&self, value: u64) -> Denial {
        let limits = self.limits();
        let tightest = limits
            .frame_limit()
            .or(limits.gate_limit())
            .unwrap_or(u64::MAX);
        let (limit, used, wait) = match &self.backend {
            Backend::Counter(counter) => {
                let now = self.now();
                match counter.survey(now, value).map(|survey| survey.verdict) {
                    Ok(Verdict::Refused(refusal)) => {
                        return denied_at(&refusal, value, now.as_nanos())
                            .named(self.name_number());
                    }
                    Ok(Verdict::Booked(booking)) if limits.frame_limit().is_some() => (
                        tightest,
                        booking.used[0].saturating_sub(value),
                        Duration::ZERO,
                    ),
                    Ok(Verdict::Booked(booking)) => (
                        tightest,
                        booking.used[1].saturating_sub(value),
                        Duration::ZERO,
                    ),
                    Err(_) => (tightest, 0, Duration::ZERO),
                }
            }
            // asking the server would overtake the head
            Backend::Remote { .. } => (tightest, 0, Duration::ZERO),
        };
        Denial::new(Scope::Queue, limit, used, value, wait).named(self.name_number())
    }

    /// The head of the queue asks a window in reach; `None`: the storage is remote.
    pub(crate) fn ask_window(
        &self,
        now: Moment,
        value: u64,
    ) -> Option<Result<Answer, StorageError>> {
        let Backend::Counter(counter) = &self.backend else {
            return None;
        };
        Some(counter.book(now, value).map(|verdict| match verdict {
            Verdict::Booked(booking) => Answer::Admitted(Reading { booking }),
            Verdict::Refused(refusal) => Answer::Denied(denied_at(&refusal, value, now.as_nanos())),
        }))
    }

    pub(crate) fn call(&self, act: &Act) -> Result<Answer, StorageError> {
        match &self.backend {
            Backend::Remote { remote, key, .. } => remote.call(key, act, Deadline::NONE),
            Backend::Counter(_) => Err(StorageError::out_of_place()),
        }
    }

    pub(super) fn check_limits(&self) -> Result<(), UpdateError> {
        let now = self.now();
        let state = self.state()?;
        let limits = self.limits();
        let (sum, frame) = (state.sum(), state.current_frame().value());
        // no sum passes what 64 bits hold
        let gate_limit = limits.gate_limit().unwrap_or(u64::MAX);
        let full_frame = limits.frame_limit().filter(|limit| frame >= *limit);
        if sum < gate_limit && full_frame.is_none() {
            return Ok(());
        }
        let wait = match &self.backend {
            Backend::Counter(counter) => match counter.survey(now, 1)?.verdict {
                Verdict::Refused(refusal) => {
                    Duration::from_nanos(refusal.retry_at.saturating_sub(now.as_nanos()))
                }
                Verdict::Booked(_) => return Ok(()),
            },
            Backend::Remote { .. } => self.peek(1)?.retry_after,
        };
        let denial =
            |scope, limit, used| Denial::new(scope, limit, used, 1, wait).named(self.name_number());
        match full_frame {
            Some(limit) if sum < gate_limit => {
                Err(UpdateError::FrameLimit(denial(Scope::Frame, limit, frame)))
            }
            _ => Err(UpdateError::GateLimit(denial(Scope::Gate, gate_limit, sum))),
        }
    }

    pub(super) fn peek(&self, value: u64) -> Result<Decision, UpdateError> {
        let Backend::Counter(counter) = &self.backend else {
            return match self.call(&Act::Peek { value })? {
                Answer::Decided(_, Some(denial)) if denial.requested() > denial.limit() => {
                    Err(self.too_large(&denial))
                }
                Answer::Decided(decision, _) => Ok(decision),
                _ => Err(StorageError::out_of_place().into()),
            };
        };
        let now = self.now();
        let survey = counter.survey(now, value)?;
        let reset_after = Duration::from_nanos(survey.reset_at.saturating_sub(now.as_nanos()));
        match survey.verdict {
            Verdict::Booked(booking) => {
                let [frame, sum] = booking.used.map(|used| used - value);
                let remaining = booking.remaining.saturating_add(value);
                let remaining = if value == 0 {
                    booking.remaining
                } else {
                    remaining
                };
                let limit = self.tightest(frame, sum);
                Ok(Decision::new(
                    true,
                    limit,
                    remaining,
                    Duration::ZERO,
                    reset_after,
                ))
            }
            Verdict::Refused(refusal) => {
                if value > refusal.limit {
                    return Err(self.too_large(&denied_at(&refusal, value, 0)));
                }
                let retry_after =
                    Duration::from_nanos(refusal.retry_at.saturating_sub(now.as_nanos()));
                // what a smaller value would have found
                let remaining = match counter.survey(now, 0)?.verdict {
                    Verdict::Booked(booking) => booking.remaining,
                    Verdict::Refused(_) => 0,
                };
                Ok(Decision::new(
                    false,
                    refusal.limit,
                    remaining,
                    retry_after,
                    reset_after,
                ))
            }
        }
    }

    /// The limit with the least room beside `frame` and `sum`; the frame's where they are equal.
    pub(super) fn tightest(&self, frame: u64, sum: u64) -> u64 {
        let limits = self.limits();
        let gate = limits.gate_limit().unwrap_or(u64::MAX);
        match limits.frame_limit() {
            Some(limit) if limit.saturating_sub(frame) <= gate.saturating_sub(sum) => limit,
            _ => gate,
        }
    }

    pub(super) fn refund_frame(&self, value: u64) -> Result<Reading, UpdateError> {
        match self.refund(value, None)? {
            Refunded::Returned(booking) => Ok(Reading { booking }),
            Refunded::Underflow { booked } => Err(UpdateError::Underflow(Underflow {
                requested: value,
                booked,
            })),
            // only a ticket expires
            Refunded::Expired => Err(StorageError::out_of_place().into()),
        }
    }

    pub(super) fn refund(
        &self,
        value: u64,
        ticket: Option<Ticket>,
    ) -> Result<Refunded, UpdateError> {
        if self.queue.is_closed() {
            return Err(UpdateError::Closed);
        }
        let refunded = match &self.backend {
            Backend::Counter(counter) => counter.refund(self.now(), value, ticket)?,
            Backend::Remote { .. } => {
                let frame = ticket.map(|ticket| Moment::from_nanos(ticket.start));
                match self.call(&Act::Refund { value, frame })? {
                    Answer::Returned(reading) => Refunded::Returned(reading.booking),
                    Answer::Expired => Refunded::Expired,
                    Answer::Underflow(booked) => Refunded::Underflow { booked },
                    _ => return Err(StorageError::out_of_place().into()),
                }
            }
        };
        self.queue.nudge();
        Ok(refunded)
    }

    pub(super) fn set_limits(&self, new: Limits) -> Result<(), ConfigError> {
        new.check_up_to(self.labels.as_ref().and_then(|labels| labels.largest))?;
        match &self.backend {
            Backend::Counter(counter) => counter.set_limits(new)?,
            Backend::Remote { limits, .. } => match self
                .call(&Act::SetLimits(new))
                .map_err(ConfigError::storage)?
            {
                Answer::Done => *limits.lock().unwrap_or_else(PoisonError::into_inner) = new,
                _ => return Err(ConfigError::storage(StorageError::out_of_place())),
            },
        }
        self.queue.nudge();
        Ok(())
    }

    /// The limits in force; none where a damaged window does not tell.
    pub(super) fn limits(&self) -> Limits {
        match &self.backend {
            Backend::Counter(counter) => counter.limits().unwrap_or_default(),
            Backend::Remote { limits, .. } => {
                *limits.lock().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    pub(super) fn state(&self) -> Result<State, StorageError> {
        match &self.backend {
            Backend::Counter(counter) => {
                let (start, frames) = counter.read(self.now(), u64::from(self.kept))?;
                Ok(State::new(Moment::from_nanos(start), frames))
            }
            Backend::Remote { .. } => match self.call(&Act::State)? {
                Answer::State(state) => Ok(state),
                _ => Err(StorageError::out_of_place()),
            },
        }
    }

    pub(super) fn clear(&self) -> Result<(), StorageError> {
        match &self.backend {
            Backend::Counter(counter) => counter.clear()?,
            Backend::Remote { .. } => match self.call(&Act::Clear)? {
                Answer::Done => {}
                _ => return Err(StorageError::out_of_place()),
            },
        }
        self.queue.nudge();
        Ok(())
    }

    /// The precise time.
    pub(crate) fn now(&self) -> Moment {
        match &self.time {
            Time::System(source) => Moment::from_nanos(source.now()),
            Time::Custom(clock) => clock.now(),
        }
    }

    /// How a waiter sleeps until `at`.
    pub(crate) fn alarm(&self, at: Moment, turn: Turn, waker: &Waker) -> Alarm {
        match &self.time {
            Time::System(_) => Alarm::Timer(at.since(self.now())),
            Time::Custom(clock) => clock.alarm(at, turn, waker),
        }
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
