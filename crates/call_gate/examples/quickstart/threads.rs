//! Threads that wait their turn at one gate while a line shows its frames.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant, SystemTime};

use call_gate::{CallGate, Limits, UpdateError};

use crate::record::Record;

const GATE_SIZE: Duration = Duration::from_secs(3);
const FRAME_STEP: Duration = Duration::from_millis(300);
const GATE_LIMIT: u64 = 10;
const FRAME_LIMIT: u64 = 2;
const THREADS: usize = 4;
const REQUESTS: u64 = 30;

/// Runs the requests and fails if the gate admitted more than its limits say.
pub(crate) fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let limits = Limits::gate(GATE_LIMIT).with_frame(FRAME_LIMIT);
    let gate = CallGate::builder("quickstart", GATE_SIZE, FRAME_STEP)
        .limits(limits)
        .build()?;
    writeln!(
        out,
        "   {THREADS} threads, {REQUESTS} requests; at most {FRAME_LIMIT} in a frame of {FRAME_STEP:?} \
         and {GATE_LIMIT} in {GATE_SIZE:?}"
    )?;

    let issued = AtomicU64::new(0);
    let admitted = AtomicU64::new(0);
    let begun = Instant::now();
    let booked = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| call_until_done(&gate, &issued, &admitted)))
            .collect();
        let shown = watch(out, &gate, &admitted, || {
            threads.iter().all(ScopedJoinHandle::is_finished)
        });

        let mut booked = Vec::new();
        for thread in threads {
            booked.extend(thread.join().map_err(|_| "a thread panicked")??);
        }
        shown?;
        Ok::<_, Box<dyn Error>>(booked)
    })?;

    let mut record = Record::new(GATE_SIZE, FRAME_STEP, GATE_LIMIT, FRAME_LIMIT);
    for frame in booked {
        record.book(frame, 1)?;
    }
    let checked = record.check()?;
    if checked.admitted != REQUESTS {
        return Err(format!(
            "{} of {REQUESTS} requests were admitted, all were due",
            checked.admitted
        )
        .into());
    }
    writeln!(out, "   done in {:.1} s", begun.elapsed().as_secs_f64())?;
    writeln!(out, "   {checked}")?;
    Ok(())
}

/// Books one call at a time and returns the frames that the bookings went into.
fn call_until_done(
    gate: &CallGate,
    issued: &AtomicU64,
    admitted: &AtomicU64,
) -> Result<Vec<SystemTime>, UpdateError> {
    let mut booked = Vec::new();
    while issued.fetch_add(1, Relaxed) < REQUESTS {
        let reading = gate.update(1)?;
        booked.push(reading.frame().start());
        admitted.fetch_add(1, Relaxed);
    }
    Ok(booked)
}

/// Shows the gate until `finished`: in place on a terminal, now and then a line elsewhere.
fn watch(
    out: &mut impl Write,
    gate: &CallGate,
    admitted: &AtomicU64,
    finished: impl Fn() -> bool,
) -> Result<(), Box<dyn Error>> {
    let live = io::stdout().is_terminal();
    let (before, after) = if live { ("\r", "") } else { ("", "\n") };
    let every = Duration::from_millis(if live { 50 } else { 900 });
    loop {
        let last = finished();
        let state = gate.state()?;
        write!(
            out,
            "{before}   frames {:?}, sum {:2}, admitted {:2} of {REQUESTS}, waiting {}{after}",
            state.frames(),
            state.sum(),
            admitted.load(Relaxed),
            gate.waiters(),
        )?;
        out.flush()?;
        if last {
            break;
        }
        let next = Instant::now() + every;
        while Instant::now() < next && !finished() {
            thread::sleep(Duration::from_millis(25));
        }
    }
    if live {
        writeln!(out)?;
    }
    Ok(())
}
