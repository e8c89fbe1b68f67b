//! `cargo xtask ci`: exactly what CI runs, on every system.

use std::time::Duration;

use crate::args::Args;
use crate::plan::{AfterFailure, Outcome, Step, minutes};
use crate::process;
use crate::{
    bench, decorated, examples, features, fuzz, mutants, no_std, outside, package, plan, test, tidy,
};

/// For everything, short form and `--full`, from a fresh clone on two cores.
const TOTAL: (Duration, Duration) = (minutes(40), minutes(240));

pub(crate) fn run(mut args: Args) -> Result<(), String> {
    let full = args.switch("--full");
    let after_failure = if args.switch("--keep-going") {
        AfterFailure::KeepGoing
    } else {
        AfterFailure::Stop
    };
    args.finish()?;

    let mut steps = vec![
        format(),
        clippy(),
        tidy::step(),
        mutants::check_step(),
        docs(),
    ];
    steps.extend(test::steps(full)?);
    steps.extend([
        features::step(),
        outside::step(),
        decorated::step(),
        no_std::step(),
        package::step(),
        examples::step(),
        bench::smoke(),
        fuzz::step(),
    ]);
    let total = if full { TOTAL.1 } else { TOTAL.0 };
    plan::run(steps, after_failure, total)
}

fn format() -> Step {
    Step::new(
        "format",
        minutes(1),
        "run `cargo fmt --all`, and `cargo fmt` in benches/, fuzz/ and tests/outside/",
        |deadline| {
            process::run(&mut process::cargo("fmt --all --check"), deadline)?;
            for package in ["benches", "fuzz", "tests/outside"] {
                let manifest = format!("{package}/Cargo.toml");
                let mut command = process::cargo("fmt --check --manifest-path");
                process::run(command.arg(manifest), deadline)?;
            }
            Ok(Outcome::Passed)
        },
    )
}

fn clippy() -> Step {
    let words = "clippy --workspace --all-targets --all-features -- -D warnings";
    Step::new(
        "clippy",
        minutes(8),
        "mend what it names, or allow it where it stands with a reason",
        move |deadline| {
            process::run(&mut process::cargo(words), deadline)?;
            for package in ["benches", "fuzz", "tests/outside"] {
                let mut command = process::cargo("clippy --all-targets --manifest-path");
                command.arg(format!("{package}/Cargo.toml"));
                command.args(["--target-dir", &format!("target/{package}")]);
                process::run(command.args(["--", "-D", "warnings"]), deadline)?;
            }
            Ok(Outcome::Passed)
        },
    )
}

fn docs() -> Step {
    let words = "doc --no-deps --workspace --all-features";
    Step::new(
        "docs",
        minutes(5),
        "mend the link or the markup it names; `cargo doc --open` shows the page",
        move |deadline| {
            let mut command = process::cargo(words);
            process::run(command.env("RUSTDOCFLAGS", "-Dwarnings"), deadline)?;
            Ok(Outcome::Passed)
        },
    )
}
