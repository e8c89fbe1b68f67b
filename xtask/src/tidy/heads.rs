//! How a source file begins, how long it is, and what it is called.

use super::Source;

/// A longer file says why.
const LONG: usize = 300;
/// How far from the top the reason may stand, below the module's own documentation.
const HEAD: usize = 60;

pub(super) fn faults(source: &Source) -> Vec<String> {
    let Source { path, text } = source;
    let mut faults = Vec::new();
    if !source.is("rs") {
        return faults;
    }
    if path == "mod.rs" || path.ends_with("/mod.rs") {
        faults.push(format!(
            "{path}: a module `foo` lives in `foo.rs`, never in `foo/mod.rs`"
        ));
    }
    if !opens_with_docs(text) {
        faults.push(format!("{path}: does not begin with `//!`"));
    }
    let lines = text.lines().count();
    if path.starts_with("crates/") && lines > LONG && !gives_reason(text) {
        faults.push(format!(
            "{path}: {lines} lines; over {LONG}, a line `// long file: <reason>` near its head says why"
        ));
    }
    faults
}

/// Whether the first line that is no shebang and no inner attribute is a module comment.
fn opens_with_docs(text: &str) -> bool {
    let mut inside_attribute = false;
    for line in text.lines() {
        if inside_attribute {
            inside_attribute = !line.trim_end().ends_with(']');
        } else if line.starts_with("#!") {
            inside_attribute = line.starts_with("#![") && !line.contains(']');
        } else if !line.trim().is_empty() {
            return line.starts_with("//!");
        }
    }
    false
}

fn gives_reason(text: &str) -> bool {
    text.lines()
        .take(HEAD)
        .filter_map(|line| line.strip_prefix("// long file: "))
        .any(|reason| !reason.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Source, faults, opens_with_docs};

    #[test]
    fn attributes_may_come_before_the_docs_and_nothing_else() {
        assert!(opens_with_docs("//! Docs.\n"));
        assert!(opens_with_docs("#![cfg(loom)]\n\n//! Docs.\n"));
        assert!(opens_with_docs("#![allow(\n    dead_code\n)]\n//! Docs.\n"));
        assert!(!opens_with_docs("// A comment.\n//! Docs.\n"));
        assert!(!opens_with_docs("use std::fmt;\n"));
        assert!(!opens_with_docs(""));
    }

    #[test]
    fn a_long_file_gives_its_reason() {
        let source = |reason: &str| Source {
            path: "crates/a/src/lib.rs".to_owned(),
            text: format!("//! Docs.\n{reason}\n{}", "//\n".repeat(400)),
        };
        assert_eq!(faults(&source("")).len(), 1);
        assert_eq!(faults(&source("// long file: ")).len(), 1);
        assert_eq!(faults(&source("// long file: one state machine")).len(), 0);
    }
}
