//! The Python package whose files ours must load into and from, in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::plan::{Outcome, Step, minutes};
use crate::process::{self, Deadline};
use crate::workspace;

const PACKAGE: &str = "call_gate==2.1.0";
const PROBE: &str = "import call_gate, importlib.metadata as m; print(m.version('call_gate'))";

/// The variable in which tests find an interpreter that has the package.
pub(crate) const VARIABLE: &str = "CALL_GATE_PYTHON";

/// The interpreter, when [`step`] has set it up.
pub(crate) fn interpreter() -> Option<PathBuf> {
    let python = place().ok()?;
    has_package(&python).then_some(python)
}

pub(crate) fn step() -> Step {
    Step::new(
        "set up python",
        minutes(3),
        "install python3 with its venv module, and reach the package index once",
        set_up,
    )
}

fn set_up(deadline: Deadline) -> Result<Outcome, String> {
    let python = place()?;
    if has_package(&python) {
        return Ok(Outcome::Noted(format!("{PACKAGE} is there")));
    }
    let Some(system) = ["python3", "python"]
        .into_iter()
        .find(|name| is_python3(name))
    else {
        // On a developer's machine the hand-back test is a part that can be missing; in CI nothing is.
        if std::env::var_os("CI").is_some() {
            return Err("there is no python3".to_owned());
        }
        let note = "NOT RUN: there is no python3, so no test hands files back to Python";
        return Ok(Outcome::Noted(note.to_owned()));
    };
    let folder = workspace::target("python")?;
    let mut venv = Command::new(system);
    process::run(venv.args(["-m", "venv", "--clear"]).arg(folder), deadline)?;
    let mut pip = Command::new(&python);
    process::run(
        pip.args(["-m", "pip", "install", "--quiet", PACKAGE]),
        deadline,
    )?;
    if has_package(&python) {
        Ok(Outcome::Noted(format!("{PACKAGE} installed")))
    } else {
        Err(format!("{PACKAGE} was installed but cannot be imported"))
    }
}

fn place() -> Result<PathBuf, String> {
    let inside = if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    };
    Ok(workspace::target("python")?.join(inside))
}

fn is_python3(name: &str) -> bool {
    let major = "import sys; print(sys.version_info.major)";
    process::capture(Command::new(name).args(["-c", major])).is_ok_and(|text| text.trim() == "3")
}

fn has_package(python: &Path) -> bool {
    let version = PACKAGE.rsplit('=').next().unwrap_or_default();
    process::capture(Command::new(python).args(["-c", PROBE]))
        .is_ok_and(|text| text.trim() == version)
}
