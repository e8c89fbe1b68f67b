//! Connections for threads: each call has one to itself, and leaves it to the next.
//!
//! What is left of the time is set anew before each answer is read, but the library lets nobody in between the reads
//! of one answer: a peer that sends a single answer in drips holds its caller until it is whole, each drip for as long
//! as was left when the first was awaited. Our scripts answer in some hundred bytes, which come in one piece.

mod pool;

use super::fault::{Fault, Reason};
use super::message::Message;
use pool::{Idle, Pool};
use redis::{Connection, Value};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection that was not used for so long is asked whether it still stands: its server may have been restarted,
/// and a call that is lost on a dead connection counts as done.
const TRUSTED: Duration = Duration::from_secs(1);

/// The connections of one server.
pub(super) struct Blocking {
    pool: Arc<Pool>,
}

impl Blocking {
    pub(super) fn new(client: redis::Client) -> Self {
        Self {
            pool: Arc::new(Pool::new(client)),
        }
    }

    pub(super) fn exchange(&self, message: &Message, until: Instant) -> Result<Value, Fault> {
        if left(until).is_none() {
            return Err(Fault::unsent(Reason::TooLate));
        }
        let mut connection = self.standing(until)?;
        let answer = match send(&mut connection, message, until) {
            Ok(answer) => answer.extract_error().map_err(Fault::answered),
            Err(fault) => {
                self.lost(&fault);
                return Err(fault);
            }
        };
        match answer {
            Err(fault) if fault.is_demoted() => {
                self.pool.clear();
                Err(fault)
            }
            answer => {
                self.pool.put(connection);
                answer
            }
        }
    }

    /// A connection that stands, as far as can be known.
    fn standing(&self, until: Instant) -> Result<Connection, Fault> {
        let ping = Message::new(redis::cmd("PING"));
        loop {
            let Idle {
                mut connection,
                since,
                doubted,
            } = self.pool.take(until)?;
            if !doubted && since.elapsed() < TRUSTED {
                return Ok(connection);
            }
            // one that hangs must leave time for another, and for the call
            let now = Instant::now();
            let patience = now + until.saturating_duration_since(now) / 2;
            match send(&mut connection, &ping, patience) {
                Ok(_) => return Ok(connection),
                Err(fault) => self.lost(&fault),
            }
        }
    }

    /// A connection is dropped for `fault`, and what it says of the others is drawn from it.
    fn lost(&self, fault: &Fault) {
        if fault.is_gone() {
            self.pool.clear();
        } else {
            self.pool.doubt();
        }
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}

fn send(connection: &mut Connection, message: &Message, until: Instant) -> Result<Value, Fault> {
    let patience = left(until).ok_or_else(|| Fault::unsent(Reason::TooLate))?;
    connection
        .set_write_timeout(Some(patience))
        .map_err(Fault::unsent)?;
    connection
        .send_packed_command(&message.packed())
        .map_err(Fault::sent)?;
    let mut answer = Value::Nil;
    for _ in 0..message.answers() {
        answer = receive(connection, until)?;
    }
    Ok(answer)
}

fn receive(connection: &mut Connection, until: Instant) -> Result<Value, Fault> {
    loop {
        let patience = left(until).ok_or_else(|| Fault::sent(Reason::TooLate))?;
        connection
            .set_read_timeout(Some(patience))
            .map_err(Fault::sent)?;
        match connection.recv_response().map_err(Fault::sent)? {
            // news that nobody asked for, of a connection that was set to RESP3
            Value::Push { .. } => {}
            answer => return Ok(answer),
        }
    }
}

/// What is left, if anything.
fn left(until: Instant) -> Option<Duration> {
    Some(until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
}
