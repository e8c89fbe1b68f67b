//! What must not be committed: paths of somebody's machine, and hosts of package registries.

use super::Source;

/// In pieces, so that this file does not hold what it looks for.
const HOSTS: [(&str, &str); 8] = [
    ("crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("npmjs", ".org"),
    ("npmjs", ".com"),
    ("deb.debian", ".org"),
    ("rsproxy", ".cn"),
    ("proxy.golang", ".org"),
];
const FOLDERS: [(&str, &str); 2] = [("/wo", "rk/"), ("/tm", "p/")];

pub(super) fn faults(source: &Source) -> Vec<String> {
    let Source { path, text } = source;
    // A lock file names its registry by nature.
    if path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let mut faults = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let place = || format!("{path}:{}", at + 1);
        if let Some(host) = found(line, &HOSTS) {
            faults.push(format!("{}: names a package registry: {host}", place()));
        }
        if is_prose(source, line)
            && let Some(folder) = found(line, &FOLDERS)
        {
            faults.push(format!("{}: names a local path: {folder}", place()));
        }
    }
    faults
}

/// Whether a reader takes the line for documentation; a test may well use a temporary folder.
fn is_prose(source: &Source, line: &str) -> bool {
    source.is("md") || line.trim_start().starts_with("//")
}

fn found(line: &str, words: &[(&str, &str)]) -> Option<String> {
    words
        .iter()
        .map(|(first, rest)| format!("{first}{rest}"))
        .find(|word| line.contains(word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{FOLDERS, HOSTS, Source, faults};

    fn count(path: &str, text: String) -> usize {
        faults(&Source {
            path: path.to_owned(),
            text,
        })
        .len()
    }

    #[test]
    fn names_hosts_everywhere_and_folders_in_prose() {
        let host = HOSTS
            .map(|(first, rest)| format!("see {first}{rest}\n"))
            .concat();
        assert_eq!(count("src/lib.rs", host.clone()), HOSTS.len());
        assert_eq!(count("fuzz/Cargo.lock", host), 0);

        let folder = FOLDERS[1].0.to_owned() + FOLDERS[1].1;
        assert_eq!(count("docs/a.md", folder.clone()), 1);
        assert_eq!(count("src/lib.rs", format!("// {folder}")), 1);
        assert_eq!(count("src/lib.rs", format!("open(\"{folder}\")")), 0);
    }
}
