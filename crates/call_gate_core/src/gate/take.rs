//! What a limiter asks beside its windows: the places of its permits, the costs of its requests.

use super::Inner;
use super::inner::Backend;
use super::permits::{IfFull, Places};
use super::way::Way;
use crate::demand::Demand;
use crate::denial::{Denial, Scope};
use crate::error::{ConfigError, ConfigErrorKind, StorageError, UpdateError};
use crate::reading::Reading;
use crate::storage::{Act, Answer, Held, Kind};
use crate::window::{Fast, Refunded, Verdict};
use std::time::Duration;

impl Inner {
    /// The reading of a booking by the fast path, its places taken; `None`: that says nothing, nothing is booked.
    #[inline(always)]
    pub(super) fn take_fast(&self, demand: Demand) -> Option<Reading> {
        let Some(permits) = &self.permits else {
            // a window in reach of the fast path has no costs
            return self.try_fast(demand.value());
        };
        if self.window().is_none() || self.queue.width() == 0 {
            return None;
        }
        let hold = permits.hold(demand.value(), &self.queue, IfFull::Go).ok()?;
        let reading = self.try_fast(demand.value())?;
        hold.keep();
        Some(reading)
    }

    /// Books `demand` and takes its places, or says why not.
    pub(super) fn try_take(&self, demand: Demand) -> Result<Reading, UpdateError> {
        if self.window().is_none() || self.queue.width() == 0 {
            return self.try_slowly(demand);
        }
        let hold = match &self.permits {
            None => None,
            Some(permits) => match permits.hold(demand.value(), &self.queue, IfFull::Go) {
                Ok(hold) => Some(hold),
                // who waits comes before who finds no place
                Err(places) if places.is_settled() && self.queue.width() != 0 => {
                    return Err(self.refused(self.no_place(demand, places)));
                }
                Err(_) => return self.try_slowly(demand),
            },
        };
        let (fast, early) = self.fast(demand.value());
        let booking = match fast {
            Fast::Booked(booking) => booking,
            Fast::Unsure(booking, plan) => self.confirmed(plan, booking).booking,
            Fast::Refused(refusal) => {
                drop(hold);
                let now = crate::clock::Moment::from_nanos(early);
                return Err(self.refused(self.denial(&refusal, demand, now)));
            }
            Fast::Slow => {
                drop(hold);
                return self.try_slowly(demand);
            }
        };
        if let Some(hold) = hold {
            hold.keep();
        }
        Ok(Reading { booking })
    }

    /// Books `demand` for a permit that is out already: it takes no place, and is not behind those who wait for one.
    pub(super) async fn take_more(&self, way: Way, demand: Demand) -> Result<(), UpdateError> {
        if self.queue.is_closed() {
            return Err(UpdateError::Closed);
        }
        let reading = match &self.backend {
            Backend::Counter(counter) => self.book_in(counter, demand),
            Backend::Remote { .. } => self.booked(&self.call(way, self.act_for(demand)).await?),
        };
        reading.map(drop)
    }

    /// The act that books `demand`.
    pub(super) fn act_for(&self, demand: Demand) -> Act {
        if self.has_costs() {
            Act::Take(demand)
        } else {
            let value = demand.value();
            Act::Update { value }
        }
    }

    /// Takes `demand`, or a part of it, back out of where `reading` says that it was booked.
    pub(super) async fn take_back(
        &self,
        way: Way,
        demand: Demand,
        reading: &Reading,
    ) -> Result<Refunded, UpdateError> {
        if !self.is_remote() || !self.has_costs() {
            let ticket = Some(reading.booking.ticket);
            return self.refund(way, demand, ticket).await;
        }
        if self.queue.is_closed() {
            return Err(UpdateError::Closed);
        }
        let _nudge = self.queue.nudge_after();
        let (booked, cost_booked) = reading.booked();
        let act = Act::GiveBack {
            demand,
            booked,
            cost_booked,
        };
        self.give_back(way, act).await
    }

    /// Gives back the places of a permit.
    #[inline(always)]
    pub(super) fn release(&self, places: u64) {
        if places > 0
            && let Some(permits) = &self.permits
            && permits.release(places)
        {
            self.queue.nudge();
        }
    }

    /// The denial for want of a place.
    pub(super) fn no_place(&self, demand: Demand, places: Places) -> Denial {
        let (most, out) = (places.most, places.out);
        let denial = Denial::new(Scope::Burst, most, out, demand.value(), Duration::ZERO);
        self.never_or(denial.named(self.name_number()), demand)
    }

    /// The denial by a limiter's window that `demand` is above the limit of, which no wait can help; else `denial`.
    pub(super) fn never_or(&self, denial: Denial, demand: Demand) -> Denial {
        // no limit is under 1
        let small = demand.value() <= 1 && demand.cost() == 0;
        if self.spans == Kind::Gate || small || denial.requested() > denial.limit() {
            return denial;
        }
        let Backend::Counter(counter) = &self.backend else {
            // a server says so itself
            return denial;
        };
        let never = counter.never_free(|index| self.spans.asked(index, demand));
        never.map_or(denial, |(index, limit)| {
            let asked = self.spans.asked(index, demand);
            let never = self.spans.denial(index, (limit, 0), asked, Duration::ZERO);
            never.named(self.name_number())
        })
    }

    /// Whether a second counter counts costs.
    pub(super) fn has_costs(&self) -> bool {
        matches!(self.spans, Kind::Limiter { costs: true, .. })
    }

    /// How long until a request that weighs 1 is admitted, if nobody else asks; `None`: now.
    pub(super) async fn wait_time(&self, way: Way) -> Result<Option<Duration>, StorageError> {
        let one = Demand::new(1);
        if self.queue.is_closed() {
            return Ok(Some(Duration::MAX));
        }
        if self.queue.waiting() > 0 {
            return Ok(Some(self.queued(one).retry_after()));
        }
        let wait = match &self.backend {
            Backend::Counter(counter) => {
                let (now, survey) = self.at_present(|now| counter.survey(now, one))?;
                match survey.verdict {
                    Verdict::Booked(_) => None,
                    Verdict::Refused(refusal) => {
                        Some(self.denial(&refusal, one, now).retry_after())
                    }
                }
            }
            Backend::Remote { .. } => match self.call(way, Act::Peek { value: 1 }).await? {
                Answer::Decided(_, denial) => denial.map(|denial| denial.retry_after()),
                _ => return Err(StorageError::out_of_place()),
            },
        };
        let places = self.permits.as_ref().map(|permits| permits.places());
        let is_full = places.is_some_and(|places| places.out >= places.most);
        Ok(wait.or_else(|| is_full.then_some(Duration::ZERO)))
    }

    /// What every span holds, those of costs after the others.
    pub(super) async fn held(&self, way: Way) -> Result<Vec<Held>, StorageError> {
        match &self.backend {
            Backend::Counter(counter) => Ok(self.at_present(|now| counter.held(now))?.1),
            Backend::Remote { .. } => match self.call(way, Act::Spans).await? {
                Answer::Spans(spans) => Ok(spans),
                _ => Err(StorageError::out_of_place()),
            },
        }
    }

    /// Puts the limit of span `index` in force.
    pub(super) async fn set_span(
        &self,
        way: Way,
        index: usize,
        limit: u64,
    ) -> Result<(), ConfigError> {
        let wrong = |rule: std::fmt::Arguments<'_>| {
            Err(ConfigError::new(
                ConfigErrorKind::Limits,
                format_args!("a limit of {limit} must {rule}"),
            ))
        };
        if limit == 0 {
            return wrong(format_args!("be at least 1"));
        }
        let largest = self.labels.as_ref().and_then(|labels| labels.largest);
        if let Some(largest) = largest.filter(|largest| limit > *largest) {
            return wrong(format_args!(
                "not be above the limiter's limits_up_to({largest})"
            ));
        }
        let _nudge = self.queue.nudge_after();
        match &self.backend {
            Backend::Counter(counter) => counter.set_span(index, limit),
            Backend::Remote { remote, .. } => {
                let most = remote.largest_limit();
                if limit > most {
                    return wrong(format_args!(
                        "not be above {most}, the most that the storage counts up to"
                    ));
                }
                match self.call(way, Act::SetSpan { index, limit }).await? {
                    Answer::Done => Ok(()),
                    _ => Err(StorageError::out_of_place().into()),
                }
            }
        }
    }
}
