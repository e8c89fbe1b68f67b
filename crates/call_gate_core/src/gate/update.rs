//! The way of an update: the fast path, and every case that it leaves.

use super::Inner;
use super::inner::{Backend, Time};
use super::way::{Way, at_once};
use crate::clock::Moment;
use crate::denial::{Denial, Scope};
use crate::error::{StorageError, TooLarge, UpdateError};
use crate::reading::Reading;
use crate::storage::{Act, Answer, Counter, Placement, denied_at};
use crate::window::{Booking, Fast, Refusal, Verdict, Window};

impl Inner {
    #[inline(always)]
    pub(super) fn try_update(&self, value: u64) -> Result<Reading, UpdateError> {
        match self.fast(value) {
            (Fast::Booked(booking), _) => Ok(Reading { booking }),
            (Fast::Refused(refusal), early) => self.denied(&refusal, value, early),
            (Fast::Unsure(booking, plan), _) => Ok(self.confirmed(plan, booking)),
            (Fast::Slow, _) => self.try_slowly(value),
        }
    }

    /// The reading of a booking by the fast path; `None`: that says nothing, nothing is booked.
    #[inline(always)]
    pub(super) fn try_fast(&self, value: u64) -> Option<Reading> {
        match self.fast(value) {
            (Fast::Booked(booking), _) => Some(Reading { booking }),
            (Fast::Unsure(booking, plan), _) => Some(self.confirmed(plan, booking)),
            (Fast::Refused(_) | Fast::Slow, _) => None,
        }
    }

    #[inline(always)]
    fn fast(&self, value: u64) -> (Fast, u64) {
        let Some(window) = self.window() else {
            return (Fast::Slow, 0);
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
        (window.fast(since, self.queue.width(), value), early)
    }

    #[cold]
    #[inline(never)]
    fn confirmed(&self, plan: u64, booking: Booking) -> Reading {
        let booking = match self.window() {
            Some(window) => window.packed().confirmed(plan, booking),
            None => booking,
        };
        Reading { booking }
    }

    /// The lock-free window, if that is what counts.
    #[inline(always)]
    fn window(&self) -> Option<&Window> {
        match &self.backend {
            Backend::Counter(Counter {
                placement: Placement::Packed(window),
            }) => Some(window),
            _ => None,
        }
    }

    /// Every case that the fast path leaves.
    #[cold]
    #[inline(never)]
    fn try_slowly(&self, value: u64) -> Result<Reading, UpdateError> {
        let Backend::Counter(counter) = &self.backend else {
            return at_once(self.book(Way::Blocking, value));
        };
        self.may_ask(value)?;
        let (now, verdict) = self.at_present(|now| counter.book(now, value))?;
        match verdict {
            Verdict::Booked(booking) => Ok(Reading { booking }),
            Verdict::Refused(refusal) => self.denied(&refusal, value, now.as_nanos()),
        }
    }

    /// As [`try_update`](Self::try_update), with a choice of the way.
    pub(super) async fn try_on(&self, way: Way, value: u64) -> Result<Reading, UpdateError> {
        if self.is_remote() {
            return self.book(way, value).await;
        }
        self.try_update(value)
    }

    /// Whether a request that may wait has to: others do, and it is not above a limit, which waiting could not help.
    pub(super) fn must_wait(&self, value: u64) -> bool {
        if value == 0 || self.queue.waiting() == 0 || self.queue.is_closed() {
            return false;
        }
        // a server's limits are the server's to know
        let limits = self.limits().of_spans();
        self.is_remote() || limits.iter().flatten().all(|limit| value <= *limit)
    }

    /// A closed gate, or others who wait, say no before the storage is asked.
    fn may_ask(&self, value: u64) -> Result<(), UpdateError> {
        if self.queue.is_closed() {
            return Err(UpdateError::Closed);
        }
        if value > 0 && self.queue.waiting() > 0 {
            let denial = self.queued(value);
            if denial.scope() != Scope::Queue && denial.requested() > denial.limit() {
                return Err(self.too_large(&denial));
            }
            return Err(UpdateError::Queued(denial));
        }
        Ok(())
    }

    /// Asks the remote storage, if it may be asked.
    async fn book(&self, way: Way, value: u64) -> Result<Reading, UpdateError> {
        self.may_ask(value)?;
        match self.call(way, Act::Update { value }).await? {
            Answer::Admitted(reading) => Ok(reading),
            Answer::Denied(denial) => Err(self.refused(denial.named(self.name_number()))),
            _ => Err(StorageError::out_of_place().into()),
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
    pub(super) fn refused(&self, denial: Denial) -> UpdateError {
        if denial.requested() > denial.limit() {
            return self.too_large(&denial);
        }
        match denial.scope() {
            Scope::Frame => UpdateError::FrameLimit(denial),
            Scope::Gate => UpdateError::GateLimit(denial),
            Scope::Queue => UpdateError::Queued(denial),
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
        let ahead = self.queue.due().since(self.now());
        let survey = match &self.backend {
            Backend::Counter(counter) => self.at_present(|now| counter.survey(now, value)).ok(),
            // asking the server would overtake the head
            Backend::Remote { .. } => None,
        };
        let (scope, limit, used, wait) = match survey.map(|(now, survey)| (now, survey.verdict)) {
            Some((now, Verdict::Refused(refusal))) => {
                let denial = denied_at(&refusal, value, now.as_nanos());
                (
                    denial.scope(),
                    denial.limit(),
                    denial.used(),
                    denial.retry_after().max(ahead),
                )
            }
            Some((_, Verdict::Booked(booking))) => {
                let [frame, sum] = booking.used.map(|used| used.saturating_sub(value));
                let (limit, used) = self.tightest(frame, sum);
                (Scope::Queue, limit, used, ahead)
            }
            None => (Scope::Queue, self.tightest(0, 0).0, 0, ahead),
        };
        Denial::new(scope, limit, used, value, wait).named(self.name_number())
    }

    /// The head of the queue asks a window in reach, by a reading of `now` or a newer one; `None`: the storage is remote.
    pub(crate) fn ask_window(
        &self,
        now: Moment,
        value: u64,
    ) -> Option<Result<(Moment, Answer), StorageError>> {
        let Backend::Counter(counter) = &self.backend else {
            return None;
        };
        let booked = self.at_present_from(now, |now| counter.book(now, value));
        Some(booked.map(|(now, verdict)| match verdict {
            Verdict::Booked(booking) => (now, Answer::Admitted(Reading { booking })),
            Verdict::Refused(refusal) => {
                let denial = denied_at(&refusal, value, now.as_nanos());
                (now, Answer::Denied(denial))
            }
        }))
    }
}
