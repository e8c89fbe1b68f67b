//! `cargo package` for every crate that is published, each built from its own archive.

use crate::plan::{Outcome, Step, minutes};
use crate::{process, workspace};

pub(crate) fn step() -> Step {
    Step::new(
        "package",
        minutes(8),
        "a crate must build from its own folder: no file from outside it, a version on every dependency of ours",
        |deadline| {
            let packages = workspace::metadata()?.packages;
            let mut command = process::cargo("package --workspace --allow-dirty");
            let mut count = 0;
            for package in &packages {
                if package.is_published() {
                    count += 1;
                } else {
                    command.args(["--exclude", &package.name]);
                }
            }
            process::run(&mut command, deadline)?;
            Ok(Outcome::Noted(format!("{count} crates")))
        },
    )
}
