//! One gate on a server: acts of the contract as questions to the script, and its words as answers.

mod answer;
mod counter;
mod known;
mod window;

use crate::desk::{Desk, Lease};
use crate::link::Link;
use crate::policy::Spans;
use crate::protocol::{MOST, Shape};
use crate::script::Script;
use call_gate_core::{
    Act, Answer, BoxFuture, Clock, Deadline, Denial, GateConfig, Key, Limits, Remote, Snapshot,
    StorageError, Way, at_once,
};
use std::sync::Arc;
use std::time::Duration;
use window::RemoteWindow;

/// How a gate is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Manner {
    pub(crate) script: Script,
    pub(crate) key: Arc<[u8]>,
    /// How long one call may take.
    pub(crate) deadline: Duration,
    pub(crate) coalesce: bool,
    pub(crate) lease: Option<Lease>,
    /// The most that the head of a queue waits beyond its time.
    pub(crate) spread: Duration,
    /// For a script that is told the time.
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

/// One gate as this process has it.
#[derive(Debug)]
pub(crate) struct RedisGate {
    window: Arc<RemoteWindow>,
    desk: Arc<Desk<RemoteWindow>>,
    spread: Duration,
}

impl RedisGate {
    pub(crate) fn new(
        link: Arc<dyn Link>,
        manner: Manner,
        shapes: (Shape, Option<Shape>),
        config: &GateConfig,
        seed: Option<&Snapshot>,
    ) -> Self {
        let (coalesce, lease, spread) = (manner.coalesce, manner.lease, manner.spread);
        let window = Arc::new(RemoteWindow::new(link, manner, shapes, config, seed));
        Self {
            desk: Arc::new(Desk::new(window.clone(), coalesce, lease)),
            window,
            spread,
        }
    }

    async fn act(&self, way: Way, act: &Act, by: Deadline) -> Result<Answer, StorageError> {
        let until = self.window.until(by);
        if let Act::Update { value } = *act {
            let told = match way {
                Way::Blocking => self.desk.update(value, until)?,
                Way::Awaited => self.desk.update_async(value, until).await?,
            };
            return Ok(answer::told(&self.window.counter, value, &told));
        }
        let _voids = Voids(&self.desk, act);
        self.window.act(way, act, until).await
    }
}

/// Voids what the desk remembers once `act` is over, however it ends: it may have been done, and there may be room.
struct Voids<'a>(&'a Desk<RemoteWindow>, &'a Act);

impl Drop for Voids<'_> {
    fn drop(&mut self) {
        match self.1 {
            Act::Refund { .. } => self.0.forget(),
            // a lease was granted under other limits, or is counted no more
            Act::SetLimits(_) | Act::SetSpan { .. } | Act::Clear => self.0.cleared(),
            _ => {}
        }
    }
}

impl Remote for RedisGate {
    fn call(&self, _: &Key, act: &Act, by: Deadline) -> Result<Answer, StorageError> {
        at_once(self.act(Way::Blocking, act, by))
    }

    fn call_async<'a>(
        &'a self,
        _: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(async move { self.act(Way::Awaited, &act, by).await })
    }

    fn limits(&self, _: &Key) -> Limits {
        self.window.limits()
    }

    fn largest_limit(&self) -> u64 {
        MOST
    }

    fn ask_again_after(&self, denial: &Denial) -> Duration {
        denial.retry_after() + known::part_of(self.spread)
    }
}

impl Spans for RedisGate {
    fn span_limits(&self) -> Vec<Option<u64>> {
        self.window.span_limits()
    }
}
