//! The connections that no call has, and how new ones come about.

use super::left;
use crate::link::fault::{Fault, Reason};
use redis::{Connection, RedisError, RedisResult};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, thread};

/// So many unused connections are kept.
const MOST_IDLE: usize = 16;
/// So many connections are made at a time.
const MOST_DIALING: usize = 16;
/// How long making one may take, whatever its caller still waits for: the next caller can use it.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Pool {
    client: redis::Client,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The last used one last.
    idle: Vec<Idle>,
    /// Callers without a connection.
    waiting: usize,
    /// Attempts under way.
    dialing: usize,
    /// Attempts ever made.
    attempts: u64,
    /// The latest attempt that failed, and why.
    failed: Option<(u64, RedisError)>,
}

pub(super) struct Idle {
    pub(super) connection: Connection,
    /// When it was made or brought its last answer.
    pub(super) since: Instant,
}

impl Pool {
    pub(super) fn new(client: redis::Client) -> Self {
        Self {
            client,
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
            let Some(patience) = left(until) else {
                break Err(Fault::unsent(Reason::TooLate));
            };
            if state.dialing < state.waiting.min(MOST_DIALING) {
                if let Err(error) = self.dial(state.attempts) {
                    break Err(Fault::unsent(error));
                }
                state.attempts += 1;
                state.dialing += 1;
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
        state.keep(connection);
        if state.waiting > 0 {
            drop(state);
            self.changed.notify_one();
        }
    }

    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut self.lock().idle);
        // closing them is no business of who waits for the lock
        drop(idle);
    }

    /// Begins to make a connection.
    fn dial(self: &Arc<Self>, attempt: u64) -> io::Result<()> {
        let pool = Arc::clone(self);
        thread::Builder::new()
            .name("call_gate redis".to_owned())
            .spawn(move || {
                let _over = Over(&pool);
                let made = connect(&pool.client);
                let mut state = pool.lock();
                match made {
                    Ok(connection) => state.keep(connection),
                    Err(error) if state.failed.as_ref().is_none_or(|(a, _)| *a < attempt) => {
                        state.failed = Some((attempt, error));
                    }
                    Err(_) => {}
                }
            })
            .map(drop)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, connection: Connection) {
        if self.idle.len() < MOST_IDLE {
            self.idle.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }
}

/// Counts an attempt as over when it is dropped, however it ended.
struct Over<'p>(&'p Pool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.lock().dialing -= 1;
        self.0.changed.notify_all();
    }
}

fn connect(client: &redis::Client) -> RedisResult<Connection> {
    #[cfg(feature = "tls")]
    crate::link::tls::provide();
    client.get_connection_with_timeout(PATIENCE)
}
