//! The way of an update: the fast path, and every case that it leaves.
// long file: one way from the first look to the error, for gates and limiters alike

use super::inner::{Backend, Time};
use super::permits::{Hold, IfFull};
use super::way::{Way, at_once};
use super::{Inner, Wait};
use crate::clock::Moment;
use crate::demand::Demand;
use crate::denial::{Denial, Scope};
use crate::error::{StorageError, TooLarge, UpdateError};
use crate::queue::{self, Waiter};
use crate::reading::Reading;
use crate::storage::{Answer, Counter, Kind, Placement};
use crate::window::{Booking, Fast, Refusal, Verdict, Window};
use std::time::Duration;

impl Inner {
    #[inline(always)]
    pub(super) fn try_update(&self, value: u64) -> Result<Reading, UpdateError> {
        match self.fast(value) {
            (Fast::Booked(booking), _) => Ok(Reading { booking }),
            (Fast::Refused(refusal), early) => self.denied(&refusal, value, early),
            (Fast::Unsure(booking, plan), _) => Ok(self.confirmed(plan, booking)),
            (Fast::Slow, _) => self.try_slowly(Demand::new(value)),
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
    pub(super) fn fast(&self, value: u64) -> (Fast, u64) {
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
    pub(super) fn confirmed(&self, plan: u64, booking: Booking) -> Reading {
        let booking = match self.window() {
            Some(window) => window.packed().confirmed(plan, booking),
            None => booking,
        };
        Reading { booking }
    }

    /// The lock-free window, if that is what counts.
    #[inline(always)]
    pub(super) fn window(&self) -> Option<&Window> {
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
    pub(super) fn try_slowly(&self, demand: Demand) -> Result<Reading, UpdateError> {
        let Backend::Counter(counter) = &self.backend else {
            return at_once(self.book(Way::Blocking, demand));
        };
        self.may_ask(demand)?;
        let hold = self.hold_or_deny(counter, demand)?;
        let reading = self.book_in(counter, demand)?;
        keep(hold);
        Ok(reading)
    }

    /// Books `demand` in a window in reach, whoever waits and whatever permits are out.
    pub(super) fn book_in(
        &self,
        counter: &Counter,
        demand: Demand,
    ) -> Result<Reading, UpdateError> {
        match self.at_present(|now| counter.book(now, demand))? {
            (_, Verdict::Booked(booking)) => Ok(Reading { booking }),
            (now, Verdict::Refused(refusal)) => {
                Err(self.refused(self.denial(&refusal, demand, now)))
            }
        }
    }

    /// As [`try_update`](Self::try_update), with a choice of the way.
    pub(super) async fn try_on(&self, way: Way, value: u64) -> Result<Reading, UpdateError> {
        if self.is_remote() {
            return self.book(way, Demand::new(value)).await;
        }
        self.try_update(value)
    }

    /// Books `demand` on this thread, waiting its turn as long as `wait` says.
    #[cold]
    #[inline(never)]
    pub(super) fn wait_for(&self, demand: Demand, wait: Wait) -> Result<Reading, UpdateError> {
        // its time runs from here, also while a remote storage answers
        let waiter = Waiter::new(self, demand, wait);
        if self.must_wait(demand) {
            return queue::block_on(waiter);
        }
        let tried = match self.spans {
            Kind::Gate => self.try_update(demand.value()),
            Kind::Limiter { .. } => self.try_take(demand),
        };
        match tried {
            Err(error) if error.may_pass_later() => queue::block_on(waiter),
            outcome => outcome,
        }
    }

    /// Whether a request that may wait has to: others do, and it is not above a limit, which waiting could not help.
    pub(super) fn must_wait(&self, demand: Demand) -> bool {
        if demand == Demand::new(0) || self.queue.waiting() == 0 || self.queue.is_closed() {
            return false;
        }
        let permits = self.permits.as_ref();
        if permits.is_some_and(|permits| demand.value() > permits.places().most) {
            return false;
        }
        match &self.backend {
            Backend::Counter(counter) => {
                counter.is_ever_free(|index| self.spans.asked(index, demand))
            }
            // a server's limits are the server's to know
            Backend::Remote { .. } => true,
        }
    }

    /// A closed gate, or others who wait, say no before the storage is asked; `queued` is how they say it.
    fn may_ask(&self, demand: Demand) -> Result<(), UpdateError> {
        if self.queue.is_closed() {
            return Err(UpdateError::Closed);
        }
        if demand != Demand::new(0) && self.queue.waiting() > 0 {
            let denial = self.queued(demand);
            if denial.scope() != Scope::Queue && denial.requested() > denial.limit() {
                return Err(self.too_large(&denial));
            }
            return Err(UpdateError::Queued(denial));
        }
        Ok(())
    }

    /// Asks the remote storage, if it may be asked.
    pub(super) async fn book(&self, way: Way, demand: Demand) -> Result<Reading, UpdateError> {
        self.may_ask(demand)?;
        self.booked(&self.ask_remote(way, demand, IfFull::Go).await?)
    }

    /// What a remote storage answered to a booking.
    pub(super) fn booked(&self, answer: &Answer) -> Result<Reading, UpdateError> {
        match *answer {
            Answer::Admitted(reading) => Ok(reading),
            Answer::Denied(denial) => Err(self.refused(denial.named(self.name_number()))),
            _ => Err(StorageError::out_of_place().into()),
        }
    }

    /// Asks the remote storage for `demand`, with the places of its permit held meanwhile.
    pub(crate) async fn ask_remote(
        &self,
        way: Way,
        demand: Demand,
        if_full: IfFull,
    ) -> Result<Answer, StorageError> {
        let hold = match self.hold(demand, if_full) {
            Ok(hold) => hold,
            Err(denial) => return Ok(Answer::Denied(denial)),
        };
        let answer = self.call(way, self.act_for(demand)).await?;
        if matches!(answer, Answer::Admitted(_)) {
            keep(hold);
        }
        Ok(answer)
    }

    /// The places of a permit for `demand`, or an error that is true.
    ///
    /// While others are being judged, places may only seem to be taken. A
    /// window that has no room says no whatever becomes of them; only where
    /// it has, is the word looked at again. Those who are judged then have
    /// room as well, and are soon out for good.
    fn hold_or_deny(
        &self,
        counter: &Counter,
        demand: Demand,
    ) -> Result<Option<Hold<'_>>, UpdateError> {
        let Some(permits) = &self.permits else {
            return Ok(None);
        };
        match permits.hold(demand.value(), &self.queue, IfFull::Go) {
            Ok(hold) => return Ok(Some(hold)),
            Err(places) if places.is_settled() || demand.value() > places.most => {}
            Err(_) => {
                let (now, survey) = self.at_present(|now| counter.survey(now, demand))?;
                if let Verdict::Refused(refusal) = survey.verdict {
                    return Err(self.refused(self.denial(&refusal, demand, now)));
                }
            }
        }
        let hold = self.hold(demand, IfFull::LookAgain);
        hold.map_err(|denial| self.refused(denial))
    }

    /// The places of a permit for `demand`, or why there are none.
    fn hold(&self, demand: Demand, if_full: IfFull) -> Result<Option<Hold<'_>>, Denial> {
        let Some(permits) = &self.permits else {
            return Ok(None);
        };
        let hold = permits.hold(demand.value(), &self.queue, if_full);
        hold.map(Some)
            .map_err(|places| self.no_place(demand, places))
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
                window: None,
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

    /// A window's refusal of `demand` at `now` as a denial.
    pub(super) fn denial(&self, refusal: &Refusal, demand: Demand, now: Moment) -> Denial {
        let wait = Duration::from_nanos(refusal.retry_at.saturating_sub(now.as_nanos()));
        let asked = self.spans.asked(refusal.span, demand);
        let held = (refusal.limit, refusal.used);
        let denial = self.spans.denial(refusal.span, held, asked, wait);
        self.never_or(denial.named(self.name_number()), demand)
    }

    /// A denial as the error that it is.
    pub(super) fn refused(&self, denial: Denial) -> UpdateError {
        if denial.requested() > denial.limit() {
            return self.too_large(&denial);
        }
        match denial.scope() {
            Scope::Frame => UpdateError::FrameLimit(denial),
            Scope::Gate => UpdateError::GateLimit(denial),
            Scope::Queue => UpdateError::Queued(denial),
            Scope::Burst => UpdateError::BurstLimit(denial),
            Scope::Window | Scope::Cost => UpdateError::WindowLimit(denial),
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
            window: denial.window(),
        })
    }

    /// The denial for `demand` behind others: a limit's own if there is no room either.
    pub(crate) fn queued(&self, demand: Demand) -> Denial {
        if let Some(permits) = &self.permits {
            let places = permits.places();
            if demand.value() > places.most {
                return self.no_place(demand, places);
            }
        }
        let ahead = self.queue.due().since(self.now());
        let survey = match &self.backend {
            Backend::Counter(counter) => self.at_present(|now| counter.survey(now, demand)).ok(),
            // asking the server would overtake the head
            Backend::Remote { .. } => None,
        };
        let verdict = survey.map(|(now, survey)| (now, survey.verdict));
        if let Some((now, Verdict::Refused(refusal))) = verdict {
            let denial = self.denial(&refusal, demand, now);
            return denial.after(denial.retry_after().max(ahead));
        }
        let (limit, used) = match verdict {
            Some((_, Verdict::Booked(booking))) if self.spans == Kind::Gate => {
                let value = demand.value();
                let [frame, sum] = booking.used.map(|used| used.saturating_sub(value));
                self.tightest(frame, sum)
            }
            None if self.spans == Kind::Gate => (self.tightest(0, 0).0, 0),
            _ => self.tightest_window(),
        };
        let denial = Denial::new(Scope::Queue, limit, used, demand.value(), ahead);
        denial.named(self.name_number())
    }

    /// The head of the queue asks a window in reach, by a reading of `now` or a newer one; `None`: the storage is remote.
    pub(crate) fn ask_window(
        &self,
        now: Moment,
        demand: Demand,
    ) -> Option<Result<(Moment, Answer), StorageError>> {
        let Backend::Counter(counter) = &self.backend else {
            return None;
        };
        let hold = match self.hold(demand, IfFull::Want) {
            Ok(hold) => hold,
            Err(denial) => return Some(Ok((now, Answer::Denied(denial)))),
        };
        let booked = self.at_present_from(now, |now| counter.book(now, demand));
        Some(booked.map(|(now, verdict)| match verdict {
            Verdict::Booked(booking) => {
                keep(hold);
                (now, Answer::Admitted(Reading { booking }))
            }
            Verdict::Refused(refusal) => {
                let denial = self.denial(&refusal, demand, now);
                (now, Answer::Denied(denial))
            }
        }))
    }
}

/// What was judged is admitted.
fn keep(hold: Option<Hold<'_>>) {
    if let Some(hold) = hold {
        hold.keep();
    }
}
