//! `cargo xtask bench`: the measurements of `benches/`, a package of its own with the peers.

use std::process::Command;

use crate::args::Args;
use crate::plan::{Outcome, Step, minutes};
use crate::process::{self, Deadline};
use crate::workspace;

pub(crate) fn run(args: Args) -> Result<(), String> {
    let mut command = command()?;
    command.args(args.rest());
    // A full run of interleaved rounds takes its time; the limit only ends one that hangs.
    process::run(&mut command, Deadline::after(minutes(60)))
}

/// A short run that checks results and no ratio, which a busy machine would spoil.
pub(crate) fn smoke() -> Step {
    Step::new(
        "bench --smoke",
        minutes(8),
        "run `cargo xtask bench --smoke`; the assertion names the operation",
        |deadline| {
            process::run(command()?.arg("--smoke"), deadline)?;
            Ok(Outcome::Passed)
        },
    )
}

fn command() -> Result<Command, String> {
    let mut command = process::cargo("run --release --manifest-path benches/Cargo.toml");
    command
        .arg("--target-dir")
        .arg(workspace::target("benches")?)
        .arg("--");
    Ok(command)
}
