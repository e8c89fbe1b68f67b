//! A segment's file, opened and found to be one that may be used.

use super::Place;
use crate::error::{SharedError, SharedErrorKind};
use crate::header::{Header, LENGTH, MAGIC};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::geteuid;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The bits of a mode that say who may do what.
const PERMISSIONS: u32 = 0o777;
/// Those of them that are not the owner's.
const OTHERS: u32 = 0o077;

/// An open file that is a segment, by all that can be told from outside.
#[derive(Debug)]
pub(super) struct Found {
    path: PathBuf,
    file: File,
    metadata: Metadata,
}

impl Found {
    /// The segment at `path`, if there is one, with its owner and mode checked.
    pub(super) fn at(place: &Place, path: &Path) -> Result<Option<Self>, SharedError> {
        let Some(found) = Self::of_owner(place, path)? else {
            return Ok(None);
        };
        let mode = found.metadata.mode() & PERMISSIONS;
        let (rule, allowed) = match place.group {
            None => ("for its owner only", mode & OTHERS == 0),
            Some(_) => ("0660, for owner and group", mode == 0o660),
        };
        if !allowed {
            return Err(SharedError::new(
                SharedErrorKind::Access,
                path,
                format_args!("has the mode {mode:04o}, which must be {rule}"),
            ));
        }
        Ok(Some(found))
    }

    /// The segment at `path`, if there is one, whatever its mode.
    pub(super) fn of_owner(place: &Place, path: &Path) -> Result<Option<Self>, SharedError> {
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags.bits().cast_signed())
            .open(path);
        let file = match file {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return match path.parent().map(Path::metadata) {
                    Some(Err(error)) => Err(SharedError::io(path, "has no folder to be in", error)),
                    _ => Ok(None),
                };
            }
            Err(error) => return Err(refused(path, error)),
        };
        let metadata = file
            .metadata()
            .map_err(|error| SharedError::io(path, "could not be examined", error))?;
        let found = Self {
            path: path.to_owned(),
            file,
            metadata,
        };
        if !found.metadata.is_file() {
            return Err(not_plain(path));
        }
        let theirs = match place.group {
            None => (found.metadata.uid(), geteuid().as_raw(), "user"),
            Some(group) => (found.metadata.gid(), group, "group"),
        };
        match theirs {
            (owner, ours, _) if owner == ours => Ok(Some(found)),
            (owner, ours, what) => Err(SharedError::new(
                SharedErrorKind::Access,
                path,
                format_args!("belongs to {what} {owner} and must belong to {what} {ours}"),
            )),
        }
    }

    /// A file that was made a moment ago.
    pub(super) fn made(path: &Path, file: File) -> Result<Self, SharedError> {
        let metadata = file
            .metadata()
            .map_err(|error| SharedError::io(path, "could not be examined", error))?;
        let path = path.to_owned();
        Ok(Self {
            path,
            file,
            metadata,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    pub(super) fn size(&self) -> u64 {
        self.metadata.len()
    }

    pub(super) fn owner(&self) -> u32 {
        self.metadata.uid()
    }

    /// What tells it from every other file of the host.
    pub(super) fn identity(&self) -> (u64, u64) {
        (self.metadata.dev(), self.metadata.ino())
    }

    /// Whether its name still leads to it.
    pub(super) fn is_named(&self) -> bool {
        let now = self.path.symlink_metadata();
        now.is_ok_and(|now| (now.dev(), now.ino()) == self.identity())
    }

    /// Its head, read and not mapped: a file that is too short is an error and not a signal.
    pub(super) fn header(&self) -> Result<Header, SharedError> {
        let mut bytes = vec![0; LENGTH];
        let mut length = 0;
        while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, length as u64) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SharedError::io(&self.path, "could not be read", error)),
            }
        }
        bytes.truncate(length);
        Header::decode(&bytes, &self.path)
    }

    /// The word at `at` bytes, if the file is that long.
    pub(super) fn word(&self, at: u64) -> Option<u64> {
        let mut word = [0; 8];
        self.file.read_exact_at(&mut word, at).ok()?;
        Some(u64::from_ne_bytes(word))
    }

    /// Whether it lies in memory, which no reboot leaves behind; false where the system does not tell.
    #[cfg(target_os = "linux")]
    pub(super) fn is_in_memory(&self) -> bool {
        const TMPFS: u64 = 0x0102_1994;
        const RAMFS: u64 = 0x8584_58f6;
        rustix::fs::fstatfs(&self.file)
            .is_ok_and(|system| [TMPFS, RAMFS].contains(&(system.f_type.cast_unsigned())))
    }

    /// Whether it lies in memory, which no reboot leaves behind; false where the system does not tell.
    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "Linux asks it")]
    pub(super) fn is_in_memory(&self) -> bool {
        false
    }

    /// Whether it begins as a segment does, with memory behind its head word.
    pub(super) fn has_head(&self) -> bool {
        let end = (LENGTH + size_of::<u64>()) as u64;
        let now = self.file.metadata().map_or(0, |metadata| metadata.len());
        self.word(0) == Some(u64::from_ne_bytes(MAGIC))
            && now >= end
            && reserve(&self.file, end).is_ok()
    }

    /// Makes sure that there is memory behind every page, so that none is missing later.
    pub(super) fn reserve(&self) -> Result<(), SharedError> {
        reserve(&self.file, self.size())
            .map_err(|error| SharedError::io(&self.path, "has no memory left to lie in", error))
    }
}

/// Makes sure that there is memory for `length` bytes of `file`, where the system can say so.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(super) fn reserve(file: &File, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    loop {
        match fallocate(file, FallocateFlags::empty(), 0, length) {
            Err(Errno::INTR) => {}
            // writing every byte did it then
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => return Ok(()),
            done => return done.map_err(io::Error::from),
        }
    }
}

/// Writing every byte did it.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
#[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
pub(super) fn reserve(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

fn not_plain(path: &Path) -> SharedError {
    SharedError::new(
        SharedErrorKind::Access,
        path,
        "must be a plain file; links are not followed",
    )
}

fn refused(path: &Path, error: io::Error) -> SharedError {
    let code = error.raw_os_error().map(Errno::from_raw_os_error);
    match code {
        // what systems answer for links, folders and sockets
        Some(Errno::LOOP | Errno::MLINK | Errno::ISDIR | Errno::NXIO | Errno::OPNOTSUPP) => {
            not_plain(path)
        }
        _ => SharedError::io(path, "could not be opened", error),
    }
}
