//! Refunds, live limits and clears; each may make room for who waits.
//!
//! Whoever waits is nudged however they end: a remote storage may have done what its caller no longer awaits.

use super::Inner;
use super::inner::Backend;
use super::way::Way;
use crate::clock::Moment;
use crate::demand::Demand;
use crate::error::{ConfigError, StorageError, Underflow, UpdateError};
use crate::limits::Limits;
use crate::reading::Reading;
use crate::storage::{Act, Answer, Booked};
use crate::window::{Refunded, Ticket};

impl Inner {
    pub(super) async fn refund_frame(&self, way: Way, value: u64) -> Result<Reading, UpdateError> {
        match self.refund(way, Demand::new(value), None).await? {
            Refunded::Returned(booking) => Ok(Reading { booking }),
            Refunded::Underflow { booked } => Err(UpdateError::Underflow(Underflow {
                requested: value,
                booked,
            })),
            // only a ticket expires
            Refunded::Expired => Err(StorageError::out_of_place().into()),
        }
    }

    pub(super) async fn refund(
        &self,
        way: Way,
        demand: Demand,
        ticket: Option<Ticket>,
    ) -> Result<Refunded, UpdateError> {
        if self.queue.is_closed() {
            return Err(UpdateError::Closed);
        }
        let _nudge = self.queue.nudge_after();
        match &self.backend {
            Backend::Counter(counter) => Ok(self
                .at_present(|now| counter.refund(now, demand, ticket))?
                .1),
            Backend::Remote { .. } => {
                let booked =
                    ticket.map(|ticket| Booked::new(Moment::from_nanos(ticket.start), ticket.mark));
                let value = demand.value();
                self.give_back(way, Act::Refund { value, booked }).await
            }
        }
    }

    /// Has the remote storage take something back by `act`.
    pub(super) async fn give_back(&self, way: Way, act: Act) -> Result<Refunded, UpdateError> {
        match self.call(way, act).await? {
            Answer::Returned(reading) => Ok(Refunded::Returned(reading.booking)),
            Answer::Expired => Ok(Refunded::Expired),
            Answer::Underflow(booked) => Ok(Refunded::Underflow { booked }),
            _ => Err(StorageError::out_of_place().into()),
        }
    }

    pub(super) async fn set_limits(&self, way: Way, new: Limits) -> Result<(), ConfigError> {
        new.check()?;
        new.check_up_to(self.labels.as_ref().and_then(|labels| labels.largest))?;
        let _nudge = self.queue.nudge_after();
        match &self.backend {
            Backend::Counter(counter) => counter.set_limits(new)?,
            Backend::Remote { remote, .. } => {
                new.check_countable(remote.largest_limit())?;
                match self.call(way, Act::SetLimits(new)).await? {
                    Answer::Done => {}
                    _ => return Err(StorageError::out_of_place().into()),
                }
            }
        }
        Ok(())
    }

    pub(super) async fn clear(&self, way: Way) -> Result<(), StorageError> {
        let _nudge = self.queue.nudge_after();
        match &self.backend {
            Backend::Counter(counter) => counter.clear()?,
            Backend::Remote { .. } => match self.call(way, Act::Clear).await? {
                Answer::Done => {}
                _ => return Err(StorageError::out_of_place()),
            },
        }
        Ok(())
    }
}
