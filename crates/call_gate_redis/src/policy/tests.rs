//! Policies around a server that is there or away as the test says.

mod each;
mod local;
mod property;
mod through_a_gate;

use super::{Fallback, OnStorageError};
use call_gate_core::{
    Act, Answer, BoxFuture, CallGate, CallGateBuilder, ConfigError, Deadline, Decision, Denial,
    Frame, GateConfig, Key, Limits, ManualClock, Moment, Opened, Reading, Remote, Snapshot, State,
    Storage, StorageError, StorageErrorKind, StorageKind,
};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

const PAUSE: Duration = Duration::from_millis(250);
const SIZE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_secs(1);
/// Of bookings that the server makes.
const ERA: u64 = 7;
const OUTAGES: [StorageErrorKind; 2] = [StorageErrorKind::Unavailable, StorageErrorKind::TimedOut];

/// Answers each act with success, or with the error that it is told.
#[derive(Debug)]
struct Server {
    error: Mutex<Option<StorageErrorKind>>,
    limits: Mutex<Limits>,
    asked: Mutex<Vec<Act>>,
}

impl Server {
    fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            error: Mutex::new(None),
            limits: Mutex::new(limits),
            asked: Mutex::default(),
        })
    }

    fn away(limits: Limits) -> Arc<Self> {
        let server = Self::new(limits);
        server.fail(StorageErrorKind::Unavailable);
        server
    }

    fn fail(&self, kind: StorageErrorKind) {
        *self.error.lock().unwrap() = Some(kind);
    }

    fn come_back(&self) {
        *self.error.lock().unwrap() = None;
    }

    fn set_limits(&self, limits: Limits) {
        *self.limits.lock().unwrap() = limits;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn serve(&self, act: &Act) -> Result<Answer, StorageError> {
        self.asked.lock().unwrap().push(act.clone());
        if let Some(kind) = *self.error.lock().unwrap() {
            return Err(StorageError::with_source(kind, "told to fail"));
        }
        Ok(answer(act))
    }
}

/// The server's answer to `act`.
fn answer(act: &Act) -> Answer {
    let reading = Reading::new(Frame::new(Moment::default(), 3), 5, 95).of_era(ERA);
    match act {
        Act::Update { .. } => Answer::Admitted(reading),
        Act::Refund { .. } => Answer::Returned(reading),
        Act::Peek { .. } => {
            let decision = Decision::new(true, 100, 95, Duration::ZERO, SIZE);
            Answer::Decided(decision, None)
        }
        Act::State => Answer::State(State::new(Moment::default(), vec![3, 2])),
        _ => Answer::Done,
    }
}

impl Remote for Server {
    fn call(&self, _: &Key, act: &Act, _: Deadline) -> Result<Answer, StorageError> {
        self.serve(act)
    }

    fn call_async<'a>(
        &'a self,
        _: &'a Key,
        act: Act,
        _: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(async move { self.serve(&act) })
    }

    fn limits(&self, _: &Key) -> Limits {
        *self.limits.lock().unwrap()
    }

    fn ask_again_after(&self, denial: &Denial) -> Duration {
        denial.retry_after() + Duration::from_millis(1)
    }
}

/// Opens the server under a policy, and tells the configuration.
#[derive(Debug)]
struct Under {
    server: Arc<Server>,
    policy: OnStorageError,
    clock: ManualClock,
    config: Arc<Mutex<Option<GateConfig>>>,
}

impl Storage for Under {
    fn kind(&self) -> StorageKind {
        StorageKind::Redis
    }

    fn open(&self, config: &GateConfig, _: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        *self.config.lock().unwrap() = Some(config.clone());
        Ok(Opened::Remote(Arc::new(Fallback::with_clock(
            self.server.clone(),
            self.policy,
            config,
            PAUSE,
            Arc::new(self.clock.clone()),
        ))))
    }
}

fn clock() -> ManualClock {
    ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000))
}

/// A gate of ten frames over `server`, and what its storage was told of it.
fn gate(
    server: &Arc<Server>,
    policy: OnStorageError,
    clock: &ManualClock,
    more: impl FnOnce(CallGateBuilder) -> CallGateBuilder,
) -> (CallGate, GateConfig) {
    let config = Arc::new(Mutex::new(None));
    let builder = CallGate::builder("gate", SIZE, STEP)
        .limits(*server.limits.lock().unwrap())
        .storage(Under {
            server: server.clone(),
            policy,
            clock: clock.clone(),
            config: config.clone(),
        });
    let gate = more(builder).build().unwrap();
    let config = config.lock().unwrap().take().unwrap();
    (gate, config)
}

/// A fallback over `server`.
fn fallback(server: &Arc<Server>, policy: OnStorageError, clock: &ManualClock) -> Fallback {
    let (_, config) = gate(server, policy, clock, |builder| builder);
    let clock = Arc::new(clock.clone());
    Fallback::with_clock(server.clone(), policy, &config, PAUSE, clock)
}

fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the server answers at once"),
    }
}

/// What `remote` answers on one of the two ways.
fn ask(remote: &dyn Remote, act: Act, awaited: bool) -> Result<Answer, StorageError> {
    let key = Key::new("gate");
    if awaited {
        at_once(remote.call_async(&key, act, Deadline::NONE))
    } else {
        remote.call(&key, &act, Deadline::NONE)
    }
}

fn local(gates: u32) -> OnStorageError {
    OnStorageError::local(gates).unwrap()
}
