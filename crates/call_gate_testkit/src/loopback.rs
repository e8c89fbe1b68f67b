//! A storage as if behind a network, served by the naive oracle in this process.
//!
//! It keeps core's remote path honest before any real server exists: every act crosses the storage contract as one
//! [`Act`] and comes back as one [`Answer`]. For a caller who does not block that takes a while, or for ever.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use call_gate_core::clock::Clock;
use call_gate_core::{
    Act, Answer, BoxFuture, ConfigError, ConfigErrorKind, Deadline, GateConfig, Key, Limits,
    Opened, Remote, Snapshot, Storage, StorageError, StorageErrorKind, StorageKind,
};

use crate::oracle::{Caps, Oracle, Rules, Sees};
use crate::spec::{nanos, span};

mod answer;
mod journey;
#[cfg(test)]
mod tests;

use answer::answer;
use journey::Journey;
pub use journey::Leg;

/// Entries that a server keeps before it sums them up, so that a long life stays quick.
const LONG: usize = 300;

/// The largest number that a server like Redis tells from its neighbours.
const EXACT: u64 = (1 << 53) - 1;

/// A storage behind an imaginary network. Clones reach the same server, and there a gate's name is the gate.
#[derive(Clone, Debug)]
pub struct Loopback {
    server: Arc<Server>,
}

#[derive(Debug)]
struct Server {
    clock: Box<dyn Clock>,
    like_redis: bool,
    gates: Mutex<HashMap<Key, Oracle>>,
    down: AtomicBool,
    wire: journey::Wire,
    blocking: AtomicU64,
    awaited: AtomicU64,
}

/// How often a server was asked, in each of the two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// By callers whose thread was blocked.
    pub blocking: u64,
    /// By callers who awaited the answer, or gave up.
    pub awaited: u64,
}

impl Loopback {
    /// A server without any gate, which lives by `clock`.
    #[must_use]
    pub fn new(clock: impl Clock + 'static) -> Self {
        Self::of(clock, false)
    }

    /// The same with numbers up to 2^53 - 1, frames of whole microseconds, and no trace of a look.
    #[must_use]
    pub fn like_redis(clock: impl Clock + 'static) -> Self {
        Self::of(clock, true)
    }

    fn of(clock: impl Clock + 'static, like_redis: bool) -> Self {
        let server = Server {
            clock: Box::new(clock),
            like_redis,
            gates: Mutex::default(),
            down: AtomicBool::new(false),
            wire: journey::Wire::default(),
            blocking: AtomicU64::new(0),
            awaited: AtomicU64::new(0),
        };
        Self {
            server: Arc::new(server),
        }
    }

    /// Takes the server down: every act fails and does nothing.
    pub fn take_down(&self) {
        self.server.down.store(true, Ordering::SeqCst);
    }

    /// Brings the server back with everything it held.
    pub fn bring_up(&self) {
        self.server.down.store(false, Ordering::SeqCst);
    }

    /// Holds up whatever is awaited and is, or comes to be, on `leg`. Blocked callers never wait.
    pub fn hold(&self, leg: Leg) {
        self.server.wire.hold(Some(leg));
    }

    /// Lets everything through again.
    pub fn let_go(&self) {
        self.server.wire.hold(None);
    }

    /// How often it was asked so far.
    #[must_use]
    pub fn asked(&self) -> Asked {
        Asked {
            blocking: self.server.blocking.load(Ordering::SeqCst),
            awaited: self.server.awaited.load(Ordering::SeqCst),
        }
    }
}

impl Storage for Loopback {
    fn kind(&self) -> StorageKind {
        StorageKind::Redis
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        let rules = self.server.rules(config)?;
        let now = self.server.now();
        let held = seed.and_then(|seed| Some((nanos(seed.current_frame()?), seed.frames())));
        let fresh = Oracle::restored(rules, now, held).ok_or_else(|| {
            ConfigError::new(
                ConfigErrorKind::Snapshot,
                "a snapshot must not lie more than a window ahead of the server",
            )
        })?;
        self.server
            .gates()
            .entry(Key::new(config.name()))
            .or_insert(fresh);
        Ok(Opened::Remote(Arc::new(Caller {
            server: self.server.clone(),
            limits: Mutex::new(config.limits()),
        })))
    }
}

impl Server {
    fn now(&self) -> u64 {
        self.clock.now().as_nanos()
    }

    fn rules(&self, config: &GateConfig) -> Result<Rules, ConfigError> {
        let caps = caps(config.limits());
        let frame_step = span(config.frame_step());
        let (most, sees) = if self.like_redis {
            (EXACT, Sees::Changes)
        } else {
            (u64::MAX, Sees::Always)
        };
        let largest = caps.gate.max(caps.frame).max(config.limits_up_to());
        if largest > Some(most) || self.like_redis && !frame_step.is_multiple_of(1_000) {
            return Err(ConfigError::new(
                ConfigErrorKind::Unsupported,
                "limits must not be above 2^53 - 1, and frames must be whole microseconds",
            ));
        }
        Ok(Rules {
            frame_step,
            frames: span(config.gate_size()) / frame_step,
            strict: config.is_strict(),
            credits: config.credits(),
            caps,
            ceiling: None,
            most,
            sees,
        })
    }

    fn gates(&self) -> MutexGuard<'_, HashMap<Key, Oracle>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, key: &Key, act: &Act) -> Result<Answer, StorageError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(StorageError::with_source(
                StorageErrorKind::Unavailable,
                "the server was taken down",
            ));
        }
        let mut gates = self.gates();
        let unknown = || {
            StorageError::with_source(StorageErrorKind::Protocol, format!("nobody opened {key}"))
        };
        let gate = gates.get_mut(key).ok_or_else(unknown)?;
        let now = self.now();
        let answer = answer(gate, act, now);
        if gate.entries() > LONG {
            gate.sum_up(now);
        }
        answer.ok_or_else(|| {
            StorageError::with_source(StorageErrorKind::Protocol, format!("{act:?} is not for us"))
        })
    }
}

/// One handle of a gate on the server.
#[derive(Debug)]
struct Caller {
    server: Arc<Server>,
    /// As last set through it.
    limits: Mutex<Limits>,
}

impl Caller {
    fn told(&self, act: &Act, answer: &Result<Answer, StorageError>) {
        if let (Act::SetLimits(limits), Ok(Answer::Done)) = (act, answer) {
            *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = *limits;
        }
    }
}

impl Remote for Caller {
    fn call(&self, key: &Key, act: &Act, _by: Deadline) -> Result<Answer, StorageError> {
        self.server.blocking.fetch_add(1, Ordering::SeqCst);
        let answer = self.server.serve(key, act);
        self.told(act, &answer);
        answer
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        _by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        self.server.awaited.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let answer = Journey::new(&self.server, key, act.clone()).await;
            self.told(&act, &answer);
            answer
        })
    }

    fn limits(&self, _: &Key) -> Limits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn caps(limits: Limits) -> Caps {
    Caps {
        gate: limits.gate_limit(),
        frame: limits.frame_limit(),
    }
}
