//! Core without `std`: built for this machine, and for a target that has no std at all.

use std::process::Command;

use crate::plan::{Outcome, Step, minutes};
use crate::process;

/// Targets without std that have 64-bit atomics.
const TARGETS: [&str; 3] = [
    "x86_64-unknown-none",
    "aarch64-unknown-none",
    "riscv64gc-unknown-none-elf",
];

pub(crate) fn step() -> Step {
    Step::new(
        "core without std",
        minutes(3),
        "use `core` and `alloc` in what core builds without its `std` feature",
        |deadline| {
            let words = "build --package call_gate_core --no-default-features";
            process::run(&mut process::cargo(words), deadline)?;

            let Some(target) = installed_target() else {
                return Ok(Outcome::Noted(format!(
                    "for this machine only; NOT RUN for a target without std: none installed, \
                     `rustup target add {}` gets one",
                    TARGETS[0]
                )));
            };
            let mut command = process::cargo(words);
            process::run(command.args(["--target", target]), deadline)?;
            Ok(Outcome::Noted(format!("for this machine and {target}")))
        },
    )
}

fn installed_target() -> Option<&'static str> {
    let list = process::capture(Command::new("rustup").args(["target", "list", "--installed"]));
    let list = list.ok()?;
    TARGETS
        .into_iter()
        .find(|target| list.lines().any(|row| row.trim() == *target))
}
