//! `cargo xtask fuzz`: the driver in `fuzz/`, which needs no nightly compiler.

use std::process::Command;

use crate::args::Args;
use crate::plan::{Outcome, Step, minutes};
use crate::process::{self, Deadline};
use crate::workspace;

const CI_SECONDS: &str = "10";

pub(crate) fn run(args: Args) -> Result<(), String> {
    let mut command = command()?;
    command.args(args.rest());
    process::run(&mut command, Deadline::after(minutes(24 * 60)))
}

pub(crate) fn step() -> Step {
    Step::new(
        "fuzz",
        minutes(4),
        "the input is saved where the report says: pass that file to `snapshot_file` in a test, and mend what panics",
        |deadline| {
            process::run(command()?.args(["--seconds", CI_SECONDS]), deadline)?;
            Ok(Outcome::Noted(format!("{CI_SECONDS} s")))
        },
    )
}

fn command() -> Result<Command, String> {
    let mut command = process::cargo("run --release --manifest-path fuzz/Cargo.toml");
    command
        .arg("--target-dir")
        .arg(workspace::target("fuzz")?)
        .args(["--bin", "fuzz", "--"]);
    Ok(command)
}
