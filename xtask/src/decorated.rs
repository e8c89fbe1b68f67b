//! What `#[call_gate(..)]` expands to, under a user's lints: the cases that must compile, in a crate of their own.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::plan::{Outcome, Step, minutes};
use crate::{process, workspace};

const CASES: &str = "crates/call_gate/tests/ui/pass";
const EDITIONS: [&str; 2] = ["2021", "2024"];

pub(crate) fn step() -> Step {
    Step::new(
        "expansions under clippy",
        minutes(4),
        "each case names its lints in its first lines; what the attribute writes must not set one off",
        |deadline| {
            let target = workspace::target("decorated")?;
            let package = target.join("package");
            let told = |error: std::io::Error| format!("{}: {error}", package.display());
            fs::create_dir_all(&package).map_err(told)?;
            let mut count = 0;
            for edition in EDITIONS {
                let (manifest, cases) = manifest(workspace::root(), edition)?;
                count = cases;
                fs::write(package.join("Cargo.toml"), manifest).map_err(told)?;
                // the versions of the workspace, which are here already
                let lock = workspace::root().join("Cargo.lock");
                fs::copy(lock, package.join("Cargo.lock")).map_err(told)?;
                let mut command = process::cargo("clippy --offline --manifest-path");
                command.arg(package.join("Cargo.toml"));
                command.arg("--target-dir").arg(&target);
                process::run(command.args(["--", "-D", "warnings"]), deadline)?;
            }
            Ok(Outcome::Noted(format!(
                "{count} cases in editions {}",
                EDITIONS.join(" and ")
            )))
        },
    )
}

/// A package with each case as a binary, and how many there are.
fn manifest(root: &Path, edition: &str) -> Result<(String, usize), String> {
    let mut manifest = format!(
        "[workspace]\n\n[package]\nname = \"decorated\"\nversion = \"0.0.0\"\nedition = \"{edition}\"\n\n\
         [dependencies]\n\
         call_gate = {{ path = '{}', features = [\"full\"] }}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n\
         tracing = \"0.1\"\n",
        root.join("crates/call_gate").display()
    );
    let mut count = 0;
    let told = |error: std::io::Error| format!("{CASES}: {error}");
    for entry in fs::read_dir(root.join(CASES)).map_err(told)? {
        let case = entry.map_err(told)?.path();
        if let (Some(name), true) = (case.file_stem(), case.extension() == Some(OsStr::new("rs"))) {
            count += 1;
            let (name, case) = (name.display(), case.display());
            let _ = write!(manifest, "\n[[bin]]\nname = \"{name}\"\npath = '{case}'\n");
        }
    }
    match count {
        0 => Err(format!("no case in {CASES}")),
        _ => Ok((manifest, count)),
    }
}
