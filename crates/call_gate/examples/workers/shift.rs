//! What the workers do, and what becomes of them: one is killed, another takes its place, and the joint record is judged.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use call_gate::{CallGate, UpdateError, Wait};

use crate::crew::Crew;
use crate::witness::Witness;

pub(crate) const GATE_SIZE: Duration = Duration::from_secs(1);
pub(crate) const FRAME_STEP: Duration = Duration::from_millis(100);
pub(crate) const GATE_LIMIT: u64 = 120;
pub(crate) const FRAME_LIMIT: u64 = 20;
const WORKERS: usize = 4;
/// What a worker does with each admission.
const WORK: Duration = Duration::from_millis(4);

const KILL_AT: Duration = Duration::from_millis(1500);
const REPLACE_AT: Duration = Duration::from_millis(2200);
const END_AT: Duration = Duration::from_secs(4);
/// Between two looks at the gate.
const LOOK: Duration = Duration::from_millis(20);
/// Only a fault takes as long.
pub(crate) const FAR_TOO_LONG: Duration = Duration::from_secs(30);

/// A worker: reports the frame of each admission, until its input ends.
pub(crate) fn work(gate: &CallGate) -> Result<(), Box<dyn Error>> {
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

/// Starts workers that are told `words`, and looks on through `gate`, which is theirs.
pub(crate) fn run(
    out: &mut impl Write,
    gate: &CallGate,
    words: &[&str],
) -> Result<(), Box<dyn Error>> {
    writeln!(
        out,
        "{WORKERS} processes; at most {FRAME_LIMIT} in a frame of {FRAME_STEP:?} and {GATE_LIMIT} in {GATE_SIZE:?}, for all of them"
    )?;
    let begun = Instant::now();
    let mut crew = Crew::new(words)?;
    for _ in 0..WORKERS {
        crew.start()?;
    }
    let mut witness = Witness::default();
    let mut line = Line::new();
    let (mut killed_in, mut replaced) = (None, false);
    loop {
        crew.listen(LOOK)?;
        witness.look(gate)?;
        line.show(out, witness.sum(), &crew)?;

        let time = begun.elapsed();
        if time > FAR_TOO_LONG {
            return Err("somebody is not admitted any more".into());
        }
        if killed_in.is_none() {
            if time >= KILL_AT && crew.all_were_admitted() {
                let pid = crew.kill()?;
                // what it was about to book is booked by then, also if it is on its way to a server
                crew.listen(LOOK)?;
                killed_in = Some(gate.current_frame()?.start());
                line.note(out, &format!("killed process {pid}"))?;
            }
        } else if !replaced {
            if time >= REPLACE_AT {
                let pid = crew.start()?;
                line.note(out, &format!("started process {pid} in its place"))?;
                replaced = true;
            }
        } else if time >= END_AT && crew.all_were_admitted() {
            break;
        }
    }
    crew.end()?;
    witness.look(gate)?;
    line.end(out)?;

    writeln!(
        out,
        "{} admissions reported in {:.1} s: {crew}",
        crew.reports().count(),
        begun.elapsed().as_secs_f64()
    )?;
    let since = crew.last_report_of_the_killed();
    witness.judge(out, crew.reports(), since.zip(killed_in))
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
