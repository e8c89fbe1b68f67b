//! Which node of a cluster serves which keys.

use crate::link::address::at;
use crate::link::client::Client;
use crate::link::fault::{Fault, Reason, Redirect};
use redis::{ConnectionInfo, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is known of a cluster.
pub(super) struct Map {
    /// How every node is connected to, but for its address.
    like: ConnectionInfo,
    nodes: HashMap<Address, Arc<Client>>,
    /// In the order of their slots.
    ranges: Vec<Range>,
    /// What nodes said since.
    moved: HashMap<u16, Arc<Client>>,
    /// Whether it may be out of date.
    doubted: bool,
    /// Who made it doubtful.
    suspect: Option<Arc<Client>>,
    asked: Option<Instant>,
    /// When nobody could tell enough, and why.
    failed: Option<(Instant, Fault)>,
    turn: usize,
}

/// Host and port.
type Address = (String, u16);

struct Range {
    first: u16,
    last: u16,
    server: Arc<Client>,
}

impl Map {
    /// Nothing known yet.
    pub(super) fn new(like: ConnectionInfo) -> Self {
        Self {
            like,
            nodes: HashMap::new(),
            ranges: Vec::new(),
            moved: HashMap::new(),
            doubted: true,
            suspect: None,
            asked: None,
            failed: None,
            turn: 0,
        }
    }

    /// Who serves the slot.
    pub(super) fn find(&self, slot: u16) -> Option<Arc<Client>> {
        if let Some(server) = self.moved.get(&slot) {
            return Some(Arc::clone(server));
        }
        let after = self.ranges.partition_point(|range| range.first <= slot);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        range.holds(slot).then(|| Arc::clone(&range.server))
    }

    /// Whether it is doubtful, and nobody asked a short while ago.
    pub(super) fn is_to_be_asked_for(&self, again: Duration) -> bool {
        self.doubted && self.asked.is_none_or(|asked| asked.elapsed() >= again)
    }

    /// Why asking was in vain, if that was a short while ago.
    pub(super) fn failed_within(&self, again: Duration) -> Option<Fault> {
        let (at, fault) = self.failed.as_ref()?;
        (at.elapsed() < again).then(|| fault.clone())
    }

    pub(super) fn fail(&mut self, fault: &Fault) {
        self.failed = Some((Instant::now(), fault.clone()));
    }

    pub(super) fn doubt(&mut self, suspect: Option<Arc<Client>>) {
        self.doubted = true;
        self.suspect = suspect;
    }

    /// Whom to ask, in this order: another one first each time, and last the one that is to blame for asking.
    pub(super) fn candidates(&mut self, seeds: &[Arc<Client>]) -> Vec<Arc<Client>> {
        self.asked = Some(Instant::now());
        self.turn = self.turn.wrapping_add(1);
        let mut candidates: Vec<_> = self.nodes.values().cloned().collect();
        let turn = self.turn % candidates.len().max(1);
        candidates.rotate_left(turn);
        candidates.extend_from_slice(seeds);
        if let Some(suspect) = &self.suspect {
            candidates.sort_by_key(|server| Arc::ptr_eq(server, suspect));
        }
        candidates
    }

    /// Takes in the answer of `server` to `CLUSTER SLOTS`. One without `wanted` is a failure, and does not take the place
    /// of a fuller one: a node that has just joined, or was cast out, knows less than others.
    pub(super) fn learn(
        &mut self,
        answer: &Value,
        server: &Client,
        wanted: u16,
    ) -> Result<(), Fault> {
        let told =
            read(answer, server.host()).ok_or_else(|| Fault::answered(Reason::NotAnAddress))?;
        let mut ranges = Vec::with_capacity(told.len());
        for (first, last, address) in &told {
            ranges.push(Range {
                first: *first,
                last: *last,
                server: self.node(address)?,
            });
        }
        ranges.sort_by_key(|range| range.first);
        let is_told = ranges.iter().any(|range| range.holds(wanted));
        if is_told || covered(&ranges) > covered(&self.ranges) {
            self.ranges = ranges;
            self.nodes
                .retain(|address, _| told.iter().any(|(_, _, at)| at == address));
            self.moved.clear();
        }
        if !is_told {
            return Err(Fault::unsent(Reason::NoNode));
        }
        self.doubted = false;
        self.suspect = None;
        self.failed = None;
        Ok(())
    }

    /// The server that `from` says is to be asked for the slot.
    pub(super) fn follow(
        &mut self,
        slot: u16,
        from: &Client,
        to: &Redirect,
    ) -> Result<Arc<Client>, Fault> {
        let host = match to.host.as_str() {
            "" => from.host(),
            host => host,
        };
        let server = self.node(&(host.to_owned(), to.port))?;
        if !to.ask {
            self.moved.insert(slot, Arc::clone(&server));
            self.doubt(None);
        }
        Ok(server)
    }

    fn node(&mut self, address: &Address) -> Result<Arc<Client>, Fault> {
        if let Some(server) = self.nodes.get(address) {
            return Ok(Arc::clone(server));
        }
        let (host, port) = address;
        let server = Arc::new(Client::new(at(&self.like, host, *port)?));
        self.nodes.insert(address.clone(), Arc::clone(&server));
        Ok(server)
    }
}

impl Range {
    fn holds(&self, slot: u16) -> bool {
        (self.first..=self.last).contains(&slot)
    }
}

/// How many slots have a server.
fn covered(ranges: &[Range]) -> usize {
    ranges
        .iter()
        .map(|range| (range.first..=range.last).len())
        .sum()
}

/// First slot, last slot and master of each range; a master without a name is the one that was asked.
fn read(answer: &Value, asked: &str) -> Option<Vec<(u16, u16, Address)>> {
    let Value::Array(ranges) = answer else {
        return None;
    };
    ranges
        .iter()
        .map(|range| read_range(range, asked))
        .collect()
}

fn read_range(range: &Value, asked: &str) -> Option<(u16, u16, Address)> {
    let Value::Array(range) = range else {
        return None;
    };
    let [
        Value::Int(first),
        Value::Int(last),
        Value::Array(master),
        ..,
    ] = range.as_slice()
    else {
        return None;
    };
    let [host, Value::Int(port), ..] = master.as_slice() else {
        return None;
    };
    let host = match host {
        Value::BulkString(host) => std::str::from_utf8(host).ok()?,
        _ => "",
    };
    let host = if matches!(host, "" | "?") {
        asked
    } else {
        host
    };
    Some((
        u16::try_from(*first).ok()?,
        u16::try_from(*last).ok()?,
        (host.to_owned(), u16::try_from(*port).ok()?),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> (Map, Client) {
        let client = redis::Client::open("redis://seed:1").unwrap();
        let like = client.get_connection_info().clone();
        (Map::new(like), Client::new(client))
    }

    fn answer(ranges: &[(i64, i64, &str)]) -> Value {
        let master = |host: &str| Value::Array(vec![Value::BulkString(host.into()), Value::Int(7)]);
        let range = |&(first, last, host): &_| {
            Value::Array(vec![Value::Int(first), Value::Int(last), master(host)])
        };
        Value::Array(ranges.iter().map(range).collect())
    }

    #[test]
    fn an_answer_without_the_slot_is_a_failure_and_replaces_no_fuller_one() {
        let (mut map, seed) = map();
        // better than nothing, but not enough
        map.learn(&answer(&[(0, 99, "x")]), &seed, 150).unwrap_err();
        assert_eq!(map.find(0).unwrap().host(), "x");
        map.learn(&answer(&[(0, 99, "a"), (100, 199, "b")]), &seed, 150)
            .unwrap();
        map.doubt(None);
        for poor in [answer(&[]), answer(&[(0, 99, "c")])] {
            map.learn(&poor, &seed, 150).unwrap_err();
            assert_eq!(map.find(0).unwrap().host(), "a");
            assert_eq!(map.find(150).unwrap().host(), "b");
            assert!(map.is_to_be_asked_for(Duration::ZERO));
        }
        map.learn(&answer(&[(100, 199, "c")]), &seed, 150).unwrap();
        assert_eq!(map.find(150).unwrap().host(), "c");
        assert!(map.find(0).is_none());
    }

    #[test]
    fn a_failure_is_remembered_for_a_while() {
        let (mut map, seed) = map();
        let long = Duration::from_secs(3600);
        assert!(map.failed_within(long).is_none());
        map.fail(&Fault::unsent(Reason::NoNode));
        assert!(map.failed_within(long).is_some());
        assert!(map.failed_within(Duration::ZERO).is_none());
        map.learn(&answer(&[(0, 9, "a")]), &seed, 3).unwrap();
        assert!(map.failed_within(long).is_none());
    }
}
