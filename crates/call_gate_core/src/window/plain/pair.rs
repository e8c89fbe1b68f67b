//! Requests and what they cost: two windows that admit together, or book nothing.

use super::super::{Booking, Refunded, Refusal, Ticket, Verdict};
use super::Plain;
use alloc::boxed::Box;
use alloc::vec::Vec;

#[cfg(all(test, not(loom)))]
mod tests;

/// A window of requests, and beside it one of their costs where a limiter has such limits.
#[derive(Debug)]
pub(crate) struct Pair {
    requests: Plain,
    costs: Option<Box<Costs>>,
}

/// The second window, and the latest time that both have seen: a booking's ticket, good for the frames of either.
#[derive(Debug)]
pub(crate) struct Costs {
    window: Plain,
    latest: u64,
}

impl Costs {
    /// `window` was made at `now`, as the window of requests was.
    pub(crate) fn new(window: Plain, now: u64) -> Self {
        Self {
            window,
            latest: now,
        }
    }

    /// The present: a stale reading of the clock is the latest one.
    fn at(&mut self, now: u64) -> u64 {
        self.latest = self.latest.max(now);
        self.latest
    }

    fn ticket(&self, mark: u64) -> Ticket {
        Ticket {
            start: self.latest,
            mark,
        }
    }
}

impl Pair {
    pub(crate) fn new(requests: Plain, costs: Option<Costs>) -> Self {
        Self {
            requests,
            costs: costs.map(Box::new),
        }
    }

    /// The start of the current frame of requests, and the `frames` newest values, newest first.
    pub(crate) fn read(&mut self, now: u64, frames: u64) -> (u64, Vec<u64>) {
        let now = self.costs.as_mut().map_or(now, |costs| costs.at(now));
        self.requests.read(now, frames)
    }

    /// Books `value` and `cost`, or neither.
    pub(crate) fn book(&mut self, now: u64, value: u64, cost: u64) -> Verdict {
        let Some(costs) = &mut self.costs else {
            return self.requests.book(now, value);
        };
        let now = costs.at(now);
        let verdict = both(
            (
                self.requests.machine().judge(now, value),
                self.requests.shape.spans(),
            ),
            costs.window.machine().judge(now, cost),
        );
        let Verdict::Booked(booking) = verdict else {
            return verdict;
        };
        self.requests.machine().add(value);
        costs.window.machine().add(cost);
        Verdict::Booked(Booking {
            ticket: costs.ticket(booking.ticket.mark),
            ..booking
        })
    }

    /// What [`book`](Self::book) would answer; and when nothing counted is left in any span.
    pub(crate) fn survey(&mut self, now: u64, value: u64, cost: u64) -> (Verdict, u64) {
        let Some(costs) = &mut self.costs else {
            return self.requests.survey(now, value);
        };
        let now = costs.at(now);
        let (requests, empty) = self.requests.survey(now, value);
        let (spent, empty_costs) = costs.window.survey(now, cost);
        let verdict = both((requests, self.requests.shape.spans()), spent);
        (verdict, empty.max(empty_costs))
    }

    /// Takes `value` and `cost` back, each as far as its frame is still in a window; expired where neither is.
    pub(crate) fn refund(
        &mut self,
        now: u64,
        value: u64,
        cost: u64,
        ticket: Option<Ticket>,
    ) -> Refunded {
        let Some(costs) = &mut self.costs else {
            return self.requests.refund(now, value, ticket);
        };
        let now = costs.at(now);
        // both are looked at before either is changed
        if let Some((_, booked)) = self.requests.machine().booked(now, ticket)
            && value > booked
        {
            return Refunded::Underflow { booked };
        }
        let spent = costs.window.refund(now, cost, ticket);
        if matches!(spent, Refunded::Underflow { .. }) {
            return spent;
        }
        let returned = self.requests.refund(now, value, ticket);
        match (&returned, &spent) {
            (Refunded::Expired, Refunded::Returned(_)) if cost > 0 => {
                Refunded::Returned(self.requests.machine().booking(0))
            }
            (Refunded::Returned(_), Refunded::Expired) if value == 0 => Refunded::Expired,
            _ => returned,
        }
    }

    /// The limit of each span, and what it holds at `now`; first those of requests.
    pub(crate) fn held(&mut self, now: u64) -> impl Iterator<Item = (Option<u64>, u64)> + '_ {
        let now = self.costs.as_mut().map_or(now, |costs| costs.at(now));
        let costs = self
            .costs
            .iter_mut()
            .flat_map(move |costs| costs.window.held(now));
        self.requests.held(now).chain(costs)
    }

    /// The limits of all spans; first those of requests.
    pub(crate) fn limits(&self) -> impl Iterator<Item = Option<u64>> + '_ {
        let costs = self.costs.iter().flat_map(|costs| costs.window.limits());
        self.requests.limits().chain(costs)
    }

    /// Puts the limit that `limit` says, of the old one and the span's index, in force for each span.
    pub(crate) fn set_limits(&mut self, limit: impl Fn(Option<u64>, usize) -> Option<u64>) {
        self.requests.set_limits(&limit);
        let spans = self.requests.shape.spans();
        if let Some(costs) = &mut self.costs {
            costs
                .window
                .set_limits(|old, index| limit(old, spans + index));
        }
    }

    pub(crate) fn clear(&mut self) {
        self.requests.clear();
        if let Some(costs) = &mut self.costs {
            costs.window.clear();
        }
    }
}

/// What two windows say together; the second one's spans come after the first one's.
fn both((requests, spans): (Verdict, usize), costs: Verdict) -> Verdict {
    match (requests, costs) {
        (Verdict::Refused(first), Verdict::Refused(second)) => Verdict::Refused(Refusal {
            retry_at: first.retry_at.max(second.retry_at),
            ..first
        }),
        (Verdict::Booked(_), Verdict::Refused(second)) => Verdict::Refused(Refusal {
            span: spans + second.span,
            ..second
        }),
        (requests, Verdict::Booked(_)) => requests,
    }
}
