//! One waiter's steps, the same for every driver; drivers differ only in their timer.

use super::{Place, Queue};
use crate::clock::{Moment, Turn};
use crate::denial::Denial;
use crate::error::{StorageError, UpdateError};
use crate::gate::Inner;
use crate::gate::Wait;
use crate::reading::Reading;
use crate::storage::Answer;
use std::task::Waker;

/// What a waiter wants from its driver.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a driver must know every step")]
pub enum Step {
    /// Ask the storage for the value and hand the answer to [`Waiter::answer`]; in process,
    /// [`Waiter::ask`] does both.
    Ask,
    /// Sleep until woken, and at most until this moment; then step again.
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
}

impl<'g> Waiter<'g> {
    pub(crate) fn new(gate: &'g Inner, value: u64, wait: Wait) -> Self {
        let now = gate.now();
        let deadline = wait.limit(gate).map(|limit| now.after(limit));
        Self {
            gate,
            place: None,
            value,
            deadline,
            denied: None,
            nudges: 0,
            asked_at: now,
        }
    }

    /// What is asked for.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.value
    }

    fn queue(&self) -> &'g Queue {
        self.gate.queue()
    }

    /// What to do next; `waker` is kept until the next step.
    pub fn step(&mut self, waker: &Waker) -> Step {
        if self.queue().is_closed() {
            return self.done(Err(UpdateError::Closed));
        }
        let queue = self.queue();
        let place = self.place.get_or_insert_with(|| queue.join(waker.clone()));
        let (turn, nudges) = place.turn(waker);
        if self.queue().is_closed() {
            // closed before the waker was registered: nobody will wake it
            return self.done(Err(UpdateError::Closed));
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

    /// Asks an in-process window; `None`: the storage is remote, and the driver calls it.
    pub fn ask(&mut self) -> Option<Step> {
        let answer = self.gate.ask_window(self.asked_at, self.value)?;
        Some(self.answer(answer))
    }

    /// Takes the storage's answer to the last [`Step::Ask`].
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
        self.done(Err(UpdateError::WaitExhausted(denial)))
    }

    /// Leaves the queue, whose next one may then ask.
    fn done(&mut self, outcome: Result<Reading, UpdateError>) -> Step {
        self.place = None;
        Step::Done(outcome)
    }
}
