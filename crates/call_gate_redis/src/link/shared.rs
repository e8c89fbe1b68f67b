//! The connection for tasks: one that all calls share, made by deadpool.

mod lane;
mod line;

use super::fault::{Fault, Reason};
use super::message::Message;
use deadpool_redis::{Connection, Manager, Pool, PoolError};
use lane::Lanes;
use line::{Line, Trust};
use redis::{AsyncConnectionConfig, ConnectionInfo, Value};
use std::error::Error;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, Id};
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Sleep, sleep_until, timeout_at};

/// How long making a connection may take at least, whatever its caller still waits for: the next caller can use it.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longer than any deadline of ours, which are the ones that count.
const NEVER: Duration = Duration::from_secs(24 * 3600);
/// So many calls can be handed to the connection before one has to wait to be.
const QUEUE: usize = 1024;

/// The common connections of one server, one for each runtime.
#[derive(Clone)]
pub(super) struct Shared {
    /// Or why there is none.
    pool: Result<Pool, Arc<dyn Error + Send + Sync>>,
    /// Whether others made the pool, with settings of their own.
    foreign: bool,
    lanes: Arc<Lanes<Line>>,
}

impl Shared {
    pub(super) fn new(info: ConnectionInfo) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(None)
            .set_pipeline_buffer_size(QUEUE);
        // a connection leaves the pool when it is made
        let pool = Manager::new_with_config(info, config)
            .map_err(|error| Arc::new(error) as _)
            .and_then(|manager| {
                let pool = Pool::builder(manager).build();
                pool.map_err(|error| Arc::new(error) as _)
            });
        Self {
            pool,
            foreign: false,
            lanes: Arc::default(),
        }
    }

    pub(super) fn pooled(pool: Pool) -> Self {
        Self {
            pool: Ok(pool),
            foreign: true,
            lanes: Arc::default(),
        }
    }

    pub(super) async fn exchange(&self, message: &Message, until: Instant) -> Result<Value, Fault> {
        let here = Handle::try_current()
            .map_err(|_| Fault::unsupported(Reason::NoRuntime))?
            .id();
        if until <= Instant::now() {
            return Err(Fault::unsent(Reason::TooLate));
        }
        let mut timer = pin!(alarm(until)?);
        let line = self.standing(here, timer.as_mut(), until).await?;
        let sent = line.age();
        match within(timer, line.send(message)).await {
            Some(Ok(answer)) => answer.extract_error().map_err(|error| {
                let fault = Fault::answered(error);
                if fault.is_demoted() {
                    self.lanes.forget(here, &line);
                }
                fault
            }),
            Some(Err(error)) => {
                self.lanes.forget(here, &line);
                Err(Fault::sent(error))
            }
            None => {
                // who answers others meanwhile is slow and not gone
                if !line.answered_since(sent) {
                    self.lanes.forget(here, &line);
                }
                Err(Fault::sent(Reason::TooLate))
            }
        }
    }

    /// A connection that stands, as far as can be known.
    async fn standing(
        &self,
        here: Id,
        mut timer: Pin<&mut Sleep>,
        until: Instant,
    ) -> Result<Arc<Line>, Fault> {
        let ping = Message::new(redis::cmd("PING"));
        loop {
            let line = within(timer.as_mut(), self.line(here, until))
                .await
                .ok_or_else(|| Fault::unsent(Reason::TooLate))??;
            match line.trust() {
                Trust::Stands => return Ok(line),
                Trust::Doubtful => {}
                Trust::Dead => {
                    self.lanes.forget(here, &line);
                    continue;
                }
            }
            match within(timer.as_mut(), line.send(&ping)).await {
                Some(Ok(_)) => return Ok(line),
                Some(Err(_)) => self.lanes.forget(here, &line),
                None => {
                    self.lanes.forget(here, &line);
                    return Err(Fault::unsent(Reason::TooLate));
                }
            }
        }
    }

    /// The connection of this runtime; made by one caller at a time.
    async fn line(&self, here: Id, until: Instant) -> Result<Arc<Line>, Fault> {
        let dialing = match self.lanes.of(here) {
            Ok(line) => return Ok(line),
            Err(dialing) => dialing,
        };
        let turn = dialing.lock_owned().await;
        if let Ok(line) = self.lanes.of(here) {
            return Ok(line);
        }
        // a task, so that it goes on when its caller leaves
        tokio::spawn(self.clone().dial(here, until, turn))
            .await
            .unwrap_or_else(|lost| {
                Err(if lost.is_panic() {
                    Fault::unsupported(Reason::NoDriver)
                } else {
                    Fault::unsent(Reason::AttemptLost)
                })
            })
    }

    async fn dial(
        self,
        here: Id,
        until: Instant,
        _turn: OwnedMutexGuard<()>,
    ) -> Result<Arc<Line>, Fault> {
        #[cfg(feature = "tls")]
        super::tls::provide();
        let pool = self.pool.map_err(Fault::unsupported)?;
        let end = until.max(Instant::now() + PATIENCE);
        let made = timeout_at(end.into(), pool.get())
            .await
            .map_err(|_| Fault::unsent(Reason::TooLate))?;
        let mut connection = match made {
            Ok(object) => Connection::take(object),
            Err(PoolError::Backend(error)) => return Err(Fault::unsent(error)),
            Err(error @ (PoolError::Closed | PoolError::NoRuntimeSpecified)) => {
                return Err(Fault::unsupported(error));
            }
            Err(error) => return Err(Fault::unsent(error)),
        };
        if self.foreign {
            connection.set_response_timeout(NEVER);
        }
        let line = Arc::new(Line::new(connection));
        self.lanes.keep(here, &line);
        Ok(line)
    }
}

/// tokio cannot be asked whether a runtime has a time driver (tokio#8361): making a timer panics without one.
fn alarm(until: Instant) -> Result<Sleep, Fault> {
    catch_unwind(AssertUnwindSafe(|| sleep_until(until.into())))
        .map_err(|_| Fault::unsupported(Reason::NoTimer))
}

/// The outcome of `work`; `None`: the timer was first.
async fn within<T>(mut timer: Pin<&mut Sleep>, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}
