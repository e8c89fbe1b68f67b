//! `cargo xtask mutants`: plants faults in a copy of the workspace and expects the tests to fail.

mod list;
mod tree;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use list::{Mutant, Suite};
use tree::Tree;

use crate::args::Args;
use crate::plan::{Outcome, Step, minutes, show};
use crate::process::{self, Deadline, Ended};
use crate::{test, workspace};

/// A suite that takes longer with a fault than this has been made to hang by it.
const RUN_BUDGET: Duration = minutes(10);
const BUILD_BUDGET: Duration = minutes(10);

pub(crate) fn run(mut args: Args) -> Result<(), String> {
    let check = args.switch("--check");
    let only = args.value("--only")?;
    args.finish()?;

    let mut mutants = list::load()?;
    if let Some(name) = only {
        mutants.retain(|mutant| mutant.name == name);
        if mutants.is_empty() {
            return Err(format!("no mutant is named `{name}`"));
        }
    }
    if check {
        println!("mutants: {}", check_all(&mutants)?);
        return Ok(());
    }
    check_all(&mutants)?;
    plant_all(&mutants)
}

/// Only that each mutant still fits the code; planting them takes longer than CI has.
pub(crate) fn check_step() -> Step {
    Step::new(
        "mutants --check",
        minutes(1),
        "bring xtask/mutants.toml up to the code: each `find` occurs exactly once in its file",
        |_| check_all(&list::load()?).map(Outcome::Noted),
    )
}

fn check_all(mutants: &[Mutant]) -> Result<String, String> {
    let faults: Vec<String> = mutants
        .iter()
        .filter_map(|mutant| mutant.mutated(workspace::root()).err())
        .collect();
    if faults.is_empty() {
        Ok(format!("{} fit the code", mutants.len()))
    } else {
        Err(faults.join("\n  "))
    }
}

enum Verdict {
    Killed,
    KilledByHanging,
    Survived,
    Unusable(String),
}

fn plant_all(mutants: &[Mutant]) -> Result<(), String> {
    if mutants.is_empty() {
        println!("mutants: none listed in {}", list::FILE);
        return Ok(());
    }
    let home = workspace::target("mutants")?;
    let tree = Tree::copy(&home.join("tree"))?;
    let logs = home.join("logs");
    std::fs::create_dir_all(&logs).map_err(|error| format!("{}: {error}", logs.display()))?;
    let bench = Bench { home, tree, logs };

    let sound = bench.sound_suites(mutants);
    let mut rows = Vec::new();
    for (at, mutant) in mutants.iter().enumerate() {
        println!("[{}/{}] {}", at + 1, mutants.len(), mutant.name);
        let start = Instant::now();
        let verdict = match sound.get(mutant.suite.name()) {
            Some(Err(reason)) => Verdict::Unusable(reason.clone()),
            _ => bench.plant(mutant).unwrap_or_else(Verdict::Unusable),
        };
        rows.push((mutant, verdict, start.elapsed()));
    }
    report(&rows)
}

fn report(rows: &[(&Mutant, Verdict, Duration)]) -> Result<(), String> {
    let width = rows.iter().map(|row| row.0.name.len()).max().unwrap_or(0);
    let mut alive = 0;
    println!();
    for (mutant, verdict, took) in rows {
        let text = match verdict {
            Verdict::Killed => "killed".to_owned(),
            Verdict::KilledByHanging => "killed (the tests hung)".to_owned(),
            Verdict::Survived => format!("SURVIVED: {}", mutant.why),
            Verdict::Unusable(reason) => format!("ERROR: {reason}"),
        };
        if matches!(verdict, Verdict::Survived | Verdict::Unusable(_)) {
            alive += 1;
        }
        println!("{:width$}  {:>8}  {text}", mutant.name, show(*took));
    }
    println!("{} of {} killed", rows.len() - alive, rows.len());
    if alive == 0 {
        Ok(())
    } else {
        Err("a mutant that survives wants a test; one in error wants its entry mended".to_owned())
    }
}

/// Where mutants are planted and tried.
struct Bench {
    home: PathBuf,
    tree: Tree,
    logs: PathBuf,
}

impl Bench {
    /// Runs each suite on the code as it is: a suite that fails anyway kills nothing.
    fn sound_suites<'a>(&self, mutants: &'a [Mutant]) -> BTreeMap<&'a str, Result<(), String>> {
        let mut sound = BTreeMap::new();
        for mutant in mutants {
            let suite = &mutant.suite;
            sound.entry(suite.name()).or_insert_with(|| {
                println!("[unplanted] {}", suite.name());
                let log = self.logs.join("unplanted.log");
                match self.try_suite(suite, &log)? {
                    (Ended::Succeeded, 0) => Err("its filter matches no test".to_owned()),
                    (Ended::Succeeded, _) => Ok(()),
                    _ => Err(format!("fails without it; see {}", log.display())),
                }
            });
        }
        sound
    }

    fn plant(&self, mutant: &Mutant) -> Result<Verdict, String> {
        let planted = mutant.mutated(self.tree.path())?;
        let log = self.logs.join(format!("{}.log", mutant.name));
        let _restore = self.tree.replace(&mutant.file, &planted)?;
        Ok(match self.try_suite(&mutant.suite, &log)?.0 {
            Ended::Succeeded => Verdict::Survived,
            Ended::Failed => Verdict::Killed,
            Ended::TimedOut => Verdict::KilledByHanging,
        })
    }

    /// Builds and runs a suite; that it does not build is an error, not a test that failed.
    fn try_suite(&self, suite: &Suite, log: &Path) -> Result<(Ended, u64), String> {
        let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let mut build = self.command(suite);
        build.arg("--no-run");
        let compiled = process::run_logged(&mut build, &file, Deadline::after(BUILD_BUDGET))?;
        if !matches!(compiled, Ended::Succeeded) {
            return Err(format!("does not build; see {}", log.display()));
        }
        let mut run = self.command(suite);
        run.arg("--").arg(suite.filter());
        let ended = process::run_logged(&mut run, &file, Deadline::after(RUN_BUDGET))?;
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let passed = text.lines().filter_map(process::tests_passed).sum();
        Ok((ended, passed))
    }

    fn command(&self, suite: &Suite) -> Command {
        let mut command = match suite.package() {
            None => {
                let words = "test --release --package call_gate_core --test loom";
                let mut command = process::cargo(words);
                command
                    .env("RUSTFLAGS", test::loom_flags())
                    .env("LOOM_MAX_PREEMPTIONS", "2")
                    .env("LOOM_MAX_PERMUTATIONS", "400000")
                    .env("CARGO_TARGET_DIR", self.home.join("target/loom"));
                command
            }
            Some(package) => {
                let words = "test --all-features --tests --package";
                let mut command = process::cargo(words);
                command
                    .arg(package)
                    .env("CARGO_TARGET_DIR", self.home.join("target/test"));
                command
            }
        };
        command.current_dir(self.tree.path());
        command
    }
}
