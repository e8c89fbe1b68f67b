//! One request in a queue, between the one who waits for it and the one who sends it.

use super::lock;
use super::told::Told;
use call_gate_core::StorageError;
use std::mem;
use std::sync::Mutex;
use std::task::Waker;
use std::time::Instant;

type Outcome = Result<Told, StorageError>;

/// Where a request is: it only ever moves down this list.
#[derive(Debug)]
enum Place {
    /// In the queue.
    Queued,
    /// Its owner is to send the next call, with it in it.
    Called,
    /// In a call.
    Sent,
    /// Answered.
    Told(Outcome),
    /// Its owner went away.
    Left,
}

/// What its owner finds.
#[derive(Debug)]
pub(super) enum Found {
    Waiting,
    YourTurn,
    Told(Outcome),
}

/// What its owner leaves behind.
#[derive(Debug)]
pub(super) enum Leaving {
    /// It was never sent, and never will be.
    Queued,
    /// It was never sent, and its owner owes the others the next call.
    Called,
    /// Its outcome is unknown.
    Sent,
    Told(Outcome),
}

/// One request.
#[derive(Debug)]
pub(super) struct Seat {
    value: u64,
    until: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    place: Place,
    /// Of its owner; `None` before it waited first, and once there is nothing to wake it for.
    waker: Option<Waker>,
}

impl Seat {
    /// A request that is in the queue.
    pub(super) fn new(value: u64, until: Instant) -> Self {
        let (place, waker) = (Place::Queued, None);
        let state = Mutex::new(State { place, waker });
        Self {
            value,
            until,
            state,
        }
    }

    pub(super) fn value(&self) -> u64 {
        self.value
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// For its owner: how it stands; while it waits, `waker` is woken when that changes.
    pub(super) fn find(&self, waker: &Waker) -> Found {
        let fresh = waker.clone();
        let mut state = lock(&self.state);
        let (found, unused) = match state.place {
            Place::Queued | Place::Sent => (Found::Waiting, state.waker.replace(fresh)),
            Place::Called => (Found::YourTurn, Some(fresh)),
            Place::Told(_) | Place::Left => match mem::replace(&mut state.place, Place::Left) {
                Place::Told(outcome) => (Found::Told(outcome), Some(fresh)),
                _ => (Found::Waiting, Some(fresh)),
            },
        };
        drop(state);
        drop(unused);
        found
    }

    /// For its owner, who goes.
    pub(super) fn leave(&self) -> Leaving {
        let mut state = lock(&self.state);
        let place = mem::replace(&mut state.place, Place::Left);
        let waker = state.waker.take();
        drop(state);
        drop(waker);
        match place {
            Place::Queued => Leaving::Queued,
            Place::Called => Leaving::Called,
            Place::Sent | Place::Left => Leaving::Sent,
            Place::Told(outcome) => Leaving::Told(outcome),
        }
    }

    /// Whether it still queues.
    pub(super) fn is_queued(&self) -> bool {
        matches!(lock(&self.state).place, Place::Queued)
    }

    /// Whether it is in the queue, called or not: its owner is there, and it is not in a call.
    pub(super) fn waits(&self) -> bool {
        matches!(lock(&self.state).place, Place::Queued | Place::Called)
    }

    /// Takes it into a call; `false`: its owner is gone.
    pub(super) fn board(&self) -> bool {
        let mut state = lock(&self.state);
        let waits = matches!(state.place, Place::Queued | Place::Called);
        if waits {
            state.place = Place::Sent;
        }
        waits
    }

    /// Calls its owner to send the next call; `None`: it is gone.
    pub(super) fn call(&self) -> Option<Called> {
        let mut state = lock(&self.state);
        if !matches!(state.place, Place::Queued) {
            return None;
        }
        state.place = Place::Called;
        Some(Called(state.waker.take()))
    }

    /// Answers it, if its owner is still there and nobody did.
    pub(super) fn tell(&self, outcome: Outcome) {
        self.settle(|| outcome);
    }

    /// Answers it with `error`, if its owner is still there and nobody did.
    pub(super) fn give_up(&self, error: impl FnOnce() -> StorageError) {
        self.settle(|| Err(error()));
    }

    fn settle(&self, outcome: impl FnOnce() -> Outcome) {
        let mut state = lock(&self.state);
        if matches!(state.place, Place::Told(_) | Place::Left) {
            return;
        }
        state.place = Place::Told(outcome());
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Somebody who was called, and is to be woken once no lock is held.
#[derive(Debug)]
pub(super) struct Called(Option<Waker>);

impl Called {
    pub(super) fn wake(self) {
        if let Some(waker) = self.0 {
            waker.wake();
        }
    }
}
