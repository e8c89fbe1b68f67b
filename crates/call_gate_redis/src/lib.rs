//! One exact gate across machines, for [`call_gate`](https://docs.rs/call_gate): the window as one script on one key.
//!
//! [`RedisStorage`] keeps the counters of gates in Redis or Valkey. Every operation of a gate is one `EVALSHA` of one
//! script on one key, by the server's clock: admitted or denied, in all windows or in none, whoever else asks.

#![forbid(unsafe_code)]

mod breaker;
mod desk;
mod gate;
mod link;
mod policy;
mod protocol;
mod script;
mod storage;

#[cfg(feature = "tokio")]
pub use deadpool_redis;
pub use desk::Lease;
pub use policy::OnStorageError;
pub use redis;
pub use storage::RedisStorage;
