//! Versions of our crates in snippets that a reader copies.

use super::Source;

pub(super) fn faults(source: &Source, version: &str) -> Vec<String> {
    let Source { path, text } = source;
    // What the changelog quotes is of its own time.
    let docs = source.is("md") && !path.ends_with("CHANGELOG.md");
    if !docs && !source.is("rs") {
        return Vec::new();
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| docs || is_doc_comment(line))
        .filter_map(|(at, line)| Some((at, requirement(line)?)))
        .filter(|(_, wanted)| !matches(wanted, version))
        .map(|(at, wanted)| {
            format!(
                "{path}:{}: asks for version {wanted}; the workspace is at {version}",
                at + 1
            )
        })
        .collect()
}

fn is_doc_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//!") || line.starts_with("///")
}

/// The version in `call_gate = "1.2"` or `call_gate_redis = { version = "1.2", .. }`.
fn requirement(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(['/', '!', ' ', '\t']);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let is_ours = name == "call_gate" || name.starts_with("call_gate_");
    if !is_ours || name.contains([' ', ':', '(']) {
        return None;
    }
    let value = value.trim_start();
    let quoted = if value.starts_with('{') {
        let (_, after) = value.split_once("version")?;
        after.trim_start().strip_prefix('=')?.trim_start()
    } else {
        value
    };
    quoted.strip_prefix('"')?.split('"').next()
}

/// Whether a requirement names the version, in as many parts as it gives.
fn matches(wanted: &str, version: &str) -> bool {
    version
        .strip_prefix(wanted.trim_start_matches(['^', '=', '~']))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{matches, requirement};

    #[test]
    fn finds_the_version_that_a_snippet_asks_for() {
        assert_eq!(requirement(r#"call_gate = "0.1""#), Some("0.1"));
        assert_eq!(
            requirement(r#"//! call_gate_redis = { version = "0.2", features = [] }"#),
            Some("0.2")
        );
        assert_eq!(requirement(r#"call_gate = { path = "there" }"#), None);
        assert_eq!(requirement(r#"let call_gate_name = "mail";"#), None);
        assert_eq!(requirement(r#"tokio = "1""#), None);
    }

    #[test]
    fn a_requirement_may_leave_out_parts() {
        assert!(matches("0.1", "0.1.0"));
        assert!(matches("0.1.0", "0.1.0"));
        assert!(!matches("0.1", "0.12.0"));
        assert!(!matches("0.2", "0.1.0"));
    }
}
