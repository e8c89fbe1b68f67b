//! A connection for each runtime: the task that drives one ends with the runtime that it was made in.

use crate::link::message::Message;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{RedisResult, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Id;

/// So many runtimes have a connection; the one that came first loses it to the next.
const MOST_RUNTIMES: usize = 16;

#[derive(Default)]
pub(super) struct Lanes(Mutex<Vec<Lane>>);

/// What a runtime has.
struct Lane {
    runtime: Id,
    line: Option<Arc<Line>>,
    /// Held by who makes a connection.
    dialing: Arc<tokio::sync::Mutex<()>>,
}

/// One connection.
pub(super) struct Line {
    connection: MultiplexedConnection,
    made: Instant,
    /// When the last answer came, in microseconds after `made`.
    answered: AtomicU64,
}

impl Lanes {
    /// The connection of this runtime, or what to hold while making it.
    pub(super) fn of(&self, here: Id) -> Result<Arc<Line>, Arc<tokio::sync::Mutex<()>>> {
        let mut lanes = self.lock();
        if let Some(lane) = lanes.iter().find(|lane| lane.runtime == here) {
            return lane.line.clone().ok_or_else(|| Arc::clone(&lane.dialing));
        }
        if lanes.len() >= MOST_RUNTIMES {
            lanes.remove(0);
        }
        let dialing = Arc::default();
        lanes.push(Lane {
            runtime: here,
            line: None,
            dialing: Arc::clone(&dialing),
        });
        Err(dialing)
    }

    pub(super) fn keep(&self, here: Id, line: &Arc<Line>) {
        if let Some(lane) = self.lock().iter_mut().find(|lane| lane.runtime == here) {
            lane.line = Some(Arc::clone(line));
        }
    }

    /// The next call makes another connection; those under way on `line` keep it.
    pub(super) fn forget(&self, here: Id, line: &Arc<Line>) {
        if let Some(lane) = self.lock().iter_mut().find(|lane| lane.runtime == here) {
            lane.line.take_if(|kept| Arc::ptr_eq(kept, line));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    pub(super) fn new(connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            made: Instant::now(),
            answered: AtomicU64::new(0),
        }
    }

    pub(super) async fn send(&self, message: &Message) -> RedisResult<Value> {
        let mut connection = self.connection.clone();
        let answer = match message.pipeline() {
            Ok(command) => connection.send_packed_command(command).await?,
            Err(pipeline) => connection
                .req_packed_commands(&pipeline, 0, message.answers())
                .await?
                .pop()
                .unwrap_or(Value::Nil),
        };
        self.answered.fetch_max(self.age(), Ordering::Relaxed);
        Ok(answer)
    }

    /// How long it has existed, in microseconds.
    pub(super) fn age(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether an answer came at that age or later.
    pub(super) fn answered_since(&self, age: u64) -> bool {
        self.answered.load(Ordering::Relaxed) >= age
    }

    /// How long no answer came.
    pub(super) fn quiet(&self) -> Duration {
        let answered = self.answered.load(Ordering::Relaxed);
        Duration::from_micros(self.age().saturating_sub(answered))
    }
}
