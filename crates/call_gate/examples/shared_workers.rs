//! Worker processes on one gate in shared memory, one of which is killed.
//!
//! `cargo run --release --features shared --example shared_workers`. It starts itself several times. The workers ask the
//! gate for themselves and report each admission; one is killed amid its work, another takes its place, and the rest
//! go on. Afterwards the joint record is judged against the limits by definition, and compared with the gate's frames.

#![forbid(unsafe_code)]

#[path = "workers/crew.rs"]
mod crew;
#[path = "quickstart/record.rs"]
#[expect(dead_code, reason = "the replay of a log asks it more")]
mod record;
#[path = "shared_workers/segment.rs"]
mod segment;
#[path = "workers/shift.rs"]
mod shift;
#[path = "workers/witness.rs"]
mod witness;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use call_gate::{CallGate, ConfigError, SharedMemory, StorageErrorKind, UpdateError};

use segment::Guard;
use shift::{FRAME_LIMIT, FRAME_STEP, GATE_LIMIT, GATE_SIZE};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match *words {
        [] => run(),
        ["worker", name] => gate(name)
            .map_err(Into::into)
            .and_then(|gate| shift::work(&gate)),
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

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let removed = segment::sweep()?;
    if removed > 0 {
        writeln!(out, "removed {removed} left by a run that was ended")?;
    }
    let segment = Guard::new();
    let gate = gate(segment.name())?;
    shift::run(&mut out, &gate, &[segment.name()])?;

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
