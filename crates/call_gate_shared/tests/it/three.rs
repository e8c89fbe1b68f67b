//! Shared words against the oracle, with every act sent to one of three processes.
//!
//! The suite's own gates only pass the acts on. A pass lives in one process, so what is done with it goes there; who
//! waits, waits in the suite's own process, because queues are each process's own; everything else goes anywhere.

// long file: both ends of one line protocol

use crate::conformance::{fits, fits_in_real_time};
use crate::crew::{Member, asked, told};
use crate::place::Place;
use call_gate_core::{
    Act, Answer, Blueprint, BoxFuture, CallGate, ConfigError, ConfigErrorKind, Deadline, Decision,
    Denial, Frame, GateConfig, Key, Limits, ManualClock, Moment, Opened, OwnedPass, Reading,
    Refund, Remote, Scope, Snapshot, State, Storage, StorageError, StorageErrorKind, StorageKind,
    UpdateError, Wait,
};
use call_gate_shared::SharedMemory;
use call_gate_testkit::spec::{nanos, span, wall};
use call_gate_testkit::{Fixture, Spec, Time, conformance};
use std::collections::HashMap;
use std::fmt::Write;
use std::future::ready;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

conformance!(three_processes, ThreeFixture::new);

const PROCESSES: usize = 3;

#[derive(Debug)]
struct ThreeFixture {
    place: Place,
    time: ManualClock,
    three: Arc<Lent>,
}

/// Three processes, each with its own mapping of every gate.
#[derive(Debug)]
struct Three {
    members: [Mutex<Member>; PROCESSES],
    random: AtomicU64,
    gates: AtomicU64,
    passes: AtomicU64,
}

/// Kept from one test to the next: a property test would start hundreds.
static IDLE: Mutex<Vec<Three>> = Mutex::new(Vec::new());

/// Three processes for one test, idle again once its last gate is gone.
#[derive(Debug)]
struct Lent(Option<Three>);

impl ThreeFixture {
    fn new(start: SystemTime) -> Self {
        let place = Place::new();
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let three = idle.unwrap_or_else(|| {
            let member = |_| Mutex::new(Member::start("serve", place.path()));
            Three {
                members: std::array::from_fn(member),
                random: AtomicU64::new(0),
                gates: AtomicU64::new(0),
                passes: AtomicU64::new(0),
            }
        });
        // the same case meets the same processes
        three.random.store(nanos(start), Ordering::Relaxed);
        Self {
            place,
            time: ManualClock::new(start),
            three: Arc::new(Lent(Some(three))),
        }
    }

    fn served(&self, clock: Option<ManualClock>) -> Box<dyn Storage> {
        Box::new(Served {
            folder: self.place.path().to_str().unwrap().to_owned(),
            clock,
            three: self.three.clone(),
        })
    }
}

impl Deref for Lent {
    type Target = Three;

    fn deref(&self) -> &Three {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // one who was left amid an answer is no good to others
        if let Some(three) = self.0.take()
            && !three.members.iter().any(Mutex::is_poisoned)
        {
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push(three);
        }
    }
}

impl Fixture for ThreeFixture {
    fn storage(&self) -> Box<dyn Storage> {
        self.served(Some(self.time.clone()))
    }

    fn storage_in_real_time(&self) -> Box<dyn Storage> {
        self.served(None)
    }

    fn time(&self) -> &dyn Time {
        &self.time
    }

    fn holds(&self, spec: &Spec) -> bool {
        fits(spec)
    }

    fn holds_in_real_time(&self, spec: &Spec) -> bool {
        fits_in_real_time(spec)
    }

    /// Every gate is a mapping for the life of the processes.
    fn cases(&self) -> u32 {
        if crate::crew::is_long() { 2_000 } else { 150 }
    }
}

impl Three {
    fn ask(&self, member: usize, line: &str) -> String {
        let mut member = self.members[member].lock().unwrap();
        member.ask(line)
    }

    fn anyone(&self) -> usize {
        let seed = self
            .random
            .fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (seed ^ seed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        usize::try_from(mixed >> 40).unwrap() % PROCESSES
    }
}

/// Makes gates in the three processes.
#[derive(Debug)]
struct Served {
    folder: String,
    clock: Option<ManualClock>,
    three: Arc<Lent>,
}

impl Storage for Served {
    fn kind(&self) -> StorageKind {
        StorageKind::Shared
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        // what the configuration alone forbids, before anybody is asked
        Blueprint::new(config, config.now())?.check(config.span_limits())?;
        let remote = ServedGate {
            number: self.three.gates.fetch_add(1, Ordering::Relaxed),
            clock: self.clock.clone(),
            three: self.three.clone(),
        };
        let (size, step) = (span(config.gate_size()), span(config.frame_step()));
        let (now, number) = (remote.now(), remote.number);
        let (gate, frame) = shown(config.limits());
        let strict = u8::from(config.is_strict());
        let mut line = format!("open {number} {now} {size} {step} {strict} {gate} {frame} ");
        match seed.and_then(|seed| Some((seed.current_frame()?, seed.frames()))) {
            Some((start, frames)) => write!(line, "{},{}", nanos(start), listed(frames)).unwrap(),
            None => line.push('-'),
        }
        write!(line, " {} {}", config.name(), self.folder).unwrap();
        let first = self.three.anyone();
        // the others find what the first one made
        for turn in 0..PROCESSES {
            let answer = self.three.ask((first + turn) % PROCESSES, &line);
            if let Some(error) = answer.strip_prefix("failed ") {
                return Err(ConfigError::new(ConfigErrorKind::Storage, error));
            }
        }
        Ok(Opened::Remote(Arc::new(remote)))
    }
}

#[derive(Debug)]
struct ServedGate {
    number: u64,
    clock: Option<ManualClock>,
    three: Arc<Lent>,
}

impl ServedGate {
    /// What the processes are to take for the time.
    fn now(&self) -> String {
        let now = self.clock.as_ref().map(|clock| nanos(clock.time()));
        now.map_or("-".to_owned(), |now| now.to_string())
    }
}

impl Remote for ServedGate {
    fn call(&self, _: &Key, act: &Act, _: Deadline) -> Result<Answer, StorageError> {
        let mut member = self.three.anyone();
        let act = match *act {
            Act::Update { value } => {
                let pass = self.three.passes.fetch_add(1, Ordering::Relaxed);
                format!("update {value} {}", pass * PROCESSES as u64 + member as u64)
            }
            Act::Refund { value, booked } => match booked.map(|booked| booked.era()) {
                Some(pass) => {
                    member = usize::try_from(pass).unwrap() % PROCESSES;
                    format!("settle {value} {pass}")
                }
                None => format!("refund {value}"),
            },
            Act::Peek { value } => format!("peek {value}"),
            Act::Check => "check".to_owned(),
            Act::State => "state".to_owned(),
            Act::Clear => "clear".to_owned(),
            Act::SetLimits(limits) => {
                let (gate, frame) = shown(limits);
                format!("limits {gate} {frame}")
            }
            ref other => panic!("{other:?} is new"),
        };
        let (number, now) = (self.number, self.now());
        let answer = self.three.ask(member, &format!("act {number} {now} {act}"));
        read(&answer).ok_or_else(|| StorageError::with_source(StorageErrorKind::Protocol, answer))
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(ready(self.call(key, &act, by)))
    }

    /// As any of the processes sees them.
    fn limits(&self, _: &Key) -> Limits {
        let (number, now) = (self.number, self.now());
        let line = format!("act {number} {now} told");
        let seen = self.three.ask(self.three.anyone(), &line);
        let (gate, frame) = seen.split_once(' ').unwrap();
        limits(gate, frame)
    }
}

impl Drop for ServedGate {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for member in 0..PROCESSES {
                self.three.ask(member, &format!("close {}", self.number));
            }
        }
    }
}

fn shown(limits: Limits) -> (String, String) {
    let show = |limit: Option<u64>| limit.map_or("-".to_owned(), |limit| limit.to_string());
    (show(limits.gate_limit()), show(limits.frame_limit()))
}

fn limits(gate: &str, frame: &str) -> Limits {
    let mut limits = Limits::none();
    if gate != "-" {
        limits = limits.with_gate(gate.parse().unwrap());
    }
    if frame != "-" {
        limits = limits.with_frame(frame.parse().unwrap());
    }
    limits
}

fn listed(values: &[u64]) -> String {
    let values: Vec<String> = values.iter().map(u64::to_string).collect();
    values.join(",")
}

fn numbers(words: &[&str]) -> Option<Vec<u64>> {
    words.iter().map(|word| word.parse().ok()).collect()
}

/// An answer out of a line.
fn read(line: &str) -> Option<Answer> {
    let words: Vec<&str> = line.split(' ').collect();
    let (first, rest) = words.split_first()?;
    if *first == "expired" {
        return Some(Answer::Expired);
    }
    if *first == "done" {
        return Some(Answer::Done);
    }
    let told = numbers(rest)?;
    let after = |nanos: u64| Duration::from_nanos(nanos);
    let reading = || {
        let frame = Frame::new(Moment::from_nanos(told[0]), told[1]);
        Reading::new(frame, told[2], told[3]).of_era(told[4])
    };
    let denial = || {
        let scope = if told[0] == 0 {
            Scope::Frame
        } else {
            Scope::Gate
        };
        Denial::new(scope, told[1], told[2], told[3], after(told[4]))
    };
    Some(match *first {
        "admitted" => Answer::Admitted(reading()),
        "returned" => Answer::Returned(reading()),
        "denied" => Answer::Denied(denial()),
        "never" => Answer::Decided(
            Decision::new(false, 0, 0, Duration::ZERO, Duration::ZERO),
            Some(denial()),
        ),
        "decided" => Answer::Decided(
            Decision::new(
                told[0] == 1,
                told[1],
                told[2],
                after(told[3]),
                after(told[4]),
            ),
            None,
        ),
        "underflow" => Answer::Underflow(told[0]),
        "state" => Answer::State(State::new(Moment::from_nanos(told[0]), told[1..].to_vec())),
        _ => return None,
    })
}

/// What one of the three processes does.
pub(crate) fn serve() {
    let mut gates: HashMap<String, Kept> = HashMap::new();
    for line in asked() {
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match *words {
            ["close", number] => {
                gates.remove(number);
                "done".to_owned()
            }
            ["open", number, ref rest @ ..] => match Kept::open(rest) {
                Ok(kept) => {
                    gates.insert(number.to_owned(), kept);
                    "done".to_owned()
                }
                Err(error) => format!("failed {error}"),
            },
            ["act", number, now, ref act @ ..] => {
                let kept = gates.get_mut(number).unwrap();
                kept.set(now);
                kept.act(act)
            }
            _ => panic!("{line:?}"),
        };
        told(answer);
    }
}

/// A gate in one of the three processes.
struct Kept {
    gate: CallGate,
    clock: Option<ManualClock>,
    passes: HashMap<u64, OwnedPass>,
}

impl Kept {
    fn open(words: &[&str]) -> Result<Self, ConfigError> {
        let [now, size, step, strict, gate, frame, seed, name, folder] = *words else {
            panic!("{words:?}");
        };
        let nanos = |word: &str| Duration::from_nanos(word.parse().unwrap());
        let mut builder = CallGate::builder(name, nanos(size), nanos(step))
            .limits(limits(gate, frame))
            .storage(SharedMemory::new().directory(folder));
        let strict = strict == "1";
        if strict {
            builder = builder.strict();
        }
        let clock = (now != "-").then(|| ManualClock::new(wall(now.parse().unwrap())));
        if let Some(clock) = &clock {
            builder = builder.clock(clock.clone());
        }
        if seed != "-" {
            let seed = numbers(&seed.split(',').collect::<Vec<_>>()).unwrap();
            let snapshot = Snapshot::new(name, nanos(size), nanos(step));
            let snapshot = if strict { snapshot.strict() } else { snapshot };
            builder = builder.restore(snapshot.with_frames(wall(seed[0]), seed[1..].to_vec()));
        }
        Ok(Self {
            gate: builder.build()?,
            clock,
            passes: HashMap::new(),
        })
    }

    fn set(&self, now: &str) {
        if let Some(clock) = &self.clock {
            clock.set(wall(now.parse().unwrap()));
        }
    }

    fn act(&mut self, act: &[&str]) -> String {
        let number = |word: &str| word.parse::<u64>().unwrap();
        match *act {
            ["update", value, pass] => {
                match self.gate.enter_owned_with(number(value), Wait::Never) {
                    Ok(booked) => {
                        let answer = format!("admitted {}", told_of(booked.reading(), pass));
                        self.passes.insert(number(pass), booked);
                        answer
                    }
                    Err(error) => refused(&error),
                }
            }
            ["settle", value, pass] => {
                let Some(pass) = self.passes.remove(&number(pass)) else {
                    panic!("pass {pass} is not of this process");
                };
                let actual = pass.value() - number(value);
                match pass.settle(actual) {
                    Ok(Refund::Returned(_)) => {
                        format!(
                            "returned {}",
                            told_of(&self.gate.try_update(0).unwrap(), "0")
                        )
                    }
                    Ok(Refund::Expired) => "expired".to_owned(),
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => refused(&error),
                }
            }
            ["refund", value] => match self.gate.refund(number(value)) {
                Ok(reading) => format!("returned {}", told_of(&reading, "0")),
                Err(error) => refused(&error),
            },
            ["peek", value] => match self.gate.peek(number(value)) {
                Ok(decision) => {
                    let allowed = u8::from(decision.allowed);
                    let (limit, remaining) = (decision.limit, decision.remaining);
                    let (retry, reset) = (span(decision.retry_after), span(decision.reset_after));
                    format!("decided {allowed} {limit} {remaining} {retry} {reset}")
                }
                Err(error) => refused(&error).replace("denied", "never"),
            },
            ["check"] => match self.gate.check_limits() {
                Ok(()) => "done".to_owned(),
                Err(error) => refused(&error),
            },
            ["state"] => self.state(),
            ["clear"] => match self.gate.clear() {
                Ok(()) => "done".to_owned(),
                Err(error) => format!("failed {error}"),
            },
            ["limits", gate, frame] => match self.gate.set_limits(limits(gate, frame)) {
                Ok(()) => "done".to_owned(),
                Err(error) => format!("failed {error}"),
            },
            ["shut"] => {
                self.gate.close();
                "done".to_owned()
            }
            ["told"] => {
                let (gate, frame) = shown(self.gate.limits());
                format!("{gate} {frame}")
            }
            _ => panic!("{act:?}"),
        }
    }

    fn state(&self) -> String {
        match self.gate.state() {
            Ok(state) => {
                let start = nanos(state.current_frame().start());
                let frames: Vec<String> = state.frames().iter().map(u64::to_string).collect();
                format!("state {start} {}", frames.join(" "))
            }
            Err(error) => format!("failed {error}"),
        }
    }
}

fn told_of(reading: &Reading, pass: &str) -> String {
    let frame = reading.frame();
    let (start, held) = (nanos(frame.start()), frame.value());
    let (sum, remaining) = (reading.sum(), reading.remaining());
    format!("{start} {held} {sum} {remaining} {pass}")
        .trim_end()
        .to_owned()
}

fn refused(error: &UpdateError) -> String {
    let scope = |scope| u8::from(scope != Scope::Frame);
    match error {
        UpdateError::FrameLimit(denial) | UpdateError::GateLimit(denial) => {
            let (limit, used, requested) = (denial.limit(), denial.used(), denial.requested());
            let wait = span(denial.retry_after());
            format!(
                "denied {} {limit} {used} {requested} {wait}",
                scope(denial.scope())
            )
        }
        // a limit below what was requested says that it never can be
        UpdateError::TooLarge(error) => {
            let (limit, requested) = (error.limit(), error.requested());
            format!("denied {} {limit} 0 {requested} 0", scope(error.scope()))
        }
        UpdateError::Underflow(error) => format!("underflow {}", error.booked()),
        other => format!("failed {other}"),
    }
}
