//! A master that sentinels know the address of.

use super::Route;
use super::address::{at, listed};
use super::client::Client;
use super::fault::{Fault, Reason};
use super::message::Message;
use crate::script::Call;
use call_gate_core::{StorageErrorKind, Way};
use redis::{ConnectionInfo, RedisConnectionInfo, RedisError, Value};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The sentinels are asked for the master at most this often.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// One master and its replicas, watched by sentinels.
pub(crate) struct Sentinel {
    /// The one that knew last comes first.
    sentinels: Mutex<Vec<Arc<Client>>>,
    master: String,
    /// How the master is connected to, but for its address.
    like: ConnectionInfo,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    server: Option<(Address, Arc<Client>)>,
    /// Whether the sentinels are to be asked before the next call.
    doubted: bool,
    asked: Option<Instant>,
    /// When no sentinel could tell, and why.
    failed: Option<(Instant, Fault)>,
}

/// Host and port.
type Address = (String, u16);

impl Sentinel {
    /// The master that the sentinels at `urls` call `master`. Database, credentials and TLS of the first are those for
    /// it; a sentinel is asked with its own credentials, and without if it does not want them.
    pub(crate) fn new(urls: &[String], master: String) -> Result<Self, RedisError> {
        let (sentinels, like) = listed(urls)?;
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for sentinel in sentinels {
            let settings = sentinel.redis_settings().clone().set_db(0);
            if settings.password().is_some() {
                let bare = RedisConnectionInfo::default().set_protocol(settings.protocol());
                without.push(sentinel.clone().set_redis_settings(bare));
            }
            with.push(sentinel.set_redis_settings(settings));
        }
        let mut sentinels = Vec::new();
        for info in with.into_iter().chain(without) {
            sentinels.push(Arc::new(Client::new(redis::Client::open(info)?)));
        }
        Ok(Self {
            sentinels: Mutex::new(sentinels),
            master,
            like,
            known: Mutex::default(),
        })
    }

    /// The master, as far as is known; sentinels are asked where there is doubt.
    async fn server(&self, way: Way, until: Instant) -> Result<Arc<Client>, Fault> {
        if let Some(answer) = self.known().answer() {
            return answer;
        }
        let outcome = self.ask(way, until).await;
        let mut known = self.known();
        let address = match outcome {
            Ok(address) => address,
            Err(fault) => {
                known.failed = Some((Instant::now(), fault.clone()));
                return Err(fault);
            }
        };
        known.doubted = false;
        known.failed = None;
        if let Some((at, server)) = &known.server
            && *at == address
        {
            return Ok(Arc::clone(server));
        }
        let (host, port) = &address;
        let server = Arc::new(Client::new(at(&self.like, host, *port)?));
        known.server = Some((address, Arc::clone(&server)));
        Ok(server)
    }

    /// Asks one sentinel after the other, until one tells the master's address.
    async fn ask(&self, way: Way, until: Instant) -> Result<Address, Fault> {
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(&self.master);
        let question = Message::new(question);
        let sentinels = self.sentinels().clone();
        let mut failed: Option<Fault> = None;
        for sentinel in sentinels {
            // one that hangs must leave time for the others and for the call
            let now = Instant::now();
            let patience = now + until.saturating_duration_since(now) / 2;
            let fault = match sentinel.exchange(way, &question, patience).await {
                Ok(answer) => match read(&answer) {
                    Ok(address) => {
                        self.sentinels()
                            .sort_by_key(|other| !Arc::ptr_eq(other, &sentinel));
                        return Ok(address);
                    }
                    Err(reason) => Fault::unsent(reason),
                },
                // a question that was sent in vain is no call that may have run
                Err(fault) => fault.of_a_question(),
            };
            if failed
                .as_ref()
                .is_none_or(|failed| weight(failed) <= weight(&fault))
            {
                failed = Some(fault);
            }
        }
        Err(failed.unwrap_or_else(|| Fault::unsent(Reason::NoMaster)))
    }

    fn sentinels(&self) -> MutexGuard<'_, Vec<Arc<Client>>> {
        self.sentinels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// What is to be answered without asking; whoever gets nothing asks.
    fn answer(&mut self) -> Option<Result<Arc<Client>, Fault>> {
        let is_recent = |at: Instant| at.elapsed() < ASK_AGAIN;
        let answer = match (&self.server, &self.failed) {
            (Some((_, server)), _) if !self.doubted || self.asked.is_some_and(is_recent) => {
                Some(Ok(Arc::clone(server)))
            }
            (None, Some((at, fault))) if is_recent(*at) => Some(Err(fault.clone())),
            _ => None,
        };
        if answer.is_none() {
            self.asked = Some(Instant::now());
        }
        answer
    }

    fn doubt(&mut self, suspect: &Arc<Client>) {
        if let Some((_, server)) = &self.server {
            self.doubted |= Arc::ptr_eq(server, suspect);
        }
    }
}

/// How much a failure says of all sentinels. One that may know the master and could not tell outweighs one that does
/// not let this client in or is none at all, and both outweigh one that is not there.
fn weight(fault: &Fault) -> u8 {
    match fault.kind() {
        StorageErrorKind::Unavailable | StorageErrorKind::TimedOut if fault.is_unreached() => 0,
        StorageErrorKind::Unavailable | StorageErrorKind::TimedOut => 2,
        _ => 1,
    }
}

/// What a sentinel says: host and port, or nothing.
fn read(answer: &Value) -> Result<Address, Reason> {
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    };
    match answer {
        Value::Nil => Err(Reason::NoMaster),
        Value::Array(parts) => match parts.as_slice() {
            [host, port] => text(host)
                .zip(text(port).and_then(|port| port.parse().ok()))
                .ok_or(Reason::NotAnAddress),
            _ => Err(Reason::NotAnAddress),
        },
        _ => Err(Reason::NotAnAddress),
    }
}

impl Route for Sentinel {
    async fn route(&self, way: Way, call: &Call, until: Instant) -> Result<Vec<u8>, Fault> {
        let server = self.server(way, until).await?;
        let outcome = server.call(way, call, false, until).await;
        if let Err(fault) = &outcome
            && fault.is_of_the_server()
        {
            self.known().doubt(&server);
        }
        outcome
    }
}

impl fmt::Debug for Sentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentinel")
            .field("sentinels", &*self.sentinels())
            .field("master", &self.master)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn fault(line: &str) -> Fault {
        let answer = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        Fault::answered(answer.extract_error().unwrap_err())
    }

    #[test]
    fn who_is_not_let_in_by_one_may_be_by_another() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let away = Fault::unsent(RedisError::from(refused));
        let slow = io::Error::from(io::ErrorKind::TimedOut);
        let slow = Fault::unsent(RedisError::from(slow));
        let stranger = fault("NOAUTH Authentication required.");
        let silent = Fault::sent(Reason::TooLate).of_a_question();
        let ignorant = Fault::unsent(Reason::NoMaster);
        assert!(weight(&away) < weight(&stranger));
        assert!(weight(&stranger) < weight(&silent));
        assert_eq!(weight(&silent), weight(&ignorant));
        assert_eq!(weight(&silent), weight(&slow));
    }

    #[test]
    fn sentinels_are_not_asked_again_at_once() {
        let mut known = Known::default();
        assert!(known.answer().is_none());
        known.failed = Some((Instant::now(), Fault::unsent(Reason::NoMaster)));
        assert!(known.answer().is_some_and(|answer| answer.is_err()));
        let client = redis::Client::open("redis://host:1").unwrap();
        let server = Arc::new(Client::new(client));
        known.server = Some((("host".to_owned(), 1), Arc::clone(&server)));
        known.doubt(&server);
        known.asked = None;
        assert!(known.answer().is_none());
        // by another caller, while the first one asks
        assert!(known.answer().is_some_and(|answer| answer.is_ok()));
    }
}
