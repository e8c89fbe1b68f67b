//! `cargo xtask tidy`: rules of the repository that no compiler knows.

mod graph;
mod heads;
mod snippets;
mod words;

use std::path::Path;

use crate::args::Args;
use crate::plan::{Outcome, Step, minutes};
use crate::workspace;

/// A file of the repository: its path from the root, with `/`, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    fn is(&self, ending: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == ending)
    }
}

pub(crate) fn run(args: Args) -> Result<(), String> {
    args.finish()?;
    let files = check()?;
    println!("tidy: {files} files and the dependency graph are as they should be");
    Ok(())
}

pub(crate) fn step() -> Step {
    Step::new(
        "tidy",
        minutes(1),
        "each line above names the place and the rule",
        |_| Ok(Outcome::Noted(format!("{} files", check()?))),
    )
}

fn check() -> Result<usize, String> {
    let metadata = workspace::metadata()?;
    let sources = sources()?;
    let mut faults = graph::faults(&metadata)?;
    let version = metadata
        .packages
        .first()
        .map_or("", |package| package.version.as_str());
    for source in &sources {
        faults.extend(heads::faults(source));
        faults.extend(snippets::faults(source, version));
        faults.extend(words::faults(source));
    }
    if faults.is_empty() {
        return Ok(sources.len());
    }
    for fault in &faults {
        println!("  {fault}");
    }
    Err(format!("{} faults", faults.len()))
}

/// Every text file that is committed or would be.
fn sources() -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for path in workspace::files()? {
        let read = std::fs::read(workspace::root().join(&path));
        let bytes = read.map_err(|error| format!("{}: {error}", path.display()))?;
        // What is not UTF-8 is data, with no words to judge.
        if let Ok(text) = String::from_utf8(bytes) {
            sources.push(Source {
                path: slashed(&path),
                text,
            });
        }
    }
    Ok(sources)
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
