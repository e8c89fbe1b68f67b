//! Real threads and the real clock, and what they were told judged by the definition of the limits.
//!
//! `CALL_GATE_LONG` makes each run a minute long.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use call_gate::{CallGate, CallGateBuilder, Error, Limits, UpdateError, Wait};

const GATE_SIZE: Duration = Duration::from_millis(50);
const FRAME_STEP: Duration = Duration::from_millis(5);
const LIMITS: (u64, u64) = (400, 90);
const THREADS: u64 = 6;

/// One admission: when the call began and when it returned, and the frame it was booked in.
struct Admission {
    value: u64,
    frame: SystemTime,
    began: Instant,
    ended: Instant,
}

fn builder() -> CallGateBuilder {
    CallGate::builder("stress", GATE_SIZE, FRAME_STEP)
        .limits(Limits::gate(LIMITS.0).with_frame(LIMITS.1))
}

#[test]
fn stress_no_aligned_window_is_above_its_limit() -> Result<(), Error> {
    judge_windows(&drive(&builder().build()?)?);
    Ok(())
}

#[test]
fn stress_no_interval_is_above_its_limit_when_strict() -> Result<(), Error> {
    let admissions = drive(&builder().strict().build()?)?;
    judge_windows(&admissions);
    judge_intervals(admissions);
    Ok(())
}

#[test]
fn stress_a_gate_that_gives_credits_keeps_its_limits() -> Result<(), Error> {
    judge_windows(&drive(&builder().credits().build()?)?);
    Ok(())
}

/// Half of the threads ask at once, the others wait their turn, all with values of their own.
fn drive(gate: &CallGate) -> Result<Vec<Admission>, Error> {
    let long = std::env::var_os("CALL_GATE_LONG").is_some();
    let until = Instant::now() + Duration::from_secs(if long { 60 } else { 2 });
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| scope.spawn(move || ask(gate, thread, until)))
            .collect();
        let mut admissions = Vec::new();
        for thread in threads {
            admissions.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(admissions)
    })
}

fn ask(gate: &CallGate, thread: u64, until: Instant) -> Result<Vec<Admission>, UpdateError> {
    let wait = if thread.is_multiple_of(2) {
        Wait::Never
    } else {
        Wait::Window
    };
    let mut admissions = Vec::new();
    for round in thread.. {
        let began = Instant::now();
        if began >= until {
            break;
        }
        let value = 1 + round % 7;
        match gate.update_with(value, wait) {
            Ok(reading) => admissions.push(Admission {
                value,
                frame: reading.frame().start(),
                began,
                ended: Instant::now(),
            }),
            Err(error) if error.is_denied() => thread::yield_now(),
            Err(error) => return Err(error),
        }
    }
    Ok(admissions)
}

/// Every frame, and every window that begins with a frame that something was booked in: one that
/// begins with an empty frame holds no more than one that begins later.
fn judge_windows(admissions: &[Admission]) {
    let mut frames: BTreeMap<SystemTime, u64> = BTreeMap::new();
    for admission in admissions {
        *frames.entry(admission.frame).or_default() += admission.value;
    }
    let mut fullest = 0;
    for (start, value) in &frames {
        assert!(*value <= LIMITS.1, "the frame at {start:?} holds {value}");
        let window: u64 = frames
            .range(*start..*start + GATE_SIZE)
            .map(|(_, value)| value)
            .sum();
        assert!(
            window <= LIMITS.0,
            "the window from {start:?} holds {window}"
        );
        fullest = fullest.max(window);
    }
    assert!(
        fullest > LIMITS.0 - 7,
        "the load was too small to tell: {fullest}"
    );
}

/// Every interval of the gate's size that begins where a call began. A call counts when all of it
/// lies inside, since the moment within it that the gate judged by is not known.
fn judge_intervals(mut admissions: Vec<Admission>) {
    admissions.sort_by_key(|admission| admission.began);
    for (first, from) in admissions.iter().enumerate() {
        let end = from.began + GATE_SIZE;
        let inside: u64 = admissions
            .iter()
            .skip(first)
            .take_while(|admission| admission.began <= end)
            .filter(|admission| admission.ended < end)
            .map(|admission| admission.value)
            .sum();
        assert!(
            inside <= LIMITS.0,
            "{inside} were admitted within {GATE_SIZE:?}"
        );
    }
}
