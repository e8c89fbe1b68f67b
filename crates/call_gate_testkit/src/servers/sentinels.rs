//! A master, its replicas, and three that watch them.

use super::server::{Role, Server};
use super::until;

const WATCHERS: usize = 3;
const REPLICAS: usize = 2;

/// A master with two replicas and three sentinels, on loopback, that take a master for dead after half a second.
#[derive(Debug)]
pub struct Sentinels {
    // dropped first: they would bring about a failover while the servers go
    watchers: Vec<Server>,
    servers: Vec<Server>,
}

impl Sentinels {
    /// What the sentinels call the master.
    pub const MASTER: &str = "gates";

    /// All of them, who know each other. Server 0 is the master at first.
    ///
    /// # Panics
    ///
    /// If there is no server to start, or they do not find each other in time.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with further arguments for the master and each replica.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn with(args: &[&str]) -> Self {
        let master = Server::start(&[&["--repl-ping-replica-period", "1"], args].concat());
        let port = master.port().to_string();
        let replica = [
            "--replicaof",
            "127.0.0.1",
            &port,
            "--repl-ping-replica-period",
            "1",
        ];
        let mut servers = vec![master];
        servers.extend((0..REPLICAS).map(|_| Server::start(&[&replica, args].concat())));
        // sentinels ask a master for its replicas at first, and then only every ten seconds
        until("all replicas are in step", || {
            let info = servers[0]
                .command(&["INFO", "replication"])
                .unwrap_or_default();
            (info.matches("state=online").count() < REPLICAS).then_some(info)
        });
        let watchers = (0..WATCHERS)
            .map(|_| Server::of(Role::Sentinel, &[]))
            .collect();
        let sentinels = Self { watchers, servers };
        sentinels.watch(&port);
        sentinels
    }

    fn watch(&self, port: &str) {
        for watcher in &self.watchers {
            told(
                watcher,
                &["SENTINEL", "MONITOR", Self::MASTER, "127.0.0.1", port, "2"],
            );
            for (option, value) in [
                ("down-after-milliseconds", "500"),
                ("failover-timeout", "3000"),
                ("parallel-syncs", "2"),
            ] {
                told(watcher, &["SENTINEL", "SET", Self::MASTER, option, value]);
            }
        }
        self.wait_until_whole();
    }

    /// The urls of the sentinels.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.watchers.iter().map(Server::url).collect()
    }

    /// The sentinels.
    #[must_use]
    pub fn watchers(&self) -> &[Server] {
        &self.watchers
    }

    /// The master and the replicas, those that are down too.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// The number of the server that the first sentinel which answers calls the master.
    ///
    /// # Panics
    ///
    /// If none does.
    #[must_use]
    pub fn master(&self) -> usize {
        let watcher = self.watchers.iter().find(|watcher| watcher.is_up());
        self.master_by(watcher.expect("a sentinel that is up"))
    }

    /// Kills the master and tells which it was.
    ///
    /// # Panics
    ///
    /// If no sentinel knows it.
    pub fn kill_master(&self) -> usize {
        let master = self.master();
        self.servers[master].kill();
        master
    }

    /// Starts a server again; the sentinels make it a replica if there is another master by now.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    pub fn restart(&self, server: usize) {
        self.servers[server].restart();
    }

    /// Waits until all sentinels name another master than `before`, which says so itself; tells which.
    ///
    /// # Panics
    ///
    /// If that does not come to be in time.
    pub fn wait_for_failover(&self, before: usize) -> usize {
        let mut after = before;
        until("another server is the master", || {
            let named: Vec<usize> = self.up().map(|watcher| self.master_by(watcher)).collect();
            after = named.first().copied().unwrap_or(before);
            let agreed = after != before && named.iter().all(|&one| one == after);
            let is_master = || {
                let role = self.servers[after].command(&["ROLE"]).unwrap_or_default();
                role.starts_with("master")
            };
            (!(agreed && is_master()))
                .then(|| format!("server {before} was, now they name {named:?}"))
        });
        after
    }

    /// Waits until all sentinels know each other and every server that is up.
    ///
    /// # Panics
    ///
    /// If that does not come to be in time.
    pub fn wait_until_whole(&self) {
        until("the sentinels know everybody", || {
            self.up().find_map(|watcher| {
                let quorum = watcher.command(&["SENTINEL", "CKQUORUM", Self::MASTER]);
                let count = |what| {
                    let list = watcher
                        .command(&["SENTINEL", what, Self::MASTER])
                        .unwrap_or_default();
                    list.lines().filter(|&line| line == "runid").count()
                };
                let known = (count("SENTINELS"), count("REPLICAS"));
                (quorum.is_err() || known != (WATCHERS - 1, REPLICAS))
                    .then(|| format!("{quorum:?}, {known:?}"))
            })
        });
    }

    fn master_by(&self, watcher: &Server) -> usize {
        let address = told(
            watcher,
            &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self::MASTER],
        );
        let port = address.lines().nth(1).and_then(|port| port.parse().ok());
        let named = self
            .servers
            .iter()
            .position(|server| Some(server.port()) == port);
        named.unwrap_or_else(|| panic!("{address} is none of our servers"))
    }

    fn up(&self) -> impl Iterator<Item = &Server> {
        self.watchers.iter().filter(|watcher| watcher.is_up())
    }
}

fn told(watcher: &Server, words: &[&str]) -> String {
    let answer = watcher.command(words);
    answer.unwrap_or_else(|error| panic!("{words:?}: {error}"))
}
