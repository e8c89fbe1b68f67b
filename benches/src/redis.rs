//! A Redis server of this run alone, and what is asked of it.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use call_gate::{CallGate, CallGateBuilder, RedisStorage};
use call_gate_testkit::servers::Server;
use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::io::tcp::TcpSettings;
use redis::{Client, Cmd, Connection, IntoConnectionInfo};
use tokio::runtime::{Builder, Runtime};

use crate::gates::built;

/// The least that a limiter's script can do: one key, one number.
const COUNT: &str = "return redis.call('INCRBY', KEYS[1], ARGV[1])";

/// A server on a free port of this machine, which ends with its last holder.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    client: Client,
}

impl Redis {
    /// Starts it.
    pub fn start() -> Rc<Self> {
        let server = Server::start(&[]);
        let address = server.url().into_connection_info().expect("a url");
        // as for the gates: what is measured is no delay of the system's
        let settings = TcpSettings::default().set_nodelay(true);
        let client = Client::open(address.set_tcp_settings(settings)).expect("an address");
        Rc::new(Self { server, client })
    }

    /// A storage on it, with connections of its own.
    pub fn storage(&self) -> RedisStorage {
        let storage = RedisStorage::from_url(self.server.url()).expect("a url");
        // a busy machine is no outage
        storage.deadline(Duration::from_secs(10))
    }

    /// The gate of `builder` in `storage`, which answers.
    pub fn gate(&self, builder: CallGateBuilder, storage: RedisStorage) -> CallGate {
        let gate = built(builder.storage(storage));
        gate.try_update(1).expect("a new gate has room");
        gate
    }

    /// A connection for a thread.
    pub fn blocking(&self) -> Connection {
        self.client.get_connection().expect("the server listens")
    }

    /// A connection for tasks of the runtime that this is called in.
    pub async fn multiplexed(&self) -> MultiplexedConnection {
        let made = self.client.get_multiplexed_async_connection().await;
        made.expect("the server listens")
    }

    /// The kind of connection that trypema takes.
    pub async fn managed(&self) -> ConnectionManager {
        let made = self.client.get_connection_manager().await;
        made.expect("the server listens")
    }

    /// `EVALSHA` of a script that the server knows, which only counts, on the key `key`.
    pub fn count(&self, key: &str) -> Cmd {
        let name = self.command(&["SCRIPT", "LOAD", COUNT]);
        let mut command = redis::cmd("EVALSHA");
        command.arg(name).arg(1).arg(key).arg(1);
        command
    }

    /// Has the server forget what it knows of the cost of commands.
    pub fn forget_cost(&self) {
        self.command(&["CONFIG", "RESETSTAT"]);
    }

    /// How many `EVALSHA` there were since, and nanoseconds that each took in the server.
    pub fn cost(&self) -> (u64, f64) {
        let info = self.command(&["INFO", "commandstats"]);
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("cmdstat_evalsha:"))
            .expect("scripts were called");
        let field = |name: &str| -> u32 {
            let value = line.split(',').find_map(|field| field.strip_prefix(name));
            value
                .and_then(|value| value.parse().ok())
                .expect("a number")
        };
        let (calls, micros) = (field("calls="), field("usec="));
        (
            u64::from(calls),
            f64::from(micros) * 1_000.0 / f64::from(calls),
        )
    }

    fn command(&self, words: &[&str]) -> String {
        self.server.command(words).expect("the server answers")
    }
}

/// A runtime on this thread, so that the server may have the other core.
pub fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Does `task` in so many tasks at once, to the end of the last one.
pub async fn at_once<F>(tasks: u64, task: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let all: Vec<_> = (0..tasks).map(|_| tokio::spawn(task())).collect();
    for one in all {
        one.await.expect("no task panics");
    }
}
