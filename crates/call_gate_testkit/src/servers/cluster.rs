//! Six servers that are one.

use super::server::Server;
use super::until;
use std::iter;

mod moves;

const MASTERS: usize = 3;
const SLOTS: u16 = 16_384;

/// Three masters and a replica of each, on loopback, that find a dead node after a second.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    /// A cluster that holds all slots and agrees about it. Nodes 0 to 2 are masters at first, 3 to 5 their replicas.
    ///
    /// # Panics
    ///
    /// If there is no server to start, or they do not become a cluster in time.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with further arguments for each node.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn with(args: &[&str]) -> Self {
        let words = [
            "--cluster-enabled",
            "yes",
            "--cluster-config-file",
            "nodes.conf",
            "--cluster-node-timeout",
            "1000",
            "--repl-ping-replica-period",
            "1",
        ];
        let words: Vec<&str> = words.iter().chain(args).copied().collect();
        let nodes = (0..2 * MASTERS).map(|_| Server::start(&words)).collect();
        let cluster = Self { nodes };
        cluster.join();
        cluster
    }

    fn join(&self) {
        for (index, node) in self.nodes.iter().enumerate() {
            told(
                node,
                &["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()],
            );
            told(
                node,
                &[
                    "CLUSTER",
                    "MEET",
                    "127.0.0.1",
                    &self.nodes[0].port().to_string(),
                ],
            );
            if index < MASTERS {
                let slots: Vec<String> = (0..SLOTS)
                    .filter(|&slot| usize::from(slot) * MASTERS / usize::from(SLOTS) == index)
                    .map(|slot| slot.to_string())
                    .collect();
                let words = ["CLUSTER", "ADDSLOTS"].into_iter();
                let words: Vec<&str> = words.chain(slots.iter().map(String::as_str)).collect();
                told(node, &words);
            }
        }
        until("all nodes know each other", || {
            self.first(|node| {
                let known = told(node, &["CLUSTER", "NODES"]);
                let known = known.lines().filter(|line| !line.contains("handshake"));
                known.count() == self.nodes.len()
            })
        });
        for index in MASTERS..self.nodes.len() {
            let master = self.id(index - MASTERS);
            until("a replica takes its master", || {
                self.nodes[index]
                    .command(&["CLUSTER", "REPLICATE", &master])
                    .err()
            });
        }
        self.wait_until_whole();
    }

    /// The urls of all nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Server::url).collect()
    }

    /// All nodes, those that are down too.
    #[must_use]
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// The number of the node that serves `key`.
    ///
    /// # Panics
    ///
    /// If none does.
    #[must_use]
    pub fn master_of(&self, key: &str) -> usize {
        self.owner(self.slot_of(key))
    }

    /// The slot of `key`.
    ///
    /// # Panics
    ///
    /// If no node answers.
    #[must_use]
    pub fn slot_of(&self, key: &str) -> u16 {
        let told = told(self.anyone(), &["CLUSTER", "KEYSLOT", key]);
        told.parse().expect("a slot")
    }

    /// The slots of a node, as that node says; none if it is a replica.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    #[must_use]
    pub fn slots_of(&self, node: usize) -> Vec<u16> {
        slots(&self.myself(node))
    }

    /// Kills a node.
    pub fn kill(&self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a node again.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    pub fn restart(&self, node: usize) {
        self.nodes[node].restart();
    }

    /// Waits until all nodes that are up say that all slots are served, and all replicas among them are in step.
    ///
    /// # Panics
    ///
    /// If that does not come to be in time.
    pub fn wait_until_whole(&self) {
        until("the cluster is whole", || {
            self.first(|node| {
                let info = node.command(&["CLUSTER", "INFO"]).unwrap_or_default();
                let replication = node.command(&["INFO", "replication"]).unwrap_or_default();
                let in_step = replication.contains("role:master")
                    || replication.contains("master_link_status:up");
                info.contains("cluster_state:ok")
                    && info.contains(&format!("cluster_slots_ok:{SLOTS}"))
                    && in_step
            })
        });
    }

    /// Waits until a slot is served by another node than `before`, and tells which.
    ///
    /// # Panics
    ///
    /// If that does not come to be in time.
    pub fn wait_for_failover(&self, slot: u16, before: usize) -> usize {
        let mut after = before;
        until("a replica takes over", || {
            after = self.find_owner(slot).unwrap_or(before);
            (after == before).then(|| format!("slot {slot} is still node {before}'s"))
        });
        self.wait_until_whole();
        after
    }

    fn owner(&self, slot: u16) -> usize {
        self.find_owner(slot)
            .unwrap_or_else(|| panic!("nobody serves slot {slot}"))
    }

    /// The node that is up and says so itself; if several do, by the newest word.
    fn find_owner(&self, slot: u16) -> Option<usize> {
        let claim = |node: usize| {
            let line = self.nodes[node].is_up().then(|| self.myself(node))?;
            let epoch: u64 = line.split(' ').nth(6)?.parse().ok()?;
            slots(&line).contains(&slot).then_some((epoch, node))
        };
        let newest = (0..self.nodes.len()).filter_map(claim).max();
        newest.map(|(_, node)| node)
    }

    /// What a node says of itself, as in `CLUSTER NODES`.
    fn myself(&self, node: usize) -> String {
        let nodes = told(&self.nodes[node], &["CLUSTER", "NODES"]);
        let mine = nodes.lines().find(|line| line.contains("myself"));
        mine.expect("every node knows itself").to_owned()
    }

    fn id(&self, node: usize) -> String {
        told(&self.nodes[node], &["CLUSTER", "MYID"])
    }

    fn anyone(&self) -> &Server {
        let up = self.nodes.iter().find(|node| node.is_up());
        up.expect("a node that is up")
    }

    /// The first node that is up and for which something does not hold.
    fn first(&self, holds: impl Fn(&Server) -> bool) -> Option<String> {
        let up = self.nodes.iter().filter(|node| node.is_up());
        let mut wanting = up.filter(|node| !holds(node));
        wanting
            .next()
            .map(|node| format!("not so on port {}", node.port()))
    }
}

fn told(node: &Server, words: &[&str]) -> String {
    let answer = node.command(words);
    answer.unwrap_or_else(|error| {
        let few: Vec<&str> = words.iter().take(5).copied().collect();
        panic!("{few:?} on port {}: {error}", node.port())
    })
}

/// The slots in a node's line of `CLUSTER NODES`, without those on the move.
fn slots(line: &str) -> Vec<u16> {
    let words = line
        .split_whitespace()
        .skip(8)
        .filter(|word| !word.starts_with('['));
    let ranges = words.map(|word| word.split_once('-').unwrap_or((word, word)));
    let plain = |word: &str| word.parse::<u16>().expect("a slot");
    ranges
        .flat_map(|(first, last)| {
            iter::successors(Some(plain(first)), |slot| slot.checked_add(1))
                .take_while(move |&slot| slot <= plain(last))
        })
        .collect()
}
