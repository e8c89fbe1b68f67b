//! A new segment: written whole, then given its name, which is the one act that others can see.

use super::found::reserve;
use super::temporary::Temporary;
use super::{Found, Place};
use crate::error::{SharedError, SharedErrorKind};
use rustix::fs::{Gid, Mode, fchmod, fchown};
use rustix::io::Errno;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How a file that is not whole yet is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It has no name, and is gone with its maker; another way where the system has no such files.
    Unnamed,
    /// It has a name that nobody looks for.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "asked for by tests; elsewhere it is what is left")
    )]
    Named,
}

/// What came of a file without a name.
#[cfg(target_os = "linux")]
#[derive(Debug)]
enum Done {
    Made(File),
    Exists,
    /// The system has none here, or no way to name them.
    NoSuchFiles,
}

/// Makes the segment of `bytes` at `path`; `None`: there is one.
pub(super) fn create(
    place: &Place,
    path: &Path,
    bytes: &[u8],
    way: Way,
) -> Result<Option<Found>, SharedError> {
    #[cfg(target_os = "linux")]
    if way == Way::Unnamed {
        match unnamed::create(place, path, bytes)? {
            Done::Made(file) => return Found::made(path, file).map(Some),
            Done::Exists => return Ok(None),
            Done::NoSuchFiles => {}
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = way;
    let temporary = Temporary::new(place)?;
    fill(place, path, temporary.file(), bytes)?;
    // who sees the name sees all of it
    match std::fs::hard_link(temporary.path(), path) {
        Ok(()) => Found::made(path, temporary.into_file()?).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(None),
        // a sweeper took it for a dead maker's; then the caller looks and makes again
        Err(_) if !temporary.is_there() => Ok(None),
        Err(error) => Err(SharedError::io(path, "could not be given its name", error)),
    }
}

fn fill(place: &Place, path: &Path, file: &File, bytes: &[u8]) -> Result<(), SharedError> {
    let failed = |error| SharedError::io(path, "could not be written", error);
    reserve(file, bytes.len() as u64).map_err(failed)?;
    file.write_all_at(bytes, 0).map_err(failed)?;
    let mode = match place.group {
        None => Mode::RUSR | Mode::WUSR,
        Some(group) => {
            fchown(file, None, Some(Gid::from_raw(group))).map_err(|error| match error {
                Errno::PERM => SharedError::new(
                    SharedErrorKind::Access,
                    path,
                    format_args!("cannot be made for group {group}, of which this user is not"),
                ),
                error => SharedError::io(path, "could not be given to its group", error),
            })?;
            Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP
        }
    };
    // whatever the mask of the process
    fchmod(file, mode).map_err(|error| SharedError::io(path, "could not be given its mode", error))
}

#[cfg(target_os = "linux")]
mod unnamed {
    use super::{Done, Errno, Path, Place, SharedError, fill};
    use rustix::fs::{AtFlags, CWD, OFlags, linkat};
    use std::fs::OpenOptions;
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::OpenOptionsExt;

    pub(super) fn create(place: &Place, path: &Path, bytes: &[u8]) -> Result<Done, SharedError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .mode(0o600)
            .custom_flags(OFlags::TMPFILE.bits().cast_signed())
            .open(&place.directory);
        let file = match file {
            Ok(file) => file,
            Err(error) => {
                return match error.raw_os_error().map(Errno::from_raw_os_error) {
                    Some(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => {
                        Ok(Done::NoSuchFiles)
                    }
                    _ => Err(SharedError::io(
                        &place.directory,
                        "could not take a new file",
                        error,
                    )),
                };
            }
        };
        fill(place, path, &file, bytes)?;
        let by_number = format!("/proc/self/fd/{}", file.as_raw_fd());
        match linkat(CWD, &*by_number, CWD, path, AtFlags::SYMLINK_FOLLOW) {
            Ok(()) => Ok(Done::Made(file)),
            Err(Errno::EXIST) => Ok(Done::Exists),
            Err(Errno::NOENT | Errno::XDEV) => Ok(Done::NoSuchFiles),
            Err(error) => Err(SharedError::io(path, "could not be given its name", error)),
        }
    }
}
