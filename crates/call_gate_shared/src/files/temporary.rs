//! Names for files that are not whole yet, where the system has no files without one.

use super::Place;
use crate::error::SharedError;
use crate::machine;
use rustix::fs::{FlockOperation, OFlags, flock};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const PREFIX: &str = ".call_gate~";
/// Younger ones may be somebody's who has not locked it yet.
const SWEPT_AFTER: Duration = Duration::from_secs(60);

/// A file that is locked while its maker lives, and whose name goes with it.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    /// A new, empty one; sweeps those of makers that died.
    pub(super) fn new(place: &Place) -> Result<Self, SharedError> {
        sweep(place);
        let name = format!("{PREFIX}{:016x}", machine::fresh());
        let path = place.directory.join(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| SharedError::io(&path, "could not be made", error))?;
        let temporary = Self { path, file };
        flock(&temporary.file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| SharedError::io(&temporary.path, "could not be locked", error))?;
        Ok(temporary)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn is_there(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// The file without this name, not locked any more.
    pub(super) fn into_file(self) -> Result<File, SharedError> {
        self.file
            .try_clone()
            .map_err(|error| SharedError::io(&self.path, "could not be kept open", error))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        // closing is not enough: a child of this process may have the file open too
        let _ = flock(&self.file, FlockOperation::Unlock);
    }
}

/// Removes what makers that died have left in the folder; what cannot be removed stays for another time.
pub(super) fn sweep(place: &Place) {
    let entries = fs::read_dir(&place.directory).into_iter().flatten();
    for entry in entries.flatten() {
        let named = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PREFIX.as_bytes());
        if named {
            let _ = sweep_one(&entry.path());
        }
    }
}

fn sweep_one(path: &Path) -> std::io::Result<()> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    let old = metadata
        .modified()?
        .elapsed()
        .is_ok_and(|age| age >= SWEPT_AFTER);
    if old && metadata.is_file() {
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        let removed = fs::remove_file(path);
        flock(&file, FlockOperation::Unlock)?;
        removed?;
    }
    Ok(())
}
