//! Requests in order of arrival.

use super::seat::{Called, Seat};
use std::collections::VecDeque;
use std::sync::Arc;

/// The most groups of one call: what waits behind them goes with the next, so that no call holds the server for long.
const MOST_GROUPS: usize = 512;

/// Those who wait, and those who left since and have not been swept out.
#[derive(Debug, Default)]
pub(super) struct Queue {
    seats: VecDeque<Arc<Seat>>,
    left: usize,
}

impl Queue {
    pub(super) fn push(&mut self, seat: Arc<Seat>) {
        self.seats.push_back(seat);
    }

    /// Notes that a queued one left. They are swept out once they are half of all: so the queue is never more than
    /// twice as long as what waits, and to leave costs no more than to come.
    pub(super) fn one_left(&mut self) {
        self.left += 1;
        if self.left * 2 > self.seats.len() {
            self.seats.retain(|seat| seat.waits());
            self.left = 0;
        }
    }

    /// Moves those who wait behind `aboard`, as many as one call carries. It ends because each turn takes one out.
    pub(super) fn board(&mut self, aboard: &mut Vec<Arc<Seat>>) {
        let mut groups = 0;
        let mut last = None;
        for seat in &*aboard {
            groups += usize::from(last != Some(seat.value()));
            last = Some(seat.value());
        }
        while let Some(seat) = self.seats.front() {
            let another = last != Some(seat.value());
            if another && groups == MOST_GROUPS {
                return;
            }
            if let Some(seat) = self.seats.pop_front() {
                if seat.board() {
                    groups += usize::from(another);
                    last = Some(seat.value());
                    aboard.push(seat);
                } else {
                    self.left = self.left.saturating_sub(1);
                }
            }
        }
    }

    /// Calls the one who waits longest from now on to send the next call; `None`: nobody waits.
    ///
    /// So who sends it has the time that any of those has whom it carries. It keeps its place. This ends because whoever
    /// goes in the meantime queues no more.
    pub(super) fn call(&mut self) -> Option<Called> {
        loop {
            let queued = self.seats.iter().filter(|seat| seat.is_queued());
            let last = queued.max_by_key(|seat| seat.until())?;
            if let Some(called) = last.call() {
                return Some(called);
            }
        }
    }

    /// How long it is, with those who left and are not swept out.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.seats.iter().filter(|seat| seat.is_queued()).count()
    }

    /// All that are in it.
    #[cfg(feature = "tokio")]
    pub(super) fn into_seats(self) -> VecDeque<Arc<Seat>> {
        self.seats
    }
}
