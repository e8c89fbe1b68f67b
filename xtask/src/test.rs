//! `cargo xtask test`: every suite, each with a budget, and what the suites need set up first.

use std::process::Command;
use std::time::Duration;

use crate::args::Args;
use crate::plan::{AfterFailure, Outcome, Step, minutes};
use crate::{plan, process, python, redis, workspace};

/// A suite's budgets, short form and `--full`, with a cold build on two cores in each.
struct Budget(Duration, Duration);

const WORKSPACE: Budget = Budget(minutes(14), minutes(30));
const DOCTESTS: Budget = Budget(minutes(5), minutes(5));
const LOOM: Budget = Budget(minutes(12), minutes(45));
const STRESS: Budget = Budget(minutes(6), minutes(30));
const PROCESSES: Budget = Budget(minutes(5), minutes(30));
const REDIS: Budget = Budget(minutes(8), minutes(30));

/// Set for the tests when they are to take their long forms.
const LONG: &str = "CALL_GATE_LONG";

pub(crate) fn run(mut args: Args) -> Result<(), String> {
    let full = args.switch("--full");
    args.finish()?;
    plan::run(steps(full)?, AfterFailure::KeepGoing, minutes(180))
}

pub(crate) fn steps(full: bool) -> Result<Vec<Step>, String> {
    let loom_target = workspace::target("loom")?;
    let loom_flags = loom_flags();
    let mut steps = vec![
        python::step(),
        redis::step(),
        suite(
            "tests",
            full,
            &WORKSPACE,
            "test --workspace --all-features --tests",
            |command| {
                if let Some(python) = python::interpreter() {
                    command.env(python::VARIABLE, python);
                }
            },
        ),
        suite(
            "doctests",
            full,
            &DOCTESTS,
            "test --workspace --all-features --doc",
            |_| (),
        ),
        suite(
            "loom models",
            full,
            &LOOM,
            "test --release --package call_gate_core --test loom",
            move |command| {
                command
                    .env("RUSTFLAGS", loom_flags)
                    .env("LOOM_MAX_PREEMPTIONS", if full { "3" } else { "2" })
                    .env("CARGO_TARGET_DIR", loom_target);
            },
        ),
        suite(
            "stress",
            full,
            &STRESS,
            "test --profile suites --package call_gate --test it -- stress",
            |_| (),
        ),
        suite(
            "processes",
            full,
            &PROCESSES,
            "test --profile suites --package call_gate_shared --all-features --test it -- hammer kill stress",
            |_| (),
        ),
    ];
    // no server is packaged for Windows; the step that sets one up says so there
    if cfg!(unix) {
        steps.push(suite(
            "redis faults",
            full,
            &REDIS,
            "test --profile suites --package call_gate_redis --features cluster,injected-time,sentinel,tokio --test it -- --ignored --test-threads 1 fault hammer cluster sentinel away",
            |_| (),
        ));
    }
    Ok(steps)
}

/// The caller's compiler flags with `cfg(loom)`, which turns the atomics into loom's.
pub(crate) fn loom_flags() -> String {
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    format!("{flags} --cfg loom").trim_start().to_owned()
}

fn suite(
    name: &str,
    full: bool,
    budget: &Budget,
    words: &'static str,
    prepare: impl FnOnce(&mut Command) + 'static,
) -> Step {
    Step::new(
        name,
        if full { budget.1 } else { budget.0 },
        "run the command above with the failed test's name at its end",
        move |deadline| {
            let mut command = process::cargo(words);
            if full {
                command.env(LONG, "1");
            }
            prepare(&mut command);
            let passed = process::run_tests(&mut command, deadline)?;
            Ok(Outcome::Noted(format!("{passed} passed")))
        },
    )
}
