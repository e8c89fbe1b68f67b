//! `RedisStorage`: where the counters are, and how they are asked for.

mod options;

use crate::desk::Lease;
use crate::gate::{Manner, RedisGate};
use crate::link::Link;
use crate::link::client::Client;
use crate::policy::{Fallback, LimiterFallback, OnStorageError};
use crate::protocol::{MOST, Shape};
use crate::script::Script;
#[cfg(feature = "injected-time")]
use call_gate_core::Clock;
use call_gate_core::{
    ConfigError, ConfigErrorKind, GateConfig, Opened, Snapshot, Storage, StorageKind,
};
use options::Options;
use std::sync::Arc;
use std::time::Duration;

/// Counters in Redis or Valkey: one gate for all machines that share a server.
///
/// A gate's name decides its key, so handles of one name share one gate. Every
/// operation is one call of one script on that key, judged by the server's
/// clock. A limiter that counts costs has a second key for them, and both book
/// in one call or neither does. Making a gate asks nobody: what does not fit a living gate is found
/// out by the first operation.
///
/// Sync callers use plain blocking connections; async callers, with the feature
/// `tokio`, share one multiplexed connection. Clones share both.
///
/// # What is promised
///
/// Exact while no acknowledged write is lost: a server that loses what it has
/// acknowledged, as one does that is killed without an append-only file, admits
/// again what it forgot.
#[derive(Debug, Clone)]
pub struct RedisStorage {
    link: Arc<dyn Link>,
    /// Whether each gate has a breaker of its own, because its key may be on a server of its own.
    many_servers: bool,
    /// What all gates share if not.
    breaker: Arc<dyn Link>,
    options: Options,
}

impl RedisStorage {
    /// The server at `url`, as in `redis://user:password@host:6379/0`, `unix:///run/redis.sock`, or `rediss://` with the
    /// feature `tls`.
    ///
    /// # Errors
    /// A url that cannot be read; it is not repeated, because it may hold a
    /// password.
    pub fn from_url(url: impl AsRef<str>) -> Result<Self, ConfigError> {
        let client = redis::Client::open(url.as_ref()).map_err(unusable)?;
        Ok(Self::from_client(client))
    }

    /// The server of `client`.
    #[must_use]
    pub fn from_client(client: redis::Client) -> Self {
        Self::over(Arc::new(Client::new(client)), false)
    }

    /// The server of `pool`, of which one connection is taken for good, and another whenever that one breaks.
    ///
    /// For async callers; a sync caller gets an error that says so. Use
    /// [`from_url`](Self::from_url) or [`from_client`](Self::from_client) for
    /// both.
    #[cfg(feature = "tokio")]
    #[must_use]
    pub fn from_pool(pool: deadpool_redis::Pool) -> Self {
        Self::over(Arc::new(Client::of_pool(pool)), false)
    }

    /// The cluster that has nodes at `urls`.
    ///
    /// # Errors
    /// No url at all, or one that cannot be read.
    #[cfg(feature = "cluster")]
    pub fn from_cluster<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
    ) -> Result<Self, ConfigError> {
        let cluster = crate::link::cluster::Cluster::new(&listed(urls)).map_err(unusable)?;
        Ok(Self::over(Arc::new(cluster), true))
    }

    /// The master that the sentinels at `urls` call `master`.
    ///
    /// # Errors
    /// No url at all, or one that cannot be read.
    #[cfg(feature = "sentinel")]
    pub fn from_sentinel<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
        master: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        let sentinel = crate::link::sentinel::Sentinel::new(&listed(urls), master.into());
        Ok(Self::over(Arc::new(sentinel.map_err(unusable)?), false))
    }

    fn over(link: Arc<dyn Link>, many_servers: bool) -> Self {
        let options = Options::default();
        Self {
            breaker: options.guard(link.clone()),
            link,
            many_servers,
            options,
        }
    }

    /// What every key begins with; `cg:` unless set.
    ///
    /// A key is the prefix and then the gate's name in braces, which makes it a
    /// hash tag: the keys of gates of one name are in one slot of a cluster.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.options.prefix = prefix.into();
        self
    }

    /// How long one operation may take, connecting included; 500 ms unless set.
    ///
    /// What has not been answered by then may have been done all the same, and
    /// counts as done.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.options.deadline = deadline;
        self
    }

    /// After `failures` operations in a row that no server answered, all fail at once for `pause`, then one is let
    /// through to see; 5 and 250 ms unless set.
    ///
    /// Gates of one storage share the count, but for those of a cluster.
    #[must_use]
    pub fn breaker(mut self, failures: u32, pause: Duration) -> Self {
        (self.options.failures, self.options.pause) = (failures, pause);
        self.breaker = self.options.guard(self.link.clone());
        self
    }

    /// What callers are told while no server answers; the error unless set.
    #[must_use]
    pub fn on_error(mut self, policy: OnStorageError) -> Self {
        self.options.policy = policy;
        self
    }

    /// Whether calls that come while one of the same gate is on its way are sent together when it is back; they are
    /// unless switched off.
    ///
    /// Exact either way: they are judged one after the other.
    #[must_use]
    pub fn coalesce(mut self, coalesce: bool) -> Self {
        self.options.coalesce = coalesce;
        self
    }

    /// Lets this process book some of a frame ahead, and spend it without asking.
    #[must_use]
    pub fn lease(mut self, lease: Lease) -> Self {
        self.options.lease = Some(lease);
        self
    }

    /// The most that a waiter sleeps beyond its time, so that processes that wait for the same frame do not all ask at
    /// once; a twentieth of a frame, and 5 ms at most, unless set.
    #[must_use]
    pub fn spread(mut self, spread: Duration) -> Self {
        self.options.spread = Some(spread);
        self
    }

    /// Lets gates live by `clock` in place of the server's; for tests, with which every other client of the keys has to
    /// go along.
    #[cfg(feature = "injected-time")]
    #[doc(hidden)]
    #[must_use]
    pub fn told_the_time(mut self, clock: impl Clock + 'static) -> Self {
        self.options.clock = Some(Arc::new(clock));
        self
    }
}

impl Storage for RedisStorage {
    fn kind(&self) -> StorageKind {
        StorageKind::Redis
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        let options = &self.options;
        options.check()?;
        fits(config, seed)?;
        let shape = Shape::new(config.geometry())?;
        let costs = config.costs().map(Shape::new).transpose()?;
        if costs.is_some() && self.many_servers && config.name().starts_with('}') {
            return Err(ConfigError::new(
                ConfigErrorKind::Name,
                format_args!(
                    "a limiter called {:?} must not begin with a brace to count costs in a cluster, or its keys would be on two servers",
                    config.name()
                ),
            ));
        }
        let manner = Manner {
            script: match options.clock {
                #[cfg(feature = "injected-time")]
                Some(_) => Script::told_the_time(),
                _ => Script::new(),
            },
            key: format!("{}{{{}}}", options.prefix, config.name())
                .into_bytes()
                .into(),
            deadline: options.deadline,
            coalesce: options.coalesce,
            lease: options.lease,
            spread: options
                .spread
                .unwrap_or_else(|| (config.frame_step() / 20).min(Duration::from_millis(5))),
            clock: options.clock.clone(),
        };
        let link = if self.many_servers {
            options.guard(self.link.clone())
        } else {
            self.breaker.clone()
        };
        let gate = Arc::new(RedisGate::new(link, manner, (shape, costs), config, seed));
        Ok(Opened::Remote(match options.policy {
            OnStorageError::Error => gate,
            policy if config.is_limiter() => {
                Arc::new(LimiterFallback::new(gate, policy, config, options.pause))
            }
            policy => Arc::new(Fallback::new(gate, policy, config, options.pause)),
        }))
    }
}

/// Whether the script can count what is asked for.
fn fits(config: &GateConfig, seed: Option<&Snapshot>) -> Result<(), ConfigError> {
    if config.is_limiter() {
        let mut limits = config.span_limits().iter().flatten();
        if let Some(limit) = limits.find(|limit| **limit > MOST) {
            return Err(ConfigError::new(
                ConfigErrorKind::Limits,
                format_args!(
                    "a limit of {limit} must not be above {MOST}, the most that Redis counts exactly"
                ),
            ));
        }
    } else {
        config.limits().check_countable(MOST)?;
    }
    if let Some(largest) = config.limits_up_to().filter(|largest| *largest > MOST) {
        return Err(ConfigError::new(
            ConfigErrorKind::Limits,
            format_args!(
                "limits_up_to({largest}) must not be above {MOST}, the most that Redis counts exactly"
            ),
        ));
    }
    let counted = seed.map_or(0, |seed| {
        let values = seed.frames().iter();
        values.fold(0, |sum: u64, value| sum.saturating_add(*value))
    });
    if counted > MOST {
        return Err(ConfigError::new(
            ConfigErrorKind::Snapshot,
            format_args!(
                "a snapshot's sum of {counted} must not be above {MOST}, the most that Redis counts exactly"
            ),
        ));
    }
    Ok(())
}

#[cfg(any(feature = "cluster", feature = "sentinel"))]
fn listed<U: AsRef<str>>(urls: impl IntoIterator<Item = U>) -> Vec<String> {
    urls.into_iter()
        .map(|url| url.as_ref().to_owned())
        .collect()
}

/// The client library does not repeat an address in what it says.
fn unusable(error: redis::RedisError) -> ConfigError {
    ConfigError::with_source(
        ConfigErrorKind::Storage,
        "the address of the Redis server must be a url such as redis://host:6379/0, with the features that its scheme needs",
        error,
    )
}
