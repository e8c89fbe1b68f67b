//! Several real threads in real time, and their joint record.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use call_gate_core::{CallGate, Refund, Wait};

use super::{Make, somewhere};
use crate::history::{Admission, History};
use crate::spec::{Credits, Spec, limits, nanos};

const THREADS: u64 = 4;

/// How far a gate's clock may be off the wall while a test runs.
const SLACK: u64 = 50_000_000;

fn gate(make: Make<'_>, spec: &Spec) -> CallGate {
    let fixture = somewhere(make);
    let spec = fixture.shape(spec.clone());
    let built = spec
        .builder()
        .storage(fixture.storage_in_real_time())
        .build();
    built.unwrap_or_else(|error| panic!("{fixture:?} does not make {spec:?}: {error}"))
}

fn now() -> u64 {
    nanos(SystemTime::now())
}

/// Every frame and every aligned window keeps its limit, and a saturated gate lets through all that it may.
pub fn aligned_windows(make: Make<'_>) {
    let spec = Spec::new(20_000_000, 5).with_caps(60, 20);
    let history = saturate(&gate(make, &spec), &spec, |turn| 1 + turn % 3);
    assert_eq!(history.check(), Ok(()));
    let ones = saturate(&gate(make, &spec), &spec, |_| 1);
    assert_eq!(ones.check(), Ok(()));
    assert_eq!(
        ones.fullest_window(),
        60,
        "a window that everybody wants to fill is not full"
    );
}

/// No interval of the window's length at all breaks the limit.
pub fn strict_intervals(make: Make<'_>) {
    let spec = Spec::new(20_000_000, 5).with_caps(60, 20).strict();
    let history = saturate(&gate(make, &spec), &spec, |_| 1);
    assert_eq!(history.check(), Ok(()));
    assert_eq!(
        history.fullest_window(),
        60,
        "a window that everybody wants to fill is not full"
    );
}

/// Frames long enough for a clock that reads coarsely within a frame.
pub fn long_frames(make: Make<'_>) {
    for spec in [
        Spec::new(200_000_000, 2).with_caps(5_000, 3_000),
        Spec::new(200_000_000, 2).with_caps(5_000, None).strict(),
    ] {
        let history = saturate(&gate(make, &spec), &spec, |turn| 1 + turn % 2);
        assert_eq!(history.check(), Ok(()));
    }
}

/// Frames so short that every call meets a new one.
pub fn tiny_frames(make: Make<'_>) {
    for (step, frames) in [(1_000, 3), (50_000, 8), (1_000_000, 2)] {
        let spec = Spec::new(step, frames).with_caps(7, 4);
        let fixture = somewhere(make);
        if !fixture.holds_in_real_time(&fixture.shape(spec.clone())) {
            continue;
        }
        let history = saturate(&gate(make, &spec), &spec, |turn| 1 + turn % 4);
        assert_eq!(history.check(), Ok(()));
    }
}

/// Asks from several threads for a second and returns what was admitted, dated as the gate dated it.
fn saturate(gate: &CallGate, spec: &Spec, value: impl Fn(u64) -> u64 + Sync) -> History {
    let mut history =
        History::new(spec.frame_step, spec.frames).with_limits(spec.caps.gate, spec.caps.frame);
    if spec.strict {
        history = history.strict();
    }
    let end = Instant::now() + Duration::from_secs(1);
    thread::scope(|scope| {
        let asking: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn({
                    let value = &value;
                    move || ask(gate, spec.frame_step, end, |turn| value(turn + thread))
                })
            })
            .collect();
        for one in asking {
            history.extend(one.join().unwrap());
        }
    });
    assert!(!history.is_empty());
    history
}

fn ask(gate: &CallGate, step: u64, end: Instant, value: impl Fn(u64) -> u64) -> Vec<Admission> {
    let mut admissions = Vec::new();
    for turn in 0.. {
        let (asked, value) = (now(), value(turn));
        match gate.try_update(value) {
            Ok(reading) => {
                let start = nanos(reading.frame().start());
                assert!(
                    start <= now() + SLACK,
                    "booked in a frame that begins {} ns ahead",
                    start - now()
                );
                assert!(
                    asked < start + step + SLACK,
                    "booked in a frame that had ended"
                );
                // The gate read its clock after `asked`, and within the frame.
                admissions.push(Admission {
                    time: asked.clamp(start, start + step - 1),
                    value,
                });
            }
            Err(error) => assert!(error.denial().is_some(), "{error}"),
        }
        if turn % 64 == 0 {
            if Instant::now() >= end {
                break;
            }
            // One thread on one core must not starve the others of a whole window.
            thread::yield_now();
        }
    }
    admissions
}

/// Bookings, refunds and reads from all sides: what the gate holds in the end is what was booked and not given back.
pub fn conserved_counts(make: Make<'_>) {
    for credits in [Credits::Either, Credits::Off] {
        let spec = Spec {
            credits,
            ..Spec::new(100_000_000, 30)
        }
        .with_caps(30_000, 2_000);
        let gate = gate(make, &spec);
        let end = Instant::now() + Duration::from_secs(1);
        let mut net: BTreeMap<u64, i128> = BTreeMap::new();
        thread::scope(|scope| {
            let booking: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn({
                        let gate = &gate;
                        move || book(gate, thread, end)
                    })
                })
                .collect();
            scope.spawn(|| watch(&gate, end));
            for one in booking {
                for (frame, value) in one.join().unwrap() {
                    *net.entry(frame).or_insert(0) += value;
                }
            }
        });
        let state = gate.state().unwrap();
        let mut start = nanos(state.current_frame().start());
        for &held in state.frames() {
            assert_eq!(
                net.remove(&start).unwrap_or(0),
                i128::from(held),
                "in the frame that begins at {start}"
            );
            start -= spec.frame_step;
        }
        let left: Vec<u64> = net.into_keys().filter(|&frame| frame > start).collect();
        assert!(
            left.is_empty(),
            "frames {left:?} were booked in and are not told"
        );
    }
}

fn book(gate: &CallGate, thread: u64, end: Instant) -> Vec<(u64, i128)> {
    let mut net = Vec::new();
    let mut turn = thread;
    while Instant::now() < end {
        turn += 1;
        let value = 1 + turn % 5;
        let pass = match gate.enter_with(value, Wait::Never) {
            Ok(pass) => pass,
            Err(error) => {
                assert!(error.denial().is_some(), "{error}");
                thread::yield_now();
                continue;
            }
        };
        let frame = nanos(pass.reading().frame().start());
        net.push((frame, i128::from(value)));
        let back = match turn % 3 {
            0 => pass.refund(),
            1 => pass.settle(value - 1),
            _ => continue,
        };
        match back.unwrap_or_else(|error| panic!("a pass that nobody else can touch: {error}")) {
            Refund::Returned(value) => net.push((frame, -i128::from(value))),
            Refund::Expired => {}
            other => panic!("{other:?}"),
        }
    }
    net
}

/// Every state that is told must have been one, and limits set meanwhile lose nothing.
fn watch(gate: &CallGate, end: Instant) {
    let mut last = SystemTime::UNIX_EPOCH;
    for turn in 0.. {
        if Instant::now() >= end {
            break;
        }
        let state = gate.state().unwrap();
        let start = state.current_frame().start();
        assert!(start >= last, "time ran backwards inside the gate");
        last = start;
        assert_eq!(state.frames().iter().sum::<u64>(), state.sum());
        assert!(
            state.sum() <= 30_000 && state.frames().iter().all(|&held| held <= 2_000),
            "{state:?}"
        );
        let lowered = crate::oracle::Caps {
            gate: Some(30_000 - turn % 7),
            frame: Some(2_000 - turn % 5),
        };
        gate.set_limits(limits(lowered)).unwrap();
        thread::sleep(Duration::from_micros(300));
    }
}
