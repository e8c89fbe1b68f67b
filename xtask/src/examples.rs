//! The examples: all of them build, and those of the facade run and check their own outcome.

use crate::plan::{Outcome, Step, minutes};
use crate::{process, workspace};

pub(crate) fn step() -> Step {
    Step::new(
        "examples",
        minutes(8),
        "run the example named last by itself: it asserts its own outcome",
        |deadline| {
            // of one package, as the runs below: with the whole workspace its features, and so all builds, would be others
            let words = "build --profile suites --package call_gate --examples --all-features";
            process::run(&mut process::cargo(words), deadline)?;

            let mut names = Vec::new();
            for package in workspace::metadata()?.packages {
                if package.name != "call_gate" {
                    continue;
                }
                let examples = package
                    .targets
                    .into_iter()
                    .filter(|target| target.kind.iter().any(|kind| kind == "example"));
                names.extend(examples.map(|target| target.name));
            }
            for name in &names {
                let words = "run --profile suites --package call_gate --all-features --example";
                let mut command = process::cargo(words);
                process::run(command.arg(name), deadline)?;
            }
            Ok(Outcome::Noted(format!("{} run", names.join(", "))))
        },
    )
}
