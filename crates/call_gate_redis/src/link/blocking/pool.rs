//! The connections that no call has, and how new ones come about.

use super::left;
use crate::link::fault::{Fault, Reason};
use redis::{Connection, ErrorKind, RedisError, RedisResult};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

/// So many unused connections are kept.
const MOST_IDLE: usize = 256;
/// A connection that nobody needed for so long is closed when the next call comes.
const KEPT: Duration = Duration::from_secs(30);
/// So many connections are made at a time.
const MOST_DIALING: usize = 16;
/// How long making one may take at least, whatever its caller still waits for: the next caller can use it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes one connection within the time given.
type Connect = Box<dyn Fn(Duration) -> RedisResult<Connection> + Send + Sync>;

pub(super) struct Pool {
    connect: Connect,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The last used one last.
    idle: Vec<Idle>,
    /// Callers without a connection.
    waiting: usize,
    dialing: Vec<Attempt>,
    /// Attempts ever made.
    attempts: u64,
    /// The latest attempt that failed, and why.
    failed: Option<(u64, RedisError)>,
}

/// A connection under way.
struct Attempt {
    number: u64,
    /// When it should be over. Looking up a name may hang for longer, and must not keep others from trying.
    end: Instant,
}

pub(super) struct Idle {
    pub(super) connection: Connection,
    /// When it was made or brought its last answer.
    pub(super) since: Instant,
    /// Whether another connection failed since.
    pub(super) doubted: bool,
}

impl Pool {
    pub(super) fn new(client: redis::Client) -> Self {
        Self::of(Box::new(move |patience| {
            #[cfg(feature = "tls")]
            crate::link::tls::provide();
            client.get_connection_with_timeout(patience)
        }))
    }

    fn of(connect: Connect) -> Self {
        Self {
            connect,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// An idle connection, or a new one. It is made on a thread of its own, because looking up a name and the steps of
    /// a handshake keep no deadline.
    pub(super) fn take(self: &Arc<Self>, until: Instant) -> Result<Idle, Fault> {
        let mut state = self.lock();
        if let Some(idle) = state.idle.pop() {
            return Ok(idle);
        }
        let first = state.attempts;
        state.waiting += 1;
        let taken = loop {
            if let Some(idle) = state.idle.pop() {
                break Ok(idle);
            }
            if let Some((attempt, error)) = &state.failed
                && *attempt >= first
            {
                break Err(Fault::unsent(error.clone()));
            }
            let Some(mut patience) = left(until) else {
                break Err(Fault::unsent(Reason::TooLate));
            };
            if state.hopeful() < state.waiting
                && state.dialing.len() < MOST_DIALING
                && let Err(error) = self.dial(&mut state, until.max(Instant::now() + PATIENCE))
            {
                break Err(Fault::unsent(error));
            }
            if let Some(next) = state.next_overdue() {
                patience = patience.min(next);
            }
            state = self
                .changed
                .wait_timeout(state, patience)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        };
        state.waiting -= 1;
        taken
    }

    pub(super) fn put(&self, connection: Connection) {
        let mut state = self.lock();
        let closing = state.keep(connection);
        let wanted = state.waiting > 0;
        drop(state);
        if wanted {
            self.changed.notify_one();
        }
        // closing them is no business of who waits for the lock
        drop(closing);
    }

    /// No idle connection is used before it has answered a question.
    pub(super) fn doubt(&self) {
        for idle in &mut self.lock().idle {
            idle.doubted = true;
        }
    }

    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        drop(idle);
    }

    /// Begins to make a connection.
    fn dial(self: &Arc<Self>, state: &mut State, end: Instant) -> io::Result<()> {
        let pool = Arc::clone(self);
        let number = state.attempts;
        let patience = end.saturating_duration_since(Instant::now());
        thread::Builder::new()
            .name("call_gate redis".to_owned())
            .spawn(move || {
                let mut over = Over {
                    pool: &pool,
                    number,
                    outcome: None,
                };
                over.outcome = Some((pool.connect)(patience));
            })?;
        // the thread cannot be over yet: that takes the lock
        state.attempts += 1;
        state.dialing.push(Attempt { number, end });
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps a connection, and gives back those that are one too many.
    fn keep(&mut self, connection: Connection) -> Vec<Idle> {
        self.idle.push(Idle {
            connection,
            since: Instant::now(),
            doubted: false,
        });
        let unused = self
            .idle
            .partition_point(|idle| idle.since.elapsed() >= KEPT);
        let above = self.idle.len().saturating_sub(MOST_IDLE);
        self.idle.drain(..unused.max(above)).collect()
    }

    /// How many attempts may still bring something in time.
    fn hopeful(&self) -> usize {
        let now = Instant::now();
        self.dialing.iter().filter(|one| one.end > now).count()
    }

    /// How long until one less may.
    fn next_overdue(&self) -> Option<Duration> {
        let now = Instant::now();
        let ends = self.dialing.iter().map(|one| one.end);
        ends.filter(|end| *end > now).min().map(|end| end - now)
    }
}

/// Takes note of an attempt when it is dropped, however it ended.
struct Over<'p> {
    pool: &'p Pool,
    number: u64,
    /// Nothing: connecting panicked.
    outcome: Option<RedisResult<Connection>>,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        let outcome = self
            .outcome
            .take()
            .unwrap_or_else(|| Err(RedisError::from((ErrorKind::Client, "connecting panicked"))));
        let mut state = self.pool.lock();
        state.dialing.retain(|one| one.number != self.number);
        let mut closing = Vec::new();
        match outcome {
            Ok(connection) => closing = state.keep(connection),
            Err(error) => {
                let latest = state.failed.as_ref().map(|(number, _)| *number);
                if latest.is_none_or(|latest| latest < self.number) {
                    state.failed = Some((self.number, error));
                }
            }
        }
        drop(state);
        self.pool.changed.notify_all();
        drop(closing);
    }
}

#[cfg(test)]
mod tests;
