//! The comparison judged: a storage that lies is found out, and so is a fixture.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use call_gate_core::clock::{ManualClock, Moment};
use call_gate_core::{
    Act as Asked, Answer, BoxFuture, ConfigError, ConfigErrorKind, Deadline, Denial, Frame,
    GateConfig, Key, Limits, Memory, Opened, Reading, Remote, Snapshot, State, Storage,
    StorageError, StorageKind,
};

use super::*;
use crate::conformance;
use crate::fixture::{LoopbackFixture, Time};
use crate::loopback::Loopback;
use crate::spec::{Credits, span};

/// What a storage may get wrong, by a hair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    LateRetry,
    EarlyRetry,
    SumOfOthers,
    LostRefund,
    LostClear,
    LostLimits,
    DeniedAndBooked,
    SeventhIsFree,
    OldFrameForgotten,
    WrongRemaining,
}

const FAULTS: [Fault; 10] = [
    Fault::LateRetry,
    Fault::EarlyRetry,
    Fault::SumOfOthers,
    Fault::LostRefund,
    Fault::LostClear,
    Fault::LostLimits,
    Fault::DeniedAndBooked,
    Fault::SeventhIsFree,
    Fault::OldFrameForgotten,
    Fault::WrongRemaining,
];

#[derive(Clone, Debug)]
struct Faulty {
    honest: Loopback,
    time: ManualClock,
    fault: Fault,
}

#[derive(Debug)]
struct FaultyServer {
    honest: Arc<dyn Remote>,
    fault: Fault,
    calls: AtomicU64,
    clears: AtomicU64,
}

impl Fixture for Faulty {
    fn storage(&self) -> Box<dyn Storage> {
        Box::new(self.clone())
    }

    fn time(&self) -> &dyn Time {
        &self.time
    }
}

impl Storage for Faulty {
    fn kind(&self) -> StorageKind {
        StorageKind::Redis
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        Ok(match self.honest.open(config, seed)? {
            Opened::Remote(honest) => Opened::Remote(Arc::new(FaultyServer {
                honest,
                fault: self.fault,
                calls: AtomicU64::new(0),
                clears: AtomicU64::new(0),
            })),
            other => other,
        })
    }
}

impl Remote for FaultyServer {
    fn call(&self, key: &Key, act: &Asked, by: Deadline) -> Result<Answer, StorageError> {
        let count = self.calls.fetch_add(1, Ordering::Relaxed);
        match (self.fault, act) {
            (Fault::LostRefund, Asked::Refund { .. }) => {
                if let Answer::Returned(told) = self.honest.call(key, act, by)? {
                    self.honest.call(key, &Asked::Update { value: 1 }, by)?;
                    return Ok(Answer::Returned(told));
                }
            }
            (Fault::LostClear, Asked::Clear) | (Fault::LostLimits, Asked::SetLimits(_)) => {
                return Ok(Answer::Done);
            }
            (Fault::SeventhIsFree, Asked::Update { value }) if count % 7 == 6 => {
                return self.honest.call(
                    key,
                    &Asked::Update {
                        value: value - value.min(&1),
                    },
                    by,
                );
            }
            _ => {}
        }
        let answer = self.honest.call(key, act, by)?;
        if *act == Asked::Clear {
            self.clears.fetch_add(1, Ordering::Relaxed);
        }
        let era = self.clears.load(Ordering::Relaxed);
        let later = |denial: Denial, by: i64| {
            let wait = span(denial.retry_after()).saturating_add_signed(by);
            Denial::new(
                denial.scope(),
                denial.limit(),
                denial.used(),
                denial.requested(),
                Duration::from_nanos(wait),
            )
        };
        Ok(match (self.fault, answer) {
            (Fault::LateRetry, Answer::Denied(denial)) => Answer::Denied(later(denial, 1)),
            (Fault::EarlyRetry, Answer::Denied(denial)) => Answer::Denied(later(denial, -1)),
            (Fault::DeniedAndBooked, Answer::Denied(denial)) => {
                self.honest.call(key, &Asked::Update { value: 1 }, by)?;
                Answer::Denied(denial)
            }
            (Fault::SumOfOthers, Answer::Admitted(told)) => {
                let frame = Frame::new(Moment::from(told.frame().start()), told.frame().value());
                let sum = told.sum() + u64::from(told.sum() > 5);
                Answer::Admitted(Reading::new(frame, sum, told.remaining()).of_era(era))
            }
            (Fault::WrongRemaining, Answer::Admitted(told)) if told.remaining() == 0 => {
                let frame = Frame::new(Moment::from(told.frame().start()), told.frame().value());
                Answer::Admitted(Reading::new(frame, told.sum(), 1).of_era(era))
            }
            (Fault::OldFrameForgotten, Answer::State(state)) => {
                let mut frames = state.frames().to_vec();
                *frames.last_mut().unwrap() = 0;
                Answer::State(State::new(state.current_frame().start().into(), frames))
            }
            (_, answer) => answer,
        })
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Asked,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(std::future::ready(self.call(key, &act, by)))
    }

    fn limits(&self, key: &Key) -> Limits {
        self.honest.limits(key)
    }
}

#[test]
fn every_fault_is_found() {
    conformance::small_limits(&|start| Box::new(LoopbackFixture::new(start)));
    for fault in FAULTS {
        let make = move |start: SystemTime| -> Box<dyn Fixture> {
            let time = ManualClock::new(start);
            Box::new(Faulty {
                honest: Loopback::new(time.clone()),
                time,
                fault,
            })
        };
        let judged = std::panic::catch_unwind(|| conformance::small_limits(&make));
        assert!(judged.is_err(), "nobody noticed {fault:?}");
    }
}

/// A memory without credits, and a fixture that may or may not say so.
#[derive(Clone, Debug)]
struct Picky {
    time: ManualClock,
    honest: bool,
}

impl Storage for Picky {
    fn kind(&self) -> StorageKind {
        StorageKind::Simple
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        if config.credits() {
            return Err(ConfigError::new(
                ConfigErrorKind::Unsupported,
                "credits are not for us",
            ));
        }
        Memory::new().open(config, seed)
    }
}

impl Fixture for Picky {
    fn storage(&self) -> Box<dyn Storage> {
        Box::new(self.clone())
    }

    fn time(&self) -> &dyn Time {
        &self.time
    }

    fn holds(&self, spec: &Spec) -> bool {
        // The one that is not honest has it the wrong way round.
        self.honest != (spec.credits == Credits::On)
    }
}

#[test]
fn a_fixture_is_held_to_what_it_foretells() {
    let picky = |honest| Picky {
        time: ManualClock::new(SystemTime::UNIX_EPOCH),
        honest,
    };
    let plain = Spec::new(1_000_000_000, 2).with_caps(3, None);
    let credits = Spec {
        credits: Credits::On,
        ..plain
    };
    let shelf = Shelf::new();
    assert!(Pair::new(&picky(true), &shelf, &credits).is_none());
    assert!(Pair::new(&picky(true), &shelf, &plain).is_some());
    for spec in [plain, credits] {
        let judged =
            std::panic::catch_unwind(|| Pair::new(&picky(false), &Shelf::new(), &spec).is_some());
        assert!(judged.is_err(), "{spec:?}");
    }
}

#[test]
fn a_mismatch_says_what_who_and_when() {
    let mismatch = Mismatch {
        step: 3,
        act: "Peek(1)".into(),
        elapsed: -5,
        oracle: "Done".into(),
        gate: "Nothing".into(),
    };
    let told = "act 3, Peek(1), -5 ns after the start:\n  oracle: Done\n    gate: Nothing";
    assert_eq!(mismatch.to_string(), told);
}
