//! One waiter's steps, the same for every driver; drivers differ only in their timer.

use super::{Place, Queue};
use crate::clock::{Alarm, Bell, Moment, Turn};
use crate::demand::Demand;
use crate::denial::{Denial, Scope};
use crate::error::{StorageError, UpdateError};
use crate::gate::{IfFull, Inner, Wait, Way};
use crate::reading::Reading;
use crate::storage::{Answer, BoxFuture};
use std::task::Waker;
use std::time::{Duration, Instant};

/// A clock that stands still for so long of real time, while somebody waits for it, has stopped.
const STOPPED: Duration = Duration::from_secs(3);
/// The shortest timer while the clock stands still.
const LEAST: Duration = Duration::from_millis(1);

/// What a waiter wants from its driver.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a driver must know every step")]
pub enum Step {
    /// Ask: [`Waiter::ask`] does so in process; what [`Waiter::ask_remote`] brings goes to [`Waiter::answer`].
    Ask,
    /// Sleep until woken, and at most until this moment, as [`Waiter::alarm`] says; then step again.
    Sleep(Option<Moment>, Turn),
    /// It is over.
    Done(Result<Reading, UpdateError>),
}

/// A request that waits its turn.
///
/// Dropping it at any point books nothing and frees its place.
#[derive(Debug)]
pub struct Waiter<'g> {
    gate: &'g Inner,
    place: Option<Place<'g>>,
    demand: Demand,
    deadline: Option<Moment>,
    /// The last denial, and when it is worth asking again; `None`: when woken.
    denied: Option<(Denial, Option<Moment>)>,
    /// The queue's nudges when it last asked.
    nudges: u64,
    asked_at: Moment,
    /// The driver's timer, if it sleeps by one.
    timer: Option<Timer>,
    /// How long the clock has stood still through the timers before.
    still: Duration,
    bell: Option<Bell>,
}

/// A timer: the gate's time that it is for, and when it was set.
#[derive(Debug, Clone, Copy)]
struct Timer {
    at: Moment,
    set: Moment,
    begun: Instant,
}

impl<'g> Waiter<'g> {
    pub(crate) fn new(gate: &'g Inner, demand: Demand, wait: Wait) -> Self {
        let deadline = wait.limit(gate).map(|limit| gate.now().after(limit));
        Self {
            gate,
            place: None,
            demand,
            deadline,
            denied: None,
            nudges: 0,
            asked_at: Moment::default(),
            timer: None,
            still: Duration::ZERO,
            bell: None,
        }
    }

    fn queue(&self) -> &'g Queue {
        self.gate.queue()
    }

    /// What to do next; `waker` is kept until the next step.
    pub fn step(&mut self, waker: &Waker) -> Step {
        if self.queue().is_closed() {
            return self.done(Err(UpdateError::Closed));
        }
        let (turn, nudges) = if let Some(place) = &self.place {
            place.turn(waker)
        } else {
            let (place, turn, nudges) = self.queue().join(waker.clone());
            self.place = Some(place);
            (turn, nudges)
        };
        if self.queue().is_closed() {
            // closed before the waker was registered: nobody will wake it
            return self.done(Err(UpdateError::Closed));
        }
        if turn == Turn::Behind && self.deadline.is_none() {
            return Step::Sleep(None, turn);
        }
        let now = self.gate.now();
        let over = self.deadline.is_some_and(|deadline| now >= deadline);
        match turn {
            Turn::First => {
                let due = self
                    .denied
                    .is_none_or(|(_, due)| due.is_some_and(|due| now >= due));
                if due || nudges != self.nudges {
                    self.nudges = nudges;
                    self.asked_at = now;
                    return Step::Ask;
                }
            }
            Turn::Behind => {}
        }
        if over {
            return self.exhausted();
        }
        Step::Sleep(self.earliest(turn), turn)
    }

    /// How long the driver's timer is to run for a [`Step::Sleep`] until `at`; `None`: the clock itself wakes the waiter.
    pub fn alarm(&mut self, at: Moment, turn: Turn, waker: &Waker) -> Option<Duration> {
        let (set, begun) = (self.gate.now(), Instant::now());
        // the new bell is hung before the old one is taken down: the clock is never without the waiter
        match self.gate.alarm(at, turn, waker) {
            Alarm::Timer(wait) => {
                self.bell = None;
                self.timer = Some(Timer { at, set, begun });
                // before the tick of a coarse clock every timer would be too short
                let least = if self.still.is_zero() {
                    Duration::ZERO
                } else {
                    LEAST
                };
                Some(wait.max(least))
            }
            Alarm::Rings(bell) => {
                self.bell = Some(bell);
                self.timer = None;
                None
            }
        }
    }

    /// The next step after the driver's timer fired, having run for `slept`.
    ///
    /// Where the gate's time has not come yet, it sleeps again. The wait ends
    /// with [`UpdateError::ClockStopped`] if that would be a spin, because the
    /// timer runs ahead of real time and of the gate's, or if the gate's clock
    /// has stood still for three seconds.
    pub fn fired(&mut self, slept: Duration, waker: &Waker) -> Step {
        let now = self.gate.now();
        if let Some(timer) = self.timer.take()
            && now < timer.at
        {
            let moved = now.since(timer.set).max(timer.set.since(now));
            let passed = timer.begun.elapsed();
            let half = slept / 2;
            let ahead = moved <= half && (passed < half || slept.is_zero());
            self.still = if moved.is_zero() {
                self.still.saturating_add(passed)
            } else {
                Duration::ZERO
            };
            if ahead || self.still >= STOPPED {
                return self.done(Err(UpdateError::ClockStopped));
            }
        }
        self.step(waker)
    }

    /// Asks an in-process window; `None`: the storage is remote.
    pub fn ask(&mut self, waker: &Waker) -> Option<Step> {
        let asked = self.gate.ask_window(self.asked_at, self.demand)?;
        let answer = asked.map(|(now, answer)| {
            self.asked_at = now;
            answer
        });
        Some(self.answer(answer, waker))
    }

    /// Asks a remote storage without blocking the thread; the answer goes to [`answer`](Self::answer).
    #[must_use]
    pub fn ask_remote(&self) -> BoxFuture<'g, Result<Answer, StorageError>> {
        Box::pin(self.call(Way::Awaited))
    }

    /// Asks a remote storage.
    pub(super) fn call(
        &self,
        way: Way,
    ) -> impl Future<Output = Result<Answer, StorageError>> + Send + use<'g> {
        self.gate.ask_remote(way, self.demand, IfFull::Want)
    }

    /// Takes a remote storage's answer to the last [`Step::Ask`]; `waker` is kept until the next step.
    pub fn answer(&mut self, answer: Result<Answer, StorageError>, waker: &Waker) -> Step {
        match answer {
            Ok(Answer::Admitted(reading)) => self.done(Ok(reading)),
            Ok(Answer::Denied(denial)) if denial.requested() > denial.limit() => {
                self.done(Err(self.gate.too_large(&denial)))
            }
            Ok(Answer::Denied(denial)) => self.denied(denial, waker),
            Ok(_) => self.done(Err(StorageError::out_of_place().into())),
            Err(error) => self.done(Err(error.into())),
        }
    }

    fn denied(&mut self, denial: Denial, waker: &Waker) -> Step {
        let denial = denial.named(self.gate.name_number());
        let due = self.gate.due(self.asked_at, &denial);
        self.denied = Some((denial, due));
        // a wake-up may have come while the storage was asked, and been taken for its answer's: so the place is looked at
        // again, as in a step
        let nudges = self.place.as_ref().map_or(self.nudges, |place| {
            place.wait_until(due.unwrap_or_default());
            place.turn(waker).1
        });
        if self.queue().is_closed() {
            return self.done(Err(UpdateError::Closed));
        }
        let over = |time: Moment| self.deadline.is_some_and(|deadline| time >= deadline);
        if over(self.asked_at) {
            return self.exhausted();
        }
        let now = self.gate.now();
        let due = due.is_some_and(|due| now >= due);
        if nudges != self.nudges || (due && now > self.asked_at) {
            // the clock has moved past it meanwhile, or somebody has made room: a wait is not over before its last chance
            // is taken
            self.nudges = nudges;
            self.asked_at = now;
            return Step::Ask;
        }
        if over(now) {
            return self.exhausted();
        }
        Step::Sleep(self.earliest(Turn::First), Turn::First)
    }

    fn earliest(&self, turn: Turn) -> Option<Moment> {
        let due = self
            .denied
            .and_then(|(_, due)| due)
            .filter(|_| turn == Turn::First);
        [due, self.deadline].into_iter().flatten().min()
    }

    fn exhausted(&mut self) -> Step {
        let denial = match self.denied {
            Some((denial, due)) => {
                let left = due.map_or(Duration::ZERO, |due| due.since(self.gate.now()));
                denial.after(left)
            }
            None => self.gate.queued(self.demand),
        };
        if denial.scope() != Scope::Queue && denial.requested() > denial.limit() {
            // lowered below the value while it stood behind others
            return self.done(Err(self.gate.too_large(&denial)));
        }
        self.done(Err(UpdateError::WaitExhausted(denial)))
    }

    /// Leaves the queue, whose next one may then ask.
    fn done(&mut self, outcome: Result<Reading, UpdateError>) -> Step {
        self.place = None;
        self.bell = None;
        Step::Done(outcome)
    }
}
