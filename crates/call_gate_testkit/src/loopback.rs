//! A storage as if behind a network, served by the naive oracle in this process.
//!
//! It keeps core's remote path honest before any real server exists: every act crosses the storage contract as one
//! [`Act`] and comes back as one [`Answer`].

use std::collections::HashMap;
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use call_gate_core::clock::{Clock, Moment};
use call_gate_core::{
    Act, Answer, BoxFuture, ConfigError, ConfigErrorKind, Deadline, Decision, Denial, Frame,
    GateConfig, Key, Opened, Reading, Remote, Scope, Snapshot, State, Storage, StorageError,
    StorageErrorKind, StorageKind,
};

use crate::oracle::{Caps, Oracle, Rules};
use crate::outcome::{self, Outcome, Rule};
use crate::spec::{nanos, span};

#[cfg(test)]
mod tests;

/// Entries that a server keeps before it sums them up, so that a long life stays quick.
const LONG: usize = 300;

/// A storage behind an imaginary network. Clones reach the same server, and there a gate's name is the gate.
#[derive(Clone, Debug)]
pub struct Loopback {
    server: Arc<Server>,
}

#[derive(Debug)]
struct Server {
    clock: Box<dyn Clock>,
    gates: Mutex<HashMap<Key, Oracle>>,
    down: AtomicBool,
}

impl Loopback {
    /// A server without any gate, which lives by `clock`.
    #[must_use]
    pub fn new(clock: impl Clock + 'static) -> Self {
        let server = Server {
            clock: Box::new(clock),
            gates: Mutex::default(),
            down: AtomicBool::new(false),
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
}

impl Storage for Loopback {
    fn kind(&self) -> StorageKind {
        StorageKind::Redis
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        let rules = rules(config);
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
        Ok(Opened::Remote(self.server.clone()))
    }
}

impl Server {
    fn now(&self) -> u64 {
        self.clock.now().as_nanos()
    }

    fn gates(&self) -> MutexGuard<'_, HashMap<Key, Oracle>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remote for Server {
    fn call(&self, key: &Key, act: &Act, _by: Deadline) -> Result<Answer, StorageError> {
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

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(ready(self.call(key, &act, by)))
    }
}

fn rules(config: &GateConfig) -> Rules {
    Rules {
        frame_step: span(config.frame_step()),
        frames: span(config.gate_size()) / span(config.frame_step()),
        strict: config.is_strict(),
        credits: config.credits(),
        caps: caps(config.limits()),
        ceiling: None,
    }
}

fn caps(limits: call_gate_core::Limits) -> Caps {
    Caps {
        gate: limits.gate_limit(),
        frame: limits.frame_limit(),
    }
}

fn answer(gate: &mut Oracle, act: &Act, now: u64) -> Option<Answer> {
    Some(match *act {
        Act::Update { value } => match gate.try_update(now, value) {
            Outcome::Admitted(told) => Answer::Admitted(reading(gate, &told)),
            refused => Answer::Denied(refusal(&refused)?),
        },
        Act::Refund { value, booked } => {
            let outcome = match booked {
                Some(at) => gate.refund_booked(now, at.frame().as_nanos(), at.era(), value),
                None => gate.refund(now, value),
            };
            match outcome {
                Outcome::Admitted(_) | Outcome::Returned(_) => match gate.try_update(now, 0) {
                    Outcome::Admitted(told) => Answer::Returned(reading(gate, &told)),
                    _ => return None,
                },
                Outcome::Expired => Answer::Expired,
                Outcome::Underflow { booked, .. } => Answer::Underflow(booked),
                _ => return None,
            }
        }
        Act::Peek { value } => {
            let decision = match gate.peek(now, value) {
                Outcome::Decision(told) => decision(&told),
                _ => Decision::new(false, 0, 0, Duration::ZERO, Duration::ZERO),
            };
            let outcome = gate.clone().try_update(now, value);
            Answer::Decided(decision, refusal(&outcome))
        }
        Act::State => {
            let held = gate.held(now);
            Answer::State(State::new(
                Moment::from_nanos(held.frame_start),
                held.frames,
            ))
        }
        Act::Clear => {
            gate.clear();
            Answer::Done
        }
        Act::SetLimits(limits) => match gate.set_caps(caps(limits)) {
            Outcome::Done => Answer::Done,
            _ => return None,
        },
        _ => return None,
    })
}

/// What refused, in the contract's words: a limit below what was requested says that it never can be.
fn refusal(outcome: &Outcome) -> Option<Denial> {
    match outcome {
        Outcome::Denied(denial) => {
            let outcome::Denial {
                rule,
                limit,
                used,
                requested,
                retry_after,
            } = *denial;
            Some(Denial::new(
                scope(rule),
                limit,
                used,
                requested,
                Duration::from_nanos(retry_after),
            ))
        }
        Outcome::TooLarge {
            rule,
            limit,
            requested,
        } => Some(Denial::new(
            scope(*rule),
            *limit,
            0,
            *requested,
            Duration::ZERO,
        )),
        _ => None,
    }
}

fn scope(rule: Rule) -> Scope {
    if rule == Rule::Frame {
        Scope::Frame
    } else {
        Scope::Gate
    }
}

fn reading(gate: &Oracle, told: &outcome::Reading) -> Reading {
    let frame = Frame::new(Moment::from_nanos(told.frame_start), told.frame_value);
    Reading::new(frame, told.sum, told.remaining).of_era(gate.era())
}

fn decision(told: &outcome::Decision) -> Decision {
    let outcome::Decision {
        allowed,
        limit,
        remaining,
        retry_after,
        reset_after,
    } = *told;
    let span = Duration::from_nanos;
    Decision::new(
        allowed,
        limit,
        remaining,
        span(retry_after),
        span(reset_after),
    )
}
