//! The server that tests share which do it no harm.

use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Server;
use std::sync::OnceLock;

/// The server; it ends with this process.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(&[]))
}

/// Counters in it.
pub(crate) fn storage() -> RedisStorage {
    RedisStorage::from_url(server().url()).unwrap()
}
