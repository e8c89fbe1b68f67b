//! What does happen: the same day with real tasks on a paused runtime.

use super::foretell::{Beat, Move};
use super::plan::{Manner, Plan};
use super::{Record, Told};
use crate::hand::{glance, now as at_once};
use crate::{SECOND, paused};
use call_gate_async::{AsyncCallGate, TokioClock, Update};
use call_gate_core::{CallGateBuilder, Reading, UpdateError, Wait};
use call_gate_testkit::outcome;
use call_gate_testkit::spec::{nanos, span, wall};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

pub(super) fn live(
    plan: &Plan,
    script: &[Beat],
    place: fn(CallGateBuilder) -> CallGateBuilder,
) -> Record {
    paused().block_on(async {
        let clock = TokioClock::starting_at(wall(plan.spec.start));
        let gate = place(plan.spec.builder()).clock(clock).build().unwrap();
        let gate = AsyncCallGate::from(gate);
        let mut life = Life {
            gate: &gate,
            began: Instant::now(),
            fates: Arc::default(),
            answers: Vec::new(),
            tasks: BTreeMap::new(),
            parked: BTreeMap::new(),
        };
        let mut views = Vec::new();
        for beat in script {
            sleep_until(life.began + Duration::from_millis(beat.at)).await;
            // nothing else is to be done in this millisecond, and all before it is done
            views.push((gate.waiters(), gate.sum().await.unwrap()));
            for one in &beat.moves {
                life.act(one);
            }
        }
        for (_, task) in std::mem::take(&mut life.tasks) {
            if timeout(1_000_000 * SECOND, task.handle).await.is_err() {
                break;
            }
        }
        views.push((gate.waiters(), gate.sum().await.unwrap()));
        let fates = life.fates.lock().unwrap().clone();
        Record {
            fates,
            answers: life.answers,
            views,
        }
    })
}

struct Life<'g> {
    gate: &'g AsyncCallGate,
    began: Instant,
    fates: Arc<Mutex<BTreeMap<usize, (u64, Told)>>>,
    answers: Vec<(u64, Told)>,
    tasks: BTreeMap<usize, Task>,
    parked: BTreeMap<usize, Update<'g>>,
}

struct Task {
    handle: JoinHandle<()>,
    other_branch: Option<oneshot::Sender<()>>,
}

impl Life<'_> {
    fn fate(&self, who: usize, told: Told) {
        let at = millis(self.began);
        self.fates.lock().unwrap().insert(who, (at, told));
    }

    fn act(&mut self, one: &Move) {
        match *one {
            Move::Arrive {
                who,
                value,
                wait,
                manner,
            } => self.arrive(who, value, wait, manner),
            Move::Park { who, value } => {
                let mut update = self.gate.update_with(value, Wait::Forever);
                match glance(&mut update) {
                    Poll::Ready(outcome) => self.fate(who, told(outcome)),
                    Poll::Pending => drop(self.parked.insert(who, update)),
                }
            }
            Move::Ask(value) => {
                let outcome = at_once(self.gate.try_update(value));
                self.answers.push((millis(self.began), told(outcome)));
            }
            Move::Cancel(who) => {
                if let Some(update) = self.parked.remove(&who) {
                    drop(update);
                    self.fate(who, Told::Cancelled);
                } else if let Some(task) = self.tasks.get_mut(&who) {
                    if let Some(branch) = task.other_branch.take() {
                        branch.send(()).unwrap();
                    } else {
                        task.handle.abort();
                        self.fate(who, Told::Cancelled);
                    }
                }
            }
            Move::Refund(value) => {
                let outcome = at_once(self.gate.refund(value));
                self.answers.push((millis(self.began), told(outcome)));
            }
            Move::SetLimits(limits) => at_once(self.gate.set_limits(limits)).unwrap(),
            Move::Clear => at_once(self.gate.clear()).unwrap(),
            Move::Close => self.gate.close(),
        }
    }

    fn arrive(&mut self, who: usize, value: u64, wait: Wait, manner: Manner) {
        let (gate, fates, began) = (self.gate.clone(), self.fates.clone(), self.began);
        let (send, other_branch) = oneshot::channel();
        let handle = tokio::spawn(async move {
            let update = gate.update_with(value, wait);
            let told = match manner {
                Manner::Abort => told(update.await),
                Manner::Select => tokio::select! {
                    biased;
                    Ok(()) = other_branch => Told::Cancelled,
                    outcome = update => told(outcome),
                },
                Manner::Timeout(after) => timeout(Duration::from_millis(after), update)
                    .await
                    .map_or(Told::Cancelled, told),
            };
            let twice = fates.lock().unwrap().insert(who, (millis(began), told));
            assert!(twice.is_none(), "{who} was told {twice:?} before");
        });
        let other_branch = matches!(manner, Manner::Select).then_some(send);
        let task = Task {
            handle,
            other_branch,
        };
        self.tasks.insert(who, task);
    }
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap()
}

fn told(outcome: Result<Reading, UpdateError>) -> Told {
    match outcome {
        Ok(reading) => Told::Admitted(outcome::Reading {
            sum: reading.sum(),
            frame_start: nanos(reading.frame().start()),
            frame_value: reading.frame().value(),
            remaining: reading.remaining(),
        }),
        Err(UpdateError::FrameLimit(denial)) => Told::FrameLimit(span(denial.retry_after())),
        Err(UpdateError::GateLimit(denial)) => Told::GateLimit(span(denial.retry_after())),
        Err(UpdateError::Queued(denial)) => Told::Queued(span(denial.retry_after())),
        Err(UpdateError::WaitExhausted(denial)) => Told::Exhausted(span(denial.retry_after())),
        Err(UpdateError::TooLarge(_)) => Told::TooLarge,
        Err(UpdateError::Closed) => Told::Closed,
        Err(UpdateError::Underflow(error)) => Told::Underflow(error.booked()),
        Err(error) => Told::Odd(error.to_string()),
    }
}
