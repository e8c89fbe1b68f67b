//! The wait queue: first come, first served, for parked threads and async tasks alike.
//!
//! A waiter is a place in a list and a [`Waker`]. Nothing is ever granted on a waiter's behalf: only the head asks the
//! window, so a waiter that goes away has booked nothing. Four rules keep wake-ups from being lost:
//!
//! 1. A waiter registers its waker, then asks.
//! 2. A place that is dropped unlinks itself and, if it was the head, wakes its successor.
//! 3. No waker is cloned, dropped or woken under the lock: any of the three may run foreign code.
//! 4. Whoever makes room early (a refund, a clear, a raised limit, a moved clock) nudges the head. A `SeqCst` fence stands
//!    between making room and looking for waiters, and another between joining and asking: one of the two sides sees the
//!    other.

mod park;
mod waiter;

pub(crate) use park::block_on;
pub use waiter::{Step, Waiter};

use crate::clock::{Moment, Turn};
use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering::Relaxed, Ordering::SeqCst, fence};
use std::sync::PoisonError;
use std::task::Waker;

const NONE: usize = usize::MAX;
const CLOSED: u64 = 1;
const WAITER: u64 = 2;

/// The line of those who wait, and the switch that sends newcomers to it.
#[derive(Debug)]
pub(crate) struct Queue {
    /// The frame's length while the fast path is open; 0 while somebody waits and once the gate is closed.
    width: AtomicU64,
    open_width: u64,
    /// Twice the number of those who wait, plus 1 once closed.
    control: AtomicU64,
    /// `None` while nobody waits.
    line: Mutex<Option<Box<Line>>>,
}

#[derive(Debug)]
struct Line {
    nudges: u64,
    /// When the head's request fits, as far as the head was told.
    due: Moment,
    slots: Vec<Slot>,
    free: Vec<usize>,
    head: usize,
    tail: usize,
}

#[derive(Debug)]
struct Slot {
    waker: Option<Waker>,
    next: usize,
    previous: usize,
}

impl Queue {
    /// An empty queue; `width` opens the fast path.
    pub(crate) fn new(width: u64) -> Self {
        Self {
            width: AtomicU64::new(width),
            open_width: width,
            control: AtomicU64::new(0),
            line: Mutex::new(None),
        }
    }

    /// The width of a frame for the fast path, 0 when it is shut.
    ///
    /// Relaxed: who reads the old value is concurrent with the one who
    /// changes it, and comes before it.
    #[inline(always)]
    pub(crate) fn width(&self) -> u64 {
        self.width.load(Relaxed)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.control.load(Relaxed) & CLOSED != 0
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.control.load(Relaxed) / WAITER
    }

    /// When the head can be admitted and the queue move on, as far as is known.
    pub(crate) fn due(&self) -> Moment {
        self.lock()
            .as_ref()
            .map_or(Moment::default(), |line| line.due)
    }

    /// Takes a place at the end, and says as [`Place::turn`] where that is; `waker` is woken when it is worth asking.
    pub(crate) fn join(&self, waker: Waker) -> (Place<'_>, Turn, u64) {
        let (slot, turn, nudges) = {
            let mut line = self.lock();
            let line = line.get_or_insert_with(Box::default);
            let slot = line.push(waker);
            // under the lock both, so that they agree whenever nobody holds it
            self.control.fetch_add(WAITER, Relaxed);
            self.width.store(0, Relaxed);
            (slot, line.turn(slot), line.nudges)
        };
        // pairs with the fence in `nudge`: whoever asks after this sees the room that an unseen nudger made
        fence(SeqCst);
        (Place { queue: self, slot }, turn, nudges)
    }

    /// To be called after anything that may make room before its time.
    pub(crate) fn nudge(&self) {
        // pairs with the fences in `join` and `turn`
        fence(SeqCst);
        if self.waiting() == 0 {
            return;
        }
        let waker = self.lock().as_mut().and_then(|line| {
            line.nudges += 1;
            line.take_head()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Nudges when it is dropped: at the end of whatever makes room, however that ends.
    pub(crate) fn nudge_after(&self) -> Nudge<'_> {
        Nudge(self)
    }

    /// Shuts the queue for good and wakes everybody in it.
    pub(crate) fn close(&self) {
        let woken: Vec<Waker> = {
            let mut line = self.lock();
            self.control.fetch_or(CLOSED, Relaxed);
            self.width.store(0, Relaxed);
            let slots = line.iter_mut().flat_map(|line| line.slots.iter_mut());
            slots.filter_map(|slot| slot.waker.take()).collect()
        };
        woken.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Line>>> {
        // nothing panics under the lock
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Line {
    fn default() -> Self {
        Self {
            nudges: 0,
            due: Moment::default(),
            slots: Vec::new(),
            free: Vec::new(),
            head: NONE,
            tail: NONE,
        }
    }
}

impl Line {
    fn push(&mut self, waker: Waker) -> usize {
        let slot = Slot {
            waker: Some(waker),
            next: NONE,
            previous: self.tail,
        };
        let reused = self
            .free
            .pop()
            .and_then(|index| Some((index, self.slots.get_mut(index)?)));
        let index = if let Some((index, free)) = reused {
            *free = slot;
            index
        } else {
            self.slots.push(slot);
            self.slots.len() - 1
        };
        match self.slots.get_mut(self.tail) {
            Some(tail) => tail.next = index,
            None => self.head = index,
        }
        self.tail = index;
        index
    }

    fn turn(&self, slot: usize) -> Turn {
        if self.head == slot {
            Turn::First
        } else {
            Turn::Behind
        }
    }

    fn take_head(&mut self) -> Option<Waker> {
        self.slots.get_mut(self.head)?.waker.take()
    }

    /// Takes the place out; returns its waker, and the new head's if the head changed.
    fn unlink(&mut self, index: usize) -> (Option<Waker>, Option<Waker>) {
        let Some(slot) = self.slots.get_mut(index) else {
            return (None, None);
        };
        let (waker, next, previous) = (slot.waker.take(), slot.next, slot.previous);
        if let Some(previous) = self.slots.get_mut(previous) {
            previous.next = next;
        } else {
            self.head = next;
            self.due = Moment::default();
        }
        match self.slots.get_mut(next) {
            Some(next) => next.previous = previous,
            None => self.tail = previous,
        }
        self.free.push(index);
        (
            waker,
            if previous == NONE {
                self.take_head()
            } else {
                None
            },
        )
    }
}

/// A nudge to come.
#[derive(Debug)]
#[must_use = "it nudges when it is dropped"]
pub(crate) struct Nudge<'q>(&'q Queue);

impl Drop for Nudge<'_> {
    fn drop(&mut self) {
        self.0.nudge();
    }
}

/// A place in the queue; leaving it frees it and lets the next one ask.
#[derive(Debug)]
pub(crate) struct Place<'q> {
    queue: &'q Queue,
    slot: usize,
}

impl Place<'_> {
    /// Registers `waker`, then says where this place stands, and how often the queue was nudged.
    pub(crate) fn turn(&self, waker: &Waker) -> (Turn, u64) {
        let mut fresh = Some(waker.clone());
        let (turn, nudges) = {
            let mut line = self.queue.lock();
            let line = line.as_mut();
            line.map_or((Turn::Behind, 0), |line| {
                if let Some(slot) = line.slots.get_mut(self.slot) {
                    std::mem::swap(&mut slot.waker, &mut fresh);
                }
                (line.turn(self.slot), line.nudges)
            })
        };
        // the waker that was there before
        drop(fresh);
        fence(SeqCst);
        (turn, nudges)
    }

    /// Notes when the head's request fits.
    fn wait_until(&self, due: Moment) {
        let mut line = self.queue.lock();
        if let Some(line) = line.as_mut().filter(|line| line.head == self.slot) {
            line.due = due;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let (emptied, mine, next) = {
            let mut line = self.queue.lock();
            let (mine, next) = line
                .as_mut()
                .map_or((None, None), |line| line.unlink(self.slot));
            let left = self.queue.control.fetch_sub(WAITER, Relaxed) - WAITER;
            let mut emptied = None;
            if left / WAITER == 0 {
                // give back what a crowd needed
                emptied = line.take();
                if left & CLOSED == 0 {
                    self.queue.width.store(self.queue.open_width, Relaxed);
                }
            }
            (emptied, mine, next)
        };
        drop(emptied);
        drop(mine);
        if let Some(next) = next {
            next.wake();
        }
    }
}
