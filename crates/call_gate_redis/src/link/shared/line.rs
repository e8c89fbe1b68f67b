//! One connection that calls share, and what is known of whether it stands.

use crate::link::message::Message;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{RedisResult, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A connection that brought no answer for so long is asked whether it still stands: its server may have been
/// restarted, and a call that is lost on a dead connection counts as done.
const TRUSTED: Duration = Duration::from_secs(1);
/// No caller waited in vain.
const NEVER: u64 = u64::MAX;

/// One connection.
///
/// The marks are of this connection only and guard nothing, so they are relaxed: a caller that misses the latest asks
/// once more than it has to, or once less.
pub(super) struct Line {
    connection: MultiplexedConnection,
    made: Instant,
    /// When the last answer came, in microseconds after `made`.
    answered: AtomicU64,
    /// When the first caller since then left without an answer, counted alike.
    left: AtomicU64,
}

/// How far a connection can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    Stands,
    /// It is to be asked first.
    Doubtful,
    /// Callers have asked and left for so long that it is to be replaced.
    Dead,
}

/// Doubts the connection when it is dropped before the answer came, as when a caller is cancelled.
pub(super) struct Awaiting<'l>(Option<&'l Line>);

impl Line {
    pub(super) fn new(connection: MultiplexedConnection) -> Self {
        Self {
            connection,
            made: Instant::now(),
            answered: AtomicU64::new(0),
            left: AtomicU64::new(NEVER),
        }
    }

    pub(super) async fn send(&self, message: &Message) -> RedisResult<Value> {
        let mut awaiting = Awaiting(Some(self));
        let mut connection = self.connection.clone();
        let answer = match message.pipeline() {
            Ok(command) => connection.send_packed_command(command).await?,
            Err(pipeline) => connection
                .req_packed_commands(&pipeline, 0, message.answers())
                .await?
                .pop()
                .unwrap_or(Value::Nil),
        };
        awaiting.0 = None;
        self.answered.fetch_max(self.age(), Ordering::Relaxed);
        self.left.store(NEVER, Ordering::Relaxed);
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

    pub(super) fn trust(&self) -> Trust {
        let answered = self.answered.load(Ordering::Relaxed);
        trust(self.age(), answered, self.left.load(Ordering::Relaxed))
    }
}

fn trust(age: u64, answered: u64, left: u64) -> Trust {
    let is_long_ago = |then| Duration::from_micros(age.saturating_sub(then)) >= TRUSTED;
    if left != NEVER {
        if is_long_ago(left) {
            Trust::Dead
        } else {
            Trust::Doubtful
        }
    } else if is_long_ago(answered) {
        Trust::Doubtful
    } else {
        Trust::Stands
    }
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.0 {
            line.left.fetch_min(line.age(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_without_an_answer_leaves_doubt() {
        let second = 1_000_000;
        assert_eq!(trust(second, 1, NEVER), Trust::Stands);
        assert_eq!(trust(second, 0, NEVER), Trust::Doubtful);
        assert_eq!(trust(second, second - 1, second - 1), Trust::Doubtful);
        assert_eq!(trust(2 * second, second, second), Trust::Dead);
    }
}
