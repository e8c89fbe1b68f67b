//! The desk that the updates of one gate of this process pass: those that come at once share a call, and some are
//! answered without one.

#[cfg(test)]
mod fake;
mod lease;
mod lost;
mod purse;
mod queue;
mod seat;
#[cfg(feature = "tokio")]
mod tasks;
#[cfg(test)]
mod tests;
mod threads;
mod told;

pub use lease::Lease;
pub(crate) use told::Told;

use crate::protocol::{Batch, Booked, Group};
use call_gate_core::{BoxFuture, StorageError};
use purse::{Purse, Stamp};
use seat::Seat;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The server as a desk sees it.
pub(crate) trait Teller: Debug + Send + Sync + 'static {
    /// Has `batch` judged and booked, and blocks the thread for the answer, no longer than `until`.
    fn book(&self, batch: &Batch, until: Instant) -> Result<Booked, StorageError>;

    /// The same without blocking the thread.
    fn book_async(
        self: Arc<Self>,
        batch: Batch,
        until: Instant,
    ) -> BoxFuture<'static, Result<Booked, StorageError>>;

    /// How long one call may take.
    fn patience(&self) -> Duration;

    /// How long a frame of the gate is.
    fn frame(&self) -> Duration;

    /// The clock that leases are kept by; tests have others.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// Where the updates of one gate pass.
///
/// # Coalescing
/// While a call is in flight, requests queue in order of arrival, and the next call carries all that wait. The script
/// judges each value as if it had come alone, so this is exact. Who comes while nothing is in flight sends at once.
/// Threads have one queue, and the tasks of each runtime have one: what one of them cannot do does not fail the others.
///
/// A request that is given up while it queues was never sent, and books nothing. One that is given up in flight counts
/// as booked.
///
/// # Leases
/// Values that the [`Purse`] can answer for do not queue, so they may overtake those that do.
#[derive(Debug)]
pub(crate) struct Desk<T> {
    teller: Arc<T>,
    coalesce: bool,
    purse: Option<Purse>,
    threads: threads::Threads,
    #[cfg(feature = "tokio")]
    tasks: tasks::Tasks,
}

impl<T: Teller> Desk<T> {
    /// A desk before `teller`.
    pub(crate) fn new(teller: Arc<T>, coalesce: bool, lease: Option<Lease>) -> Self {
        let purse = lease.map(|lease| Purse::new(lease, teller.frame()));
        Self {
            teller,
            coalesce,
            purse,
            threads: threads::Threads::default(),
            #[cfg(feature = "tokio")]
            tasks: tasks::Tasks::default(),
        }
    }

    /// Books `value`, and blocks the thread for the answer, no longer than `until`.
    pub(crate) fn update(&self, value: u64, until: Instant) -> Result<Told, StorageError> {
        match self.at_hand(value) {
            Some(told) => Ok(told),
            None if self.coalesce => self.update_together(value, until),
            None => self.alone(value, until),
        }
    }

    /// The same without blocking the thread.
    ///
    /// Dropped after its first poll, it may have booked all the same.
    pub(crate) async fn update_async(
        self: &Arc<Self>,
        value: u64,
        until: Instant,
    ) -> Result<Told, StorageError> {
        if let Some(told) = self.at_hand(value) {
            return Ok(told);
        }
        #[cfg(feature = "tokio")]
        if self.coalesce {
            return self.update_with_others(value, until).await;
        }
        self.alone_async(value, until).await
    }

    /// Voids denials that are remembered: this process took something back.
    ///
    /// Called when that is done; a denial that is still on its way may be older, and will not be remembered either.
    pub(crate) fn forget(&self) {
        if let Some(purse) = &self.purse {
            purse.forget();
        }
    }

    /// Voids leases too, with those that are on their way: this process cleared the gate, and they are booked no more, or
    /// set limits, under which they were not granted.
    pub(crate) fn cleared(&self) {
        if let Some(purse) = &self.purse {
            purse.cleared();
        }
    }

    /// What can be told without asking the server.
    pub(crate) fn at_hand(&self, value: u64) -> Option<Told> {
        let purse = self.purse.as_ref()?;
        purse.ask(value, || self.teller.now())
    }

    /// A call for `value` and nobody else.
    fn alone(&self, value: u64, until: Instant) -> Result<Told, StorageError> {
        let (batch, stamp) = self.depart(vec![Group { value, count: 1 }]);
        let answer = self.teller.book(&batch, until);
        self.only(&batch.groups, stamp, answer)
    }

    async fn alone_async(&self, value: u64, until: Instant) -> Result<Told, StorageError> {
        let groups = vec![Group { value, count: 1 }];
        let (batch, stamp) = self.depart(groups.clone());
        let answer = Arc::clone(&self.teller).book_async(batch, until).await;
        self.only(&groups, stamp, answer)
    }

    fn only(
        &self,
        groups: &[Group],
        stamp: Option<Stamp>,
        answer: Result<Booked, StorageError>,
    ) -> Result<Told, StorageError> {
        let booked = self.arrive(groups, stamp, answer)?;
        let mut only = None;
        told::each(groups, &booked, |told| only = Some(told));
        only.ok_or_else(told::out_of_place)
    }

    /// A batch that is to be sent now, asking for a lease if one would be spent.
    fn depart(&self, groups: Vec<Group>) -> (Batch, Option<Stamp>) {
        let Some(purse) = &self.purse else {
            let batch = Batch {
                groups,
                lease: None,
            };
            return (batch, None);
        };
        // read before anything of it is sent: no server has judged it yet
        let (stamp, lease) = purse.depart(self.teller.now(), self.teller.patience());
        (Batch { groups, lease }, Some(stamp))
    }

    /// The answer if it belongs to what was asked; what it leases and denies is remembered.
    fn arrive(
        &self,
        groups: &[Group],
        stamp: Option<Stamp>,
        answer: Result<Booked, StorageError>,
    ) -> Result<Booked, StorageError> {
        let answer = answer.and_then(|booked| told::checked(groups, booked));
        if let (Some(purse), Some(stamp)) = (&self.purse, stamp) {
            match &answer {
                Ok(booked) => purse.arrive(&stamp, groups, booked, self.teller.now()),
                Err(_) => purse.failed(&stamp),
            }
        }
        answer
    }

    /// Tells those whose time is up and those who need no call any more; the others are to be sent.
    fn sift(&self, mut seats: Vec<Arc<Seat>>) -> Aboard {
        let now = Instant::now();
        seats.retain(|seat| {
            if let Some(told) = self.at_hand_now(seat.value()) {
                seat.tell(Ok(told));
                return false;
            }
            if seat.until() <= now {
                seat.tell(Err(lost::not_sent()));
                return false;
            }
            true
        });
        Aboard(seats)
    }

    /// [`at_hand`](Self::at_hand) for one that was counted when it came.
    fn at_hand_now(&self, value: u64) -> Option<Told> {
        let purse = self.purse.as_ref()?;
        purse.ask_again(value, || self.teller.now())
    }

    /// Tells each of `aboard` what became of it.
    fn deliver(
        &self,
        aboard: &Aboard,
        groups: &[Group],
        stamp: Option<Stamp>,
        answer: Result<Booked, StorageError>,
    ) {
        match self.arrive(groups, stamp, answer) {
            Ok(booked) => {
                let mut seats = aboard.0.iter();
                told::each(groups, &booked, |told| {
                    if let Some(seat) = seats.next() {
                        seat.tell(Ok(told));
                    }
                });
            }
            Err(error) => lost::to_all(error, &aboard.0),
        }
    }
}

/// Those whom one call carries. Dropped without an answer, it tells them that their outcome is unknown.
#[derive(Debug)]
struct Aboard(Vec<Arc<Seat>>);

impl Aboard {
    /// When the last of them no longer waits.
    fn until(&self) -> Option<Instant> {
        self.0.iter().map(|seat| seat.until()).max()
    }

    /// What they ask, in order.
    fn groups(&self) -> Vec<Group> {
        told::groups(self.0.iter().map(|seat| seat.value()))
    }
}

impl Drop for Aboard {
    fn drop(&mut self) {
        for seat in &self.0 {
            seat.give_up(lost::unknown);
        }
    }
}

/// The lock, whoever panicked while holding it: nothing that is kept under one is left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
