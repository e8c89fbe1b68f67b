//! One waiter's steps, the same for every driver; drivers differ only in their timer.

use super::{Place, Queue};
use crate::clock::{Alarm, Moment, Turn};
use crate::denial::Denial;
use crate::error::{StorageError, UpdateError};
use crate::gate::{Inner, Wait, Way};
use crate::reading::Reading;
use crate::storage::{Act, Answer, BoxFuture};
use std::task::Waker;
use std::time::Duration;

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
    value: u64,
    deadline: Option<Moment>,
    /// The last denial, and when it is worth asking again.
    denied: Option<(Denial, Moment)>,
    /// The queue's nudges when it last asked.
    nudges: u64,
    asked_at: Moment,
    /// When the driver's timer is to fire, and when it was set.
    alarm: Option<(Moment, Moment)>,
}

impl<'g> Waiter<'g> {
    pub(crate) fn new(gate: &'g Inner, value: u64, wait: Wait) -> Self {
        let deadline = wait.limit(gate).map(|limit| gate.now().after(limit));
        Self {
            gate,
            place: None,
            value,
            deadline,
            denied: None,
            nudges: 0,
            asked_at: Moment::default(),
            alarm: None,
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
                let due = self.denied.is_none_or(|(_, due)| now >= due) || nudges != self.nudges;
                if due {
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

    /// How the driver is to be woken for a [`Step::Sleep`] until `at`.
    pub fn alarm(&mut self, at: Moment, turn: Turn, waker: &Waker) -> Alarm {
        self.alarm = Some((at, self.gate.now()));
        self.gate.alarm(at, turn, waker)
    }

    /// The next step after the driver's timer fired, having run for `slept`.
    ///
    /// The gate's time must have moved along with the timer, by half at
    /// least; else it follows another time, setting the timer again would
    /// spin, and the wait ends with [`UpdateError::ClockStopped`].
    pub fn fired(&mut self, slept: Duration, waker: &Waker) -> Step {
        let now = self.gate.now();
        if let Some((at, set)) = self.alarm.take()
            && now < at
            && now.since(set).max(set.since(now)).saturating_mul(2) <= slept
        {
            return self.done(Err(UpdateError::ClockStopped));
        }
        self.step(waker)
    }

    /// Asks an in-process window; `None`: the storage is remote.
    pub fn ask(&mut self) -> Option<Step> {
        let answer = self.gate.ask_window(self.asked_at, self.value)?;
        Some(self.answer(answer))
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
        let act = Act::Update { value: self.value };
        self.gate.call(way, act)
    }

    /// Takes a remote storage's answer to the last [`Step::Ask`].
    pub fn answer(&mut self, answer: Result<Answer, StorageError>) -> Step {
        match answer {
            Ok(Answer::Admitted(reading)) => self.done(Ok(reading)),
            Ok(Answer::Denied(denial)) if denial.requested() > denial.limit() => {
                self.done(Err(self.gate.too_large(&denial)))
            }
            Ok(Answer::Denied(denial)) => {
                let denial = denial.named(self.gate.name_number());
                let due = self.asked_at.after(denial.retry_after());
                self.denied = Some((denial, due));
                if let Some(place) = &self.place {
                    place.wait_until(due);
                }
                let now = self.gate.now();
                let over = |time: Moment| self.deadline.is_some_and(|deadline| time >= deadline);
                if self.queue().is_closed() {
                    return self.done(Err(UpdateError::Closed));
                }
                if over(self.asked_at) {
                    return self.exhausted();
                }
                if now >= due && now > self.asked_at {
                    // the clock has moved past it meanwhile: a wait is not over before its last chance is taken
                    self.asked_at = now;
                    return Step::Ask;
                }
                if over(now) {
                    return self.exhausted();
                }
                Step::Sleep(self.earliest(Turn::First), Turn::First)
            }
            Ok(_) => self.done(Err(StorageError::out_of_place().into())),
            Err(error) => self.done(Err(error.into())),
        }
    }

    fn earliest(&self, turn: Turn) -> Option<Moment> {
        let due = self
            .denied
            .map(|(_, due)| due)
            .filter(|_| turn == Turn::First);
        [due, self.deadline].into_iter().flatten().min()
    }

    fn exhausted(&mut self) -> Step {
        let denial = match self.denied {
            Some((denial, due)) => {
                let left = due.since(self.gate.now());
                Denial::new(
                    denial.scope(),
                    denial.limit(),
                    denial.used(),
                    self.value,
                    left,
                )
                .named(self.gate.name_number())
            }
            None => self.gate.queued(self.value),
        };
        if denial.requested() > denial.limit() {
            // lowered below the value while it stood behind others
            return self.done(Err(self.gate.too_large(&denial)));
        }
        self.done(Err(UpdateError::WaitExhausted(denial)))
    }

    /// Leaves the queue, whose next one may then ask.
    fn done(&mut self, outcome: Result<Reading, UpdateError>) -> Step {
        self.place = None;
        Step::Done(outcome)
    }
}
