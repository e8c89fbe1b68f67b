//! A crate outside the workspace on core alone: what a user of core gets, and nothing more.

use crate::plan::{Outcome, Step, minutes};
use crate::{process, workspace};

const MANIFEST: &str = "tests/outside/Cargo.toml";

pub(crate) fn step() -> Step {
    Step::new(
        "outside crate on core alone",
        minutes(3),
        "core must work with its `std` feature only, and depend on no runtime and no server",
        |deadline| {
            let mut command = process::cargo("run --quiet --manifest-path");
            command.arg(MANIFEST);
            let target = workspace::target("outside")?;
            process::run(command.arg("--target-dir").arg(target), deadline)?;

            let names = workspace::tree(&["--manifest-path", MANIFEST])?;
            let heavy = workspace::heavy(&names);
            if heavy.is_empty() {
                Ok(Outcome::Noted(format!("{} packages in all", names.len())))
            } else {
                Err(format!("its `cargo tree` has {}", heavy.join(", ")))
            }
        },
    )
}
