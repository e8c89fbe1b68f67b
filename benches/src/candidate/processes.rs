//! One operation that two processes do at once, on one gate in shared memory.

use std::hint;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use call_gate::CallGate;
use call_gate::clock::monotonic;

use super::{AT_ONCE, ATTEMPTS, Candidate, Expect, Judge, Timing, WARM_UP, time};
use crate::second::Second;
use crate::segment::Segment;

/// After this long the other process is taken to be stuck.
const PATIENCE: Duration = Duration::from_secs(10);

impl Candidate {
    /// `try_update(1)` on `gate`, admitted, by this process and a second one.
    ///
    /// `control` counts who is ready, so that both start together.
    pub fn two_processes(name: &str, label: &str, gate: Segment, control: Segment) -> Self {
        let mut judge = Judge::new(name, Expect::Admitted);
        let words = ["calls".to_owned(), gate.name(), control.name()];
        let run = move |calls| {
            // without a clock that both read alike there is nothing to compare
            monotonic()?;
            for _ in 0..ATTEMPTS {
                // a new one each time, as with threads: the system gives it a core that is free, while one
                // that is woken tends to stay on the core of who wakes it
                let mut second = Second::start(&words);
                second.tell(calls);
                let mine = side(&gate, &control, calls);
                let other = parse(&second.answer(), calls);
                judge.count(mine.surprises + other.surprises);
                if mine.shared_with(&other) >= AT_ONCE {
                    return Some(f64::midpoint(mine.nanos(), other.nanos()));
                }
            }
            None
        };
        Self {
            id: format!("{name}/2"),
            label: label.to_owned(),
            fewer: 1,
            run: Box::new(run),
        }
    }
}

/// For the second process: does its side as often as it is told to.
pub fn serve(gate: &CallGate, control: &CallGate, mut out: impl Write, told: impl BufRead) {
    for calls in told.lines().map_while(Result::ok) {
        let calls = calls.parse().expect("a number of calls");
        let timing = side(gate, control, calls);
        writeln!(out, "{}", line(&timing)).expect("the first process listens");
        out.flush().expect("the first process listens");
    }
}

/// Warms up, waits for the other, and makes the calls.
fn side(gate: &CallGate, control: &CallGate, calls: u64) -> Timing {
    let op = || gate.try_update(1).is_ok();
    let warm_up = time(WARM_UP.min(calls), true, &op);
    let count = || control.sum().expect("the control gate answers");
    control.try_update(1).expect("the control gate has room");
    // Both book once for each measurement, and neither comes to the next before the other.
    let both = count().next_multiple_of(2);
    let since = Instant::now();
    while count() < both {
        assert!(since.elapsed() < PATIENCE, "the other process never came");
        hint::spin_loop();
    }
    let timing = time(calls, true, &op);
    Timing {
        surprises: timing.surprises + warm_up.surprises,
        ..timing
    }
}

/// What the second process tells of its side; its times are of the clock that all processes read alike.
fn line(timing: &Timing) -> String {
    let now = Instant::now();
    let at = monotonic().expect("a clock for all processes");
    let when = |time: Instant| at - nanos(now.duration_since(time));
    format!(
        "{} {} {} {}",
        timing.surprises,
        when(timing.start),
        when(timing.end),
        nanos(timing.off_cpu)
    )
}

fn parse(line: &str, calls: u64) -> Timing {
    let now = Instant::now();
    let at = monotonic().expect("a clock for all processes");
    let numbers: Vec<u64> = line
        .split(' ')
        .map(|number| number.parse().expect("a number"))
        .collect();
    let &[surprises, start, end, off_cpu] = &*numbers else {
        panic!("the second process said {line:?}");
    };
    let when = |nanos| {
        let age = Duration::from_nanos(at - nanos);
        now.checked_sub(age).expect("this machine ran by then")
    };
    Timing {
        calls,
        surprises,
        start: when(start),
        end: when(end),
        off_cpu: Duration::from_nanos(off_cpu),
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("far below 500 years")
}
