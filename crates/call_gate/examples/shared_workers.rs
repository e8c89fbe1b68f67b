//! Worker processes on one gate in shared memory, one of which is killed.
//!
//! `cargo run --release --features shared --example shared_workers`. It starts itself several times. The workers ask the
//! gate for themselves and report each admission; one is killed amid its work, another takes its place, and the rest
//! go on. Afterwards the joint record is judged against the limits by definition, and compared with the gate's frames.

#![forbid(unsafe_code)]

#[path = "shared_workers/crew.rs"]
mod crew;
#[path = "quickstart/record.rs"]
#[expect(dead_code, reason = "the replay of a log asks it more")]
mod record;
#[path = "shared_workers/segment.rs"]
mod segment;
#[path = "shared_workers/witness.rs"]
mod witness;

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use call_gate::{CallGate, ConfigError, SharedMemory, StorageErrorKind, UpdateError, Wait};

use crew::Crew;
use segment::Guard;
use witness::Witness;

const GATE_SIZE: Duration = Duration::from_secs(1);
const FRAME_STEP: Duration = Duration::from_millis(100);
const GATE_LIMIT: u64 = 120;
const FRAME_LIMIT: u64 = 20;
const WORKERS: usize = 4;
/// What a worker does with each admission.
const WORK: Duration = Duration::from_millis(4);

const KILL_AT: Duration = Duration::from_millis(1500);
const REPLACE_AT: Duration = Duration::from_millis(2200);
const END_AT: Duration = Duration::from_secs(4);
/// Only a fault takes as long.
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match *words {
        [] => run(),
        ["worker", name] => work(name),
        _ => Err("it takes no arguments".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(io::stderr(), "shared_workers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whoever comes first makes the gate, and the others find it.
fn gate(name: &str) -> Result<CallGate, ConfigError> {
    CallGate::builder(name, GATE_SIZE, FRAME_STEP)
        .gate_limit(GATE_LIMIT)
        .frame_limit(FRAME_LIMIT)
        .storage(SharedMemory::new())
        .build()
}

/// A worker: reports the frame of each admission, until its input ends.
fn work(name: &str) -> Result<(), Box<dyn Error>> {
    let gate = gate(name)?;
    let handle = gate.clone();
    thread::spawn(move || {
        // it ends with the process that started this one, at the latest
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        // for this process only: the others' gates stay open
        handle.close();
    });
    loop {
        match gate.update_with(1, Wait::Forever) {
            Ok(reading) => {
                let frame = reading.frame().start();
                let since = frame.duration_since(SystemTime::UNIX_EPOCH)?;
                // in one write, so that a kill leaves a whole line or none
                io::stdout().write_all(format!("{}\n", since.as_nanos()).as_bytes())?;
            }
            Err(UpdateError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        thread::sleep(WORK);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let removed = segment::sweep()?;
    if removed > 0 {
        writeln!(out, "removed {removed} left by a run that was ended")?;
    }
    let segment = Guard::new();
    writeln!(
        out,
        "{WORKERS} processes; at most {FRAME_LIMIT} in a frame of {FRAME_STEP:?} and {GATE_LIMIT} in {GATE_SIZE:?}, for all of them"
    )?;

    let begun = Instant::now();
    let mut crew = Crew::new(segment.name())?;
    for _ in 0..WORKERS {
        crew.start()?;
    }
    let gate = gate(segment.name())?;
    let mut witness = Witness::default();
    let mut line = Line::new();
    let (mut killed_in, mut replaced) = (None, false);
    loop {
        crew.listen(Duration::from_millis(20))?;
        witness.look(&gate)?;
        line.show(&mut out, witness.sum(), &crew)?;

        let time = begun.elapsed();
        if time > FAR_TOO_LONG {
            return Err("somebody is not admitted any more".into());
        }
        if killed_in.is_none() {
            if time >= KILL_AT && crew.all_were_admitted() {
                let pid = crew.kill()?;
                // whatever it booked, it did so by now
                killed_in = Some(gate.current_frame()?.start());
                line.note(&mut out, &format!("killed process {pid}"))?;
            }
        } else if !replaced {
            if time >= REPLACE_AT {
                let pid = crew.start()?;
                line.note(&mut out, &format!("started process {pid} in its place"))?;
                replaced = true;
            }
        } else if time >= END_AT && crew.all_were_admitted() {
            break;
        }
    }
    crew.end()?;
    witness.look(&gate)?;
    line.end(&mut out)?;

    writeln!(
        out,
        "{} admissions reported in {:.1} s: {crew}",
        crew.reports().count(),
        begun.elapsed().as_secs_f64()
    )?;
    let since = crew.last_report_of_the_killed();
    witness.judge(&mut out, crew.reports(), since.zip(killed_in))?;

    if !SharedMemory::remove(segment.name())? {
        return Err("the segment was gone already".into());
    }
    match gate.try_update(1) {
        Err(UpdateError::Storage(error)) if error.kind() == StorageErrorKind::Retired => {
            writeln!(
                out,
                "removed the segment; who still has it is told: {error}"
            )?;
            Ok(())
        }
        other => Err(format!("a gate that was removed answered {other:?}").into()),
    }
}

/// What is shown meanwhile: one line that is rewritten on a terminal, a few lines elsewhere.
struct Line {
    live: bool,
    next: Instant,
}

impl Line {
    fn new() -> Self {
        Self {
            live: io::stdout().is_terminal(),
            next: Instant::now(),
        }
    }

    fn show(&mut self, out: &mut impl Write, sum: u64, crew: &Crew) -> io::Result<()> {
        if Instant::now() < self.next {
            return Ok(());
        }
        self.next += Duration::from_millis(if self.live { 50 } else { 800 });
        let (before, after) = if self.live { ("\r", "") } else { ("", "\n") };
        let bar = "█".repeat(usize::try_from(sum / 5).unwrap_or(0));
        write!(
            out,
            "{before}  {sum:3} of {GATE_LIMIT} in the window {bar:24}  {crew}{after}"
        )?;
        out.flush()
    }

    fn note(&self, out: &mut impl Write, what: &str) -> io::Result<()> {
        self.end(out)?;
        writeln!(out, "  {what}")
    }

    fn end(&self, out: &mut impl Write) -> io::Result<()> {
        if self.live { writeln!(out) } else { Ok(()) }
    }
}
