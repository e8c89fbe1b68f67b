//! The queue of blocked threads: who has sent a call hands the sending on to one that waits.

use super::queue::Queue;
use super::seat::{Found, Leaving, Seat};
use super::told::Told;
use super::{Desk, Teller, lock, lost};
use call_gate_core::StorageError;
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

/// The threads that wait for a call of one gate.
#[derive(Debug, Default)]
pub(super) struct Threads {
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    /// Whether some thread has the turn: it sends a call, or was called to.
    busy: bool,
    queue: Queue,
}

/// The turn of a thread; dropped, even by a panic, it goes to one that waits.
struct Turn<'a>(&'a Threads);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = lock(&self.0.line);
        let called = line.queue.call();
        line.busy = called.is_some();
        drop(line);
        if let Some(called) = called {
            called.wake();
        }
    }
}

impl Threads {
    /// The turn if nobody has it, or else a place in the queue.
    fn enter(&self, value: u64, until: Instant) -> Result<Turn<'_>, Arc<Seat>> {
        let mut line = lock(&self.line);
        if !line.busy {
            line.busy = true;
            return Ok(Turn(self));
        }
        let seat = Arc::new(Seat::new(value, until));
        line.queue.push(Arc::clone(&seat));
        Err(seat)
    }

    /// How many queue, or did and are not swept out.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        lock(&self.line).queue.len()
    }

    /// How many queue.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        lock(&self.line).queue.waiting()
    }

    /// Gives up a seat whose time is up.
    fn leave(&self, seat: &Seat) -> Result<Told, StorageError> {
        // under the lock, so that whoever sends counts as left who left
        let mut line = lock(&self.line);
        let leaving = seat.leave();
        if matches!(leaving, Leaving::Queued | Leaving::Called) {
            line.queue.one_left();
        }
        drop(line);
        match leaving {
            Leaving::Told(outcome) => outcome,
            Leaving::Sent => Err(lost::late()),
            Leaving::Queued => Err(lost::not_sent()),
            Leaving::Called => {
                drop(Turn(self));
                Err(lost::not_sent())
            }
        }
    }
}

impl<T: Teller> Desk<T> {
    /// Sends a call for `value` at once if none is in flight, or else waits for one that carries it.
    pub(super) fn update_together(&self, value: u64, until: Instant) -> Result<Told, StorageError> {
        match self.threads.enter(value, until) {
            Ok(_turn) => self.alone(value, until),
            Err(seat) => self.wait(&seat),
        }
    }

    /// Parks until it is told, or called, or its time is up. It ends because each turn does one of these or parks until
    /// that time; a wake-up that nobody sent only turns once more.
    fn wait(&self, seat: &Arc<Seat>) -> Result<Told, StorageError> {
        let waker = waker();
        loop {
            match seat.find(&waker) {
                Found::Told(outcome) => return outcome,
                Found::YourTurn => return self.lead(seat),
                Found::Waiting => {}
            }
            let left = seat.until().saturating_duration_since(Instant::now());
            if left.is_zero() {
                return self.threads.leave(seat);
            }
            thread::park_timeout(left);
        }
    }

    /// Sends one call for all that wait; another if there were too many before it.
    ///
    /// It ends because each turn takes some out of the queue, and not later than its own time, whoever else is aboard.
    fn lead(&self, seat: &Arc<Seat>) -> Result<Told, StorageError> {
        let mut turn = Some(Turn(&self.threads));
        while turn.is_some() {
            let mut seats = Vec::new();
            lock(&self.threads.line).queue.board(&mut seats);
            let own = seats.iter().any(|aboard| Arc::ptr_eq(aboard, seat));
            let last = own || seats.is_empty();
            let aboard = self.sift(seats);
            let Some(until) = aboard.until() else {
                turn = turn.filter(|_| !last);
                continue;
            };
            let (batch, stamp) = self.depart(aboard.groups());
            let answer = self.teller.book(&batch, until.min(seat.until()));
            // the next call leaves before the answers are handed out
            turn = turn.filter(|_| !last);
            self.deliver(&aboard, &batch.groups, stamp, answer);
        }
        match seat.leave() {
            Leaving::Told(outcome) => outcome,
            Leaving::Sent => Err(lost::unknown()),
            Leaving::Queued | Leaving::Called => Err(lost::not_sent()),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    static WAKER: Waker = Waker::from(Arc::new(Unpark(thread::current())));
}

/// What unparks this thread.
fn waker() -> Waker {
    // a thread that is being torn down has no locals left
    WAKER
        .try_with(Clone::clone)
        .unwrap_or_else(|_| Waker::from(Arc::new(Unpark(thread::current()))))
}
