//! Several servers that share the keys among them.
//!
//! The routing is ours and not the library's, which retries what may have been executed, knows no deadline of a call,
//! and connects to all nodes, one after the other, for every thread.

mod map;
mod slot;

use super::Route;
use super::address::listed;
use super::client::Client;
use super::fault::{Fault, Reason};
use super::message::Message;
use crate::script::Call;
use call_gate_core::Way;
use map::Map;
use redis::RedisError;
use slot::slot_of;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So often a call follows where nodes send it.
const MOST_REDIRECTS: usize = 5;
/// The cluster is asked who serves what at most this often.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// A cluster of servers.
pub(crate) struct Cluster {
    /// Where to ask first.
    seeds: Vec<Arc<Client>>,
    map: Mutex<Map>,
}

impl Cluster {
    /// The cluster that the servers at `urls` are some of. Credentials and TLS of the first are those for all.
    pub(crate) fn new(urls: &[String]) -> Result<Self, RedisError> {
        let (nodes, like) = listed(urls)?;
        let mut seeds = Vec::with_capacity(nodes.len());
        for node in nodes {
            seeds.push(Arc::new(Client::new(redis::Client::open(node)?)));
        }
        Ok(Self {
            seeds,
            map: Mutex::new(Map::new(like)),
        })
    }

    /// Who serves the slot, as far as is known; the cluster is asked where there is doubt.
    async fn server_of(&self, way: Way, slot: u16, until: Instant) -> Result<Arc<Client>, Fault> {
        let candidates = {
            let mut map = self.lock();
            match map.find(slot) {
                Some(server) if !map.is_to_be_asked_for(ASK_AGAIN) => return Ok(server),
                Some(_) => {}
                None => {
                    if let Some(fault) = map.failed_within(ASK_AGAIN) {
                        return Err(fault);
                    }
                }
            }
            map.candidates(&self.seeds)
        };
        let outcome = self.learn(way, candidates, slot, until).await;
        let mut map = self.lock();
        if let Err(fault) = &outcome {
            map.fail(fault);
        }
        match map.find(slot) {
            Some(server) => Ok(server),
            None => Err(outcome
                .err()
                .unwrap_or_else(|| Fault::unsent(Reason::NoNode))),
        }
    }

    /// Asks one after the other, until one tells who serves what, the slot included.
    async fn learn(
        &self,
        way: Way,
        candidates: Vec<Arc<Client>>,
        slot: u16,
        until: Instant,
    ) -> Result<(), Fault> {
        let mut slots = redis::cmd("CLUSTER");
        slots.arg("SLOTS");
        let question = Message::new(slots);
        let mut outcome = Err(Fault::unsent(Reason::NoNode));
        for server in candidates {
            // one that hangs must leave time for the others and for the call
            let now = Instant::now();
            let patience = now + until.saturating_duration_since(now) / 2;
            outcome = match server.exchange(way, &question, patience).await {
                Ok(answer) => self.lock().learn(&answer, &server, slot),
                // a question that was sent in vain is no call that may have run
                Err(fault) => Err(fault.of_a_question()),
            };
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Route for Cluster {
    async fn route(&self, way: Way, call: &Call, until: Instant) -> Result<Vec<u8>, Fault> {
        let slot = slot_of(&call.key);
        let mut server = self.server_of(way, slot, until).await?;
        let mut asking = false;
        let mut redirects = 0;
        loop {
            let fault = match server.call(way, call, asking, until).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            match fault.redirect() {
                Some(to) if redirects < MOST_REDIRECTS => {
                    redirects += 1;
                    asking = to.ask;
                    server = self.lock().follow(slot, &server, &to)?;
                }
                _ => {
                    if fault.is_of_the_server() {
                        self.lock().doubt(Some(server));
                    }
                    return Err(fault);
                }
            }
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cluster").field(&self.seeds).finish()
    }
}
