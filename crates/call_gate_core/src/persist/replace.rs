//! Replacing a file as a whole.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::FileError;

/// How often a name for the new file is drawn; one is enough but for an enemy.
const DRAWS: usize = 16;

/// Puts `bytes` in the place of the file at `path`, all of them or none.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    // What a symbolic link points to is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let old = fs::metadata(&target).ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        // A rename would put a file in the place of a device.
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
        return Err(FileError::write("replace what is there", error));
    }
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|error| FileError::write("make its folder", error))?;

    let (mut file, new) =
        create_beside(folder).map_err(|error| FileError::write("make a file beside it", error))?;
    let written = fill(&mut file, old.as_ref(), bytes)
        .map_err(|error| FileError::write("write the file beside it", error));
    // Windows renames no open file.
    drop(file);
    written
        .and_then(|()| {
            fs::rename(&new, &target).map_err(|error| FileError::write("rename over it", error))
        })
        .inspect_err(|_| {
            // The first error is the one to report.
            let _ = fs::remove_file(&new);
        })?;
    sync_folder(folder).map_err(|error| FileError::write("sync its folder", error))
}

/// Makes a new file under a name that nothing in the folder has.
fn create_beside(folder: &Path) -> io::Result<(File, PathBuf)> {
    let mut refused = io::Error::from(io::ErrorKind::AlreadyExists);
    for _ in 0..DRAWS {
        // Each of std's hasher states is seeded at random.
        let draw = RandomState::new().hash_one(std::process::id());
        // Not derived from the target's name, which may be as long as names get.
        let path = folder.join(format!(".call_gate-{draw:016x}.tmp"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => refused = error,
            Err(error) => return Err(error),
        }
    }
    Err(refused)
}

fn fill(file: &mut File, old: Option<&fs::Metadata>, bytes: &[u8]) -> io::Result<()> {
    if let Some(old) = old.filter(|_| cfg!(unix)) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the rename last; not every file system can, and Windows never asks.
fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};

    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if [InvalidInput, PermissionDenied, Unsupported].contains(&error.kind()) => {
            Ok(())
        }
        done => done,
    }
}
