//! What cargo and git know about the workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::process;

#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) targets: Vec<Target>,
    /// The registries it may be published to: an empty list is `publish = false`.
    publish: Option<Vec<String>>,
}

impl Package {
    pub(crate) fn is_published(&self) -> bool {
        self.publish.as_ref().is_none_or(|to| !to.is_empty())
    }
}

#[derive(Clone, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) req: String,
    /// `None` is a normal dependency; else `dev` or `build`.
    pub(crate) kind: Option<String>,
    pub(crate) path: Option<PathBuf>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
}

pub(crate) fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        // Cargo tells where the package is now; the compiled-in path serves a binary run by hand.
        let package = std::env::var("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let package = PathBuf::from(package);
        package.parent().map_or(package.clone(), Path::to_path_buf)
    })
}

/// The members of the workspace, without what they depend on.
pub(crate) fn metadata() -> Result<Metadata, String> {
    let json = process::capture(&mut process::cargo("metadata --no-deps --format-version=1"))?;
    serde_json::from_str(&json).map_err(|error| format!("`cargo metadata`: {error}"))
}

/// A directory under the workspace's `target/`, kept apart so that other flags rebuild nothing.
pub(crate) fn target(name: &str) -> Result<PathBuf, String> {
    Ok(metadata()?.target_directory.join(name))
}

/// Every file that is committed or would be, relative to the root.
pub(crate) fn files() -> Result<Vec<PathBuf>, String> {
    let list = process::capture(
        Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(root()),
    )?;
    let mut files: Vec<PathBuf> = list
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .filter(|path| root().join(path).is_file())
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// The names of all packages that a build takes in, as `cargo tree` lists them.
pub(crate) fn tree(words: &[&str]) -> Result<Vec<String>, String> {
    let mut command = process::cargo("tree --edges normal,build --prefix none");
    let text = process::capture(command.args(["--format", "{p}"]).args(words))?;
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|row| row.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

/// The packages of a tree that a build without a runtime and a server must not have.
pub(crate) fn heavy(names: &[String]) -> Vec<&str> {
    among(names, &["tokio", "redis", "deadpool", "deadpool-redis"])
}

/// The packages of a tree that a build without a runtime must not have.
pub(crate) fn runtime(names: &[String]) -> Vec<&str> {
    among(
        names,
        &["tokio", "tokio-util", "deadpool", "deadpool-redis"],
    )
}

fn among<'n>(names: &'n [String], wanted: &[&str]) -> Vec<&'n str> {
    let names = names.iter().map(String::as_str);
    names.filter(|name| wanted.contains(name)).collect()
}
