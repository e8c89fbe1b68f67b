//! Three masters, who holds what, and the moving of slots.

use std::error::Error;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use call_gate::CallGate;

use crate::server::Server;

const SLOTS: usize = 16_384;
/// Only a fault takes as long.
const PATIENCE: Duration = Duration::from_secs(8);

pub(crate) struct Nodes(Vec<Node>);

struct Node {
    server: Server,
    id: String,
}

impl Nodes {
    /// Starts three masters that share the slots evenly, and waits until they know each other.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let mut nodes = Vec::new();
        for _ in 0..3 {
            let server = Server::start(&["--cluster-enabled", "yes"])?;
            let id = first(server.ask(&["CLUSTER", "MYID"])?)?;
            nodes.push(Node { server, id });
        }
        let share = SLOTS.div_ceil(nodes.len());
        let slots: Vec<String> = (0..SLOTS).map(|slot| slot.to_string()).collect();
        for (number, (node, slots)) in nodes.iter().zip(slots.chunks(share)).enumerate() {
            let epoch = (number + 1).to_string();
            node.server.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch])?;
            let mut words = vec!["CLUSTER", "ADDSLOTS"];
            words.extend(slots.iter().map(String::as_str));
            node.server.ask(&words)?;
            for other in &nodes {
                node.server
                    .ask(&["CLUSTER", "MEET", "127.0.0.1", &other.server.port()])?;
            }
        }
        let nodes = Self(nodes);
        let until = Instant::now() + PATIENCE;
        while !nodes.agree()? {
            if Instant::now() > until {
                return Err("the nodes do not become a cluster".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(nodes)
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.0.iter().map(|node| node.server.url()).collect()
    }

    /// Tells which node holds which gate.
    pub(crate) fn show(
        &self,
        out: &mut impl Write,
        gates: &[CallGate],
    ) -> Result<(), Box<dyn Error>> {
        for node in &self.0 {
            let mut held = Vec::new();
            for gate in gates {
                if node.key_of(gate)?.is_some() {
                    held.push(format!("{} ({})", gate.name(), gate.sum()?));
                }
            }
            writeln!(
                out,
                "  node {} holds {}",
                node.server.port(),
                held.join(", ")
            )?;
        }
        Ok(())
    }

    /// Moves the slot of a gate that is in use to the next node, key by key, as the tools of Redis do it.
    pub(crate) fn move_slot_of(&self, gate: &CallGate) -> Result<String, Box<dyn Error>> {
        let mut held = None;
        for (number, node) in self.0.iter().enumerate() {
            if let Some(key) = node.key_of(gate)? {
                held = Some((number, node, key));
            }
        }
        let (number, from, key) = held.ok_or("no node holds the gate")?;
        let to = self.0.iter().cycle().nth(number + 1).ok_or("no node")?;
        let slot = first(from.server.ask(&["CLUSTER", "KEYSLOT", &key])?)?;

        let set = |node: &Node, words: &[&str]| {
            let words = [&["CLUSTER", "SETSLOT", &slot], words].concat();
            node.server.ask(&words)
        };
        set(to, &["IMPORTING", &from.id])?;
        set(from, &["MIGRATING", &to.id])?;
        loop {
            let keys = from
                .server
                .ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "100"])?;
            if keys.is_empty() {
                break;
            }
            for key in keys {
                let port = to.server.port();
                from.server
                    .ask(&["MIGRATE", "127.0.0.1", &port, &key, "0", "1000"])?;
            }
        }
        // who takes over says so first, so that there is no moment without an owner
        set(to, &["NODE", &to.id])?;
        for node in &self.0 {
            set(node, &["NODE", &to.id])?;
        }
        if from.key_of(gate)?.is_some() {
            return Err(format!("{key} is still at its old node").into());
        }
        Ok(format!(
            "moved `{}`, slot {slot}, from {} to {}",
            gate.name(),
            from.server.port(),
            to.server.port()
        ))
    }

    /// Whether each knows all slots to be served, and all others.
    fn agree(&self) -> Result<bool, Box<dyn Error>> {
        for node in &self.0 {
            let info = first(node.server.ask(&["CLUSTER", "INFO"])?)?;
            let says = |line: &str| info.lines().any(|found| found == line);
            if !says("cluster_state:ok") || !says(&format!("cluster_known_nodes:{}", self.0.len()))
            {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Node {
    /// The gate's key, if this node holds it.
    fn key_of(&self, gate: &CallGate) -> Result<Option<String>, Box<dyn Error>> {
        // a cluster of this run alone holds few keys
        let keys = self.server.ask(&["KEYS", "*"])?;
        let name = format!("{{{}}}", gate.name());
        Ok(keys.into_iter().find(|key| key.contains(&name)))
    }
}

fn first(items: Vec<String>) -> Result<String, Box<dyn Error>> {
    items
        .into_iter()
        .next()
        .ok_or_else(|| "an empty answer".into())
}
