//! The window behind the wire: acts of the contract as questions to the script.

mod asking;
mod pair;

use super::Manner;
use super::answer::{self, decided, full};
use super::counter::Counter;
use crate::desk::Teller;
use crate::link::Link;
use crate::protocol::{Ask, Batch, Booked, Head, OnOther, Shape, Stand, Tail, number_of};
use call_gate_core::{
    Act, Answer, BoxFuture, Deadline, GateConfig, Limits, Snapshot, State, StorageError,
    StorageErrorKind, Way, at_once,
};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// The window behind the wire.
#[derive(Debug)]
pub(super) struct RemoteWindow {
    link: Arc<dyn Link>,
    manner: Manner,
    pub(super) counter: Counter,
    /// Of what requests cost.
    pub(super) costs: Option<Counter>,
    pub(super) credits: bool,
    seed: Option<Snapshot>,
    /// Whether a server has seen the seed.
    seeded: AtomicBool,
}

impl RemoteWindow {
    pub(super) fn new(
        link: Arc<dyn Link>,
        manner: Manner,
        (shape, costs): (Shape, Option<Shape>),
        config: &GateConfig,
        seed: Option<&Snapshot>,
    ) -> Self {
        let counter = Counter::new(manner.key.clone(), shape, config, 0);
        let costs = costs.map(|shape| {
            let key = [&*manner.key, b":costs"].concat();
            Counter::new(key.into(), shape, config, counter.spans())
        });
        Self {
            link,
            manner,
            counter,
            costs,
            credits: config.credits(),
            seed: seed.cloned(),
            seeded: AtomicBool::new(seed.is_none()),
        }
    }

    /// A gate's limits in force, as last told.
    pub(super) fn limits(&self) -> Limits {
        let mut limits = self.counter.limits();
        let (frame, gate) = (limits.next().flatten(), limits.next().flatten());
        let limits = gate.map_or(Limits::none(), Limits::gate);
        frame.map_or(limits, |frame| limits.with_frame(frame))
    }

    /// The limits of all spans, as last told.
    pub(super) fn span_limits(&self) -> Vec<Option<u64>> {
        let costs = self.costs.iter().flat_map(Counter::limits);
        self.counter.limits().chain(costs).collect()
    }

    pub(super) fn until(&self, by: Deadline) -> Instant {
        let patience = self.manner.deadline;
        Instant::now() + by.left().map_or(patience, |left| left.min(patience))
    }

    pub(super) async fn act(
        &self,
        way: Way,
        act: &Act,
        until: Instant,
    ) -> Result<Answer, StorageError> {
        if let Some(costs) = &self.costs
            && let Some(answer) = self.act_on_both(way, act, costs, until).await
        {
            return answer;
        }
        let counter = &self.counter;
        let answer = match *act {
            Act::Refund { value, booked } => {
                let ask = self.refund(counter, value, booked.as_ref());
                self.ask(way, &ask, until, |stand, tail| {
                    answer::returned(counter, &stand, tail.refund()?)
                })
                .await?
            }
            Act::Peek { value } => {
                self.ask(way, &Ask::Peek { value }, until, |stand, tail| {
                    decided(counter, &stand, tail.peek()?, value)
                })
                .await?
            }
            Act::Check => {
                self.ask(way, &Ask::Peek { value: 1 }, until, |stand, tail| {
                    full(counter, &stand, tail.peek()?.0)
                })
                .await?
            }
            Act::State => {
                self.ask(way, &Ask::State, until, |stand, tail| {
                    let frames = tail.frames(&stand, counter.shape.kept())?;
                    let start = answer::start_of(&counter.shape, stand.frame);
                    Some(Answer::State(State::new(start, frames)))
                })
                .await?
            }
            Act::Clear => self.ask(way, &Ask::Clear, until, done).await?,
            Act::SetLimits(limits) if counter.spans() == 2 && self.costs.is_none() => {
                self.set_limits(way, limits, until).await?
            }
            Act::Spans => {
                self.ask(way, &Ask::Peek { value: 0 }, until, |stand, _| {
                    Some(Answer::Spans(answer::spans(&stand).collect()))
                })
                .await?
            }
            Act::SetSpan { index, limit } => self.set_span(way, index, limit, until).await?,
            ref other => {
                return Err(StorageError::with_source(
                    StorageErrorKind::Protocol,
                    format!("{other:?} is an act that this storage does not know"),
                ));
            }
        };
        Ok(answer)
    }

    /// The question that takes `value` back out of `counter`.
    pub(super) fn refund(
        &self,
        counter: &Counter,
        value: u64,
        booked: Option<&call_gate_core::Booked>,
    ) -> Ask<'static> {
        Ask::Refund {
            value,
            booked: booked.map(|booked| number_of(booked, counter.shape.base())),
            credits: self.credits,
        }
    }

    async fn set_span(
        &self,
        way: Way,
        index: usize,
        limit: u64,
        until: Instant,
    ) -> Result<Answer, StorageError> {
        let spans = self.counter.spans();
        let (counter, index) = match &self.costs {
            Some(costs) if index >= spans => (costs, index - spans),
            _ => (&self.counter, index),
        };
        if index >= counter.spans() {
            return Err(StorageError::with_source(
                StorageErrorKind::Protocol,
                format!(
                    "a span {index} is none of this counter's {}",
                    counter.spans()
                ),
            ));
        }
        let words = counter.words(&Ask::SetSpan { index, limit });
        self.put_in_force(way, counter, words, until).await
    }

    async fn set_limits(
        &self,
        way: Way,
        limits: Limits,
        until: Instant,
    ) -> Result<Answer, StorageError> {
        let limits = [limits.frame_limit(), limits.gate_limit()];
        let head = Head {
            limits: &limits,
            on_other: OnOther::Replace,
            live: true,
        };
        let words = Ask::SetLimits.to_bytes(head);
        self.put_in_force(way, &self.counter, words, until).await
    }

    /// Sends `words`, which set limits of `counter`.
    async fn put_in_force(
        &self,
        way: Way,
        counter: &Counter,
        words: Vec<u8>,
        until: Instant,
    ) -> Result<Answer, StorageError> {
        self.first(way, until).await?;
        let bytes = self.send(way, counter, words, None, until).await?;
        counter.read(None, &bytes)?;
        counter.settle();
        Ok(Answer::Done)
    }

    async fn book_on(
        &self,
        way: Way,
        batch: &Batch,
        until: Instant,
    ) -> Result<Booked, StorageError> {
        let spans = self.counter.spans();
        self.ask(way, &Ask::Update(batch), until, |stand, tail| {
            let mut booked = tail.booked(stand, batch)?;
            for outcome in &mut booked.outcomes {
                let refused = outcome.refused.map(|refused| refused.within(spans));
                outcome.refused = refused;
            }
            Some(booked)
        })
        .await
    }
}

impl Teller for RemoteWindow {
    fn book(&self, batch: &Batch, until: Instant) -> Result<Booked, StorageError> {
        at_once(self.book_on(Way::Blocking, batch, until))
    }

    fn book_async(
        self: Arc<Self>,
        batch: Batch,
        until: Instant,
    ) -> BoxFuture<'static, Result<Booked, StorageError>> {
        Box::pin(async move { self.book_on(Way::Awaited, &batch, until).await })
    }

    fn patience(&self) -> Duration {
        self.manner.deadline
    }

    fn frame(&self) -> Duration {
        Duration::from_micros(self.counter.shape.base())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as every reader of a tail")]
fn done(_: Stand, _: Tail<'_>) -> Option<Answer> {
    Some(Answer::Done)
}
