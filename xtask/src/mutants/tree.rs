//! The copy of the workspace in which faults are planted, so that no fault can stay behind in it.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace;

pub(super) struct Tree(PathBuf);

impl Tree {
    /// Brings the copy up to date; files that are the same keep their times, so that little is rebuilt.
    pub(super) fn copy(to: &Path) -> Result<Self, String> {
        let mut kept = HashSet::new();
        for path in workspace::files()? {
            let from = workspace::root().join(&path);
            let bytes = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
            let copy = to.join(&path);
            if fs::read(&copy).ok().as_ref() != Some(&bytes) {
                write(&copy, &bytes)?;
            }
            kept.insert(copy);
        }
        // Without it each run would choose dependencies anew.
        let lock = to.join("Cargo.lock");
        let _ = fs::copy(workspace::root().join("Cargo.lock"), &lock);
        kept.insert(lock);
        remove_others(to, &kept)?;
        Ok(Self(to.to_path_buf()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file of the copy; the guard puts the old text back.
    pub(super) fn replace(&self, file: &str, text: &str) -> Result<Restore, String> {
        let path = self.0.join(file);
        let before = fs::read(&path).map_err(|error| format!("{file}: {error}"))?;
        write(&path, text.as_bytes())?;
        Ok(Restore { path, before })
    }
}

#[must_use]
pub(super) struct Restore {
    path: PathBuf,
    before: Vec<u8>,
}

impl Drop for Restore {
    fn drop(&mut self) {
        // The next run copies the file again if this fails.
        let _ = fs::write(&self.path, &self.before);
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, bytes))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn remove_others(folder: &Path, kept: &HashSet<PathBuf>) -> Result<(), String> {
    let fault = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path).map_err(fault)?;
        }
    }
    Ok(())
}
