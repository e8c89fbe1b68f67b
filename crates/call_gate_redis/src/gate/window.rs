//! The window behind the wire: questions to the script, and what it says.

use super::Manner;
use super::answer::{self, decided, full, reading};
use super::known::Known;
use crate::desk::Teller;
use crate::link::Link;
use crate::protocol::{
    Ask, Batch, Booked, Head, OnOther, Refund, Reply, Seed, Shape, Stand, Tail, number_of, read,
};
use crate::script::Call;
use call_gate_core::{
    Act, Answer, BoxFuture, Deadline, GateConfig, Limits, Moment, OnLimits, Snapshot, State,
    StorageError, StorageErrorKind, Way, at_once,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The window behind the wire.
#[derive(Debug)]
pub(super) struct RemoteWindow {
    link: Arc<dyn Link>,
    manner: Manner,
    shape: Shape,
    shape_bytes: Arc<[u8]>,
    credits: bool,
    on_limits: OnLimits,
    /// Whether a server has taken `on_limits` to its mind.
    settled: AtomicBool,
    seed: Option<Snapshot>,
    /// Whether a server has seen the seed.
    seeded: AtomicBool,
    known: Known,
}

impl RemoteWindow {
    pub(super) fn new(
        link: Arc<dyn Link>,
        manner: Manner,
        shape: Shape,
        config: &GateConfig,
        seed: Option<&Snapshot>,
    ) -> Self {
        Self {
            link,
            manner,
            shape_bytes: shape.to_bytes(),
            shape,
            credits: config.credits(),
            on_limits: config.on_limits(),
            settled: AtomicBool::new(config.on_limits() == OnLimits::Adopt),
            seed: seed.cloned(),
            seeded: AtomicBool::new(seed.is_none()),
            known: Known::new(config.limits()),
        }
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The limits in force, as last told.
    pub(super) fn limits(&self) -> Limits {
        self.known.limits()
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
        let answer = match *act {
            Act::Refund { value, booked } => {
                let ask = Ask::Refund {
                    value,
                    booked: booked.map(|booked| number_of(&booked, self.shape.base())),
                    credits: self.credits,
                };
                self.ask(way, &ask, until, |stand, tail| {
                    Some(match tail.refund()? {
                        Refund::Returned => Answer::Returned(reading(&self.shape, &stand)?),
                        Refund::Expired => Answer::Expired,
                        Refund::Underflow(holds) => Answer::Underflow(holds),
                    })
                })
                .await?
            }
            Act::Peek { value } => {
                self.ask(way, &Ask::Peek { value }, until, |stand, tail| {
                    decided(&stand, tail.peek()?, value)
                })
                .await?
            }
            Act::Check => {
                self.ask(way, &Ask::Peek { value: 1 }, until, |stand, tail| {
                    full(&stand, tail.peek()?.0)
                })
                .await?
            }
            Act::State => {
                self.ask(way, &Ask::State, until, |stand, tail| {
                    let frames = tail.frames(&stand, self.shape.kept())?;
                    Some(Answer::State(State::new(
                        answer::start_of(&self.shape, stand.frame),
                        frames,
                    )))
                })
                .await?
            }
            Act::Clear => self.ask(way, &Ask::Clear, until, done).await?,
            Act::SetLimits(limits) => self.set_limits(way, limits, until).await?,
            ref other => {
                return Err(StorageError::with_source(
                    StorageErrorKind::Protocol,
                    format!("{other:?} is an act that this storage does not know"),
                ));
            }
        };
        Ok(answer)
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
        self.first(way, until).await?;
        let bytes = Ask::SetLimits.to_bytes(head);
        let make = |stand: Stand, _: Tail<'_>| Some(stand);
        let stand = self.send(way, bytes, until, make).await?;
        self.known.set(&stand);
        // the builder's have nothing to say any more
        self.settled.store(true, Ordering::Relaxed);
        Ok(Answer::Done)
    }

    /// Asks, and makes an answer of what comes back.
    async fn ask<T>(
        &self,
        way: Way,
        ask: &Ask<'_>,
        until: Instant,
        make: impl FnOnce(Stand, Tail<'_>) -> Option<T> + Send,
    ) -> Result<T, StorageError> {
        self.first(way, until).await?;
        self.known_ask(way, ask, until, make).await
    }

    /// What has to be done on a server before anything else.
    async fn first(&self, way: Way, until: Instant) -> Result<(), StorageError> {
        if self.seeded.load(Ordering::Acquire) {
            return Ok(());
        }
        if let Some(seed) = &self.seed
            && let Some(start) = seed.current_frame()
        {
            // the frames that are left are those of the server's clock
            let look = Ask::Peek { value: 0 };
            let stand = self
                .known_ask(way, &look, until, |stand, _| Some(stand))
                .await?;
            let start = Moment::from(start).as_nanos() / 1_000;
            let newest = start / self.shape.base().max(1);
            if let Some(seed) = Seed::new(&self.shape, &stand, newest, seed.frames()) {
                // Two threads at once may both send it: the second finds counts, unless somebody cleared them in
                // between. Then they count again, which admits less.
                self.known_ask(way, &Ask::Seed(&seed), until, |_, tail| tail.seeded())
                    .await?;
            }
        }
        self.seeded.store(true, Ordering::Release);
        Ok(())
    }

    async fn known_ask<T>(
        &self,
        way: Way,
        ask: &Ask<'_>,
        until: Instant,
        make: impl FnOnce(Stand, Tail<'_>) -> Option<T> + Send,
    ) -> Result<T, StorageError> {
        let (limits, live) = self.known.to_start_with();
        let on_other = match self.on_limits {
            _ if self.settled.load(Ordering::Relaxed) => OnOther::Adopt,
            OnLimits::Replace => OnOther::Replace,
            OnLimits::Require => OnOther::Require,
            _ => OnOther::Adopt,
        };
        let head = Head {
            limits: &limits,
            on_other,
            live,
        };
        let make = |stand: Stand, rest: Tail<'_>| {
            // limits of a key that is not there are nobody's yet
            let settled = stand.exists;
            Some((make(stand, rest)?, settled))
        };
        let (answer, settled) = self.send(way, ask.to_bytes(head), until, make).await?;
        if settled {
            self.settled.store(true, Ordering::Relaxed);
        }
        Ok(answer)
    }

    async fn send<T>(
        &self,
        way: Way,
        ask: Vec<u8>,
        until: Instant,
        make: impl FnOnce(Stand, Tail<'_>) -> Option<T> + Send,
    ) -> Result<T, StorageError> {
        let turn = self.known.turn();
        let call = Call {
            script: self.manner.script.clone(),
            key: self.manner.key.clone(),
            shape: self.shape_bytes.clone(),
            ask,
            now: self
                .manner
                .clock
                .as_ref()
                .map(|clock| clock.now().as_nanos() / 1_000),
        };
        let bytes = match way {
            Way::Blocking => self.link.run(&call, until)?,
            Way::Awaited => self.link.run_async(&call, until).await?,
        };
        let wrong = || StorageError::new(StorageErrorKind::Protocol);
        match read(&bytes, self.shape.spans().len()).ok_or_else(wrong)? {
            Reply::Done(stand, rest) => {
                self.known.told(turn, &stand);
                make(stand, rest).ok_or_else(wrong)
            }
            other => Err(answer::refused(other, &self.shape, self.known.initial())),
        }
    }

    async fn book_on(
        &self,
        way: Way,
        batch: &Batch,
        until: Instant,
    ) -> Result<Booked, StorageError> {
        self.ask(way, &Ask::Update(batch), until, |stand, tail| {
            tail.booked(stand, batch)
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
        Duration::from_micros(self.shape.base())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as every reader of a tail")]
fn done(_: Stand, _: Tail<'_>) -> Option<Answer> {
    Some(Answer::Done)
}
