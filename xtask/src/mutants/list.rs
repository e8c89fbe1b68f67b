//! The list of faults in `xtask/mutants.toml`.

use std::path::Path;

use serde::Deserialize;

use crate::workspace;

pub(super) const FILE: &str = "xtask/mutants.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    mutant: Vec<Mutant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mutant {
    pub(super) name: String,
    pub(super) file: String,
    find: String,
    replace: String,
    pub(super) suite: Suite,
    pub(super) why: String,
}

impl Mutant {
    /// The text of its file under `root` with the fault in it.
    pub(super) fn mutated(&self, root: &Path) -> Result<String, String> {
        let Self {
            name,
            file,
            find,
            replace,
            ..
        } = self;
        let text = std::fs::read_to_string(root.join(file))
            .map_err(|error| format!("{name}: {file}: {error}"))?;
        if find.is_empty() || find == replace {
            return Err(format!("{name}: changes nothing"));
        }
        match text.matches(find.as_str()).count() {
            1 => Ok(text.replacen(find.as_str(), replace, 1)),
            count => Err(format!(
                "{name}: what it looks for occurs {count} times in {file}, not once"
            )),
        }
    }
}

/// The tests that are to find a fault, written `loom:<filter>` or `test:<package>:<filter>`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Suite {
    name: String,
    package: Option<String>,
    filter: String,
}

impl TryFrom<String> for Suite {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let (package, filter) = if let Some(filter) = name.strip_prefix("loom:") {
            (None, filter)
        } else if let Some((package, filter)) = name
            .strip_prefix("test:")
            .and_then(|rest| rest.split_once(':'))
        {
            (Some(package.to_owned()), filter)
        } else {
            return Err(format!(
                "suite `{name}`: not `loom:<filter>` and not `test:<package>:<filter>`"
            ));
        };
        Ok(Self {
            package,
            filter: filter.to_owned(),
            name,
        })
    }
}

impl Suite {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The package whose tests they are; `None` for the loom models of core.
    pub(super) fn package(&self) -> Option<&str> {
        self.package.as_deref()
    }

    pub(super) fn filter(&self) -> &str {
        &self.filter
    }
}

pub(super) fn load() -> Result<Vec<Mutant>, String> {
    let text = std::fs::read_to_string(workspace::root().join(FILE))
        .map_err(|error| format!("{FILE}: {error}"))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Mutant>, String> {
    let List { mutant: mutants } =
        toml::from_str(text).map_err(|error| format!("{FILE}: {error}"))?;
    let mut names: Vec<&str> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(format!("{FILE}: two mutants are named {pair:?}")),
        None => Ok(mutants),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn entry(name: &str, suite: &str) -> String {
        format!(
            "[[mutant]]\nname = '{name}'\nfile = 'a'\nfind = 'b'\nreplace = 'c'\nsuite = '{suite}'\nwhy = 'd'\n"
        )
    }

    #[test]
    fn an_empty_list_is_a_list() {
        assert!(parse("# nothing yet\n").is_ok_and(|list| list.is_empty()));
    }

    #[test]
    fn a_suite_names_what_to_run() {
        let list = parse(&(entry("a", "loom:roll") + &entry("b", "test:call_gate:it::x"))).unwrap();
        assert_eq!(list[0].suite.package(), None);
        assert_eq!(list[0].suite.filter(), "roll");
        assert_eq!(list[1].suite.package(), Some("call_gate"));
        assert_eq!(list[1].suite.filter(), "it::x");
    }

    #[test]
    fn names_are_unique_and_suites_known() {
        assert!(parse(&entry("a", "loom:").repeat(2)).is_err());
        assert!(parse(&entry("a", "unit:x")).is_err());
    }
}
