//! Taking a segment out of use: retired first, so that everybody notices, and then without a name.

use super::{Found, Place, busy};
use crate::error::{SharedError, SharedErrorKind};
use crate::header::WORDS;
use crate::map;
use crate::patience::Patience;
use call_gate_core::Blueprint;
use rustix::fs::{Access, FlockOperation, access, flock};
use rustix::io::Errno;
use rustix::process::geteuid;
use std::os::unix::fs::MetadataExt;

/// The bit of a folder in which everybody deletes only what is his.
const STICKY: u32 = 0o1000;

/// Removes the segment of gate `name`; false: there is none.
pub(crate) fn remove(place: &Place, name: &str) -> Result<bool, SharedError> {
    let path = place.path(name);
    let mut patience = Patience::new();
    loop {
        let Some(found) = Found::of_owner(place, &path)? else {
            return Ok(false);
        };
        match attempt(place, &found)? {
            Outcome::Removed => return Ok(true),
            Outcome::Gone => return Ok(false),
            Outcome::Locked if patience.again() => {}
            Outcome::Locked => return Err(busy(&path)),
        }
    }
}

/// Removes `found`, unless somebody else does.
pub(super) fn finish(place: &Place, found: &Found) -> Result<(), SharedError> {
    attempt(place, found).map(drop)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Removed,
    /// Somebody else removed it.
    Gone,
    /// Somebody else is about to.
    Locked,
}

/// The one way in which a name of a segment goes: by whoever holds the lock of the very file that it leads to.
fn attempt(place: &Place, found: &Found) -> Result<Outcome, SharedError> {
    let failed = |error: Errno| SharedError::io(found.path(), "could not be removed", error);
    match flock(found.file(), FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(Outcome::Locked),
        Err(error) => return Err(failed(error)),
    }
    let done = locked(place, found);
    // closing is not enough: a child of this process may have the file open too
    let _ = flock(found.file(), FlockOperation::Unlock);
    done
}

fn locked(place: &Place, found: &Found) -> Result<Outcome, SharedError> {
    let path = found.path();
    if !found.is_named() {
        return Ok(Outcome::Gone);
    }
    may_unlink(place, found)?;
    // what is no segment is not written to, and where there is no memory nobody counts
    if found.has_head() {
        map::retire(found.file(), WORDS, Blueprint::RETIRED)
            .map_err(|error| SharedError::io(path, "could not be taken out of use", error))?;
    }
    std::fs::remove_file(path)
        .map_err(|error| SharedError::io(path, "could not be removed", error))?;
    Ok(Outcome::Removed)
}

/// A segment that is retired and keeps its name would be in everybody's way.
fn may_unlink(place: &Place, found: &Found) -> Result<(), SharedError> {
    let path = found.path();
    access(&place.directory, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| SharedError::io(path, "cannot be removed from its folder", error))?;
    let folder = place
        .directory
        .metadata()
        .map_err(|error| SharedError::io(path, "could not be removed", error))?;
    let (user, owner) = (geteuid(), found.owner());
    let mine = [owner, folder.uid()].contains(&user.as_raw());
    if folder.mode() & STICKY != 0 && !user.is_root() && !mine {
        return Err(SharedError::new(
            SharedErrorKind::Access,
            path,
            format_args!("must be removed by its maker, user {owner}: its folder is sticky"),
        ));
    }
    Ok(())
}
