//! The storage, and its options.

#[cfg(any(windows, feature = "shared_memory"))]
use crate::by_crate;
use crate::error::SharedError;
#[cfg(unix)]
use crate::files::{self, Place};
use crate::segment::Segment;
use call_gate_core::{ConfigError, GateConfig, Opened, Snapshot, Storage, StorageKind};
#[cfg(unix)]
use std::path::PathBuf;

/// How segments are made and found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Opener {
    /// As files, in memory where the system has a folder for that.
    #[cfg(unix)]
    #[default]
    Files,
    /// With the crate `shared_memory`.
    ///
    /// It promises less. Nobody's ownership is checked. Where memory runs
    /// out, a gate's user is ended with a bus error later instead of an error
    /// at once. A maker that is killed leaves a segment that nobody can open
    /// before it is removed, and two that are removed and made at the same
    /// time may leave two gates. Folder and group have no effect.
    #[cfg(any(windows, feature = "shared_memory"))]
    #[cfg_attr(windows, default)]
    SharedMemoryCrate,
}

/// Gates in memory shared by the processes of one host.
///
/// The gate's name is the segment's: all who open it share one gate. See the
/// crate's own page for what that means.
#[derive(Debug, Clone, Default)]
pub struct SharedMemory {
    opener: Opener,
    #[cfg(unix)]
    place: Place,
}

impl SharedMemory {
    /// Owner-only segments in the default folder: `/dev/shm` on Linux, elsewhere the user's folder for temporary files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the segments in another folder of this host.
    ///
    /// It must be in memory for the speed of it, local in any case, and
    /// writable by those only who may take part.
    #[cfg(unix)]
    #[must_use]
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.place.directory = path.into();
        self
    }

    /// Shares the segments with all users of the group of this number.
    ///
    /// They are made for the group and readable and writable by it, and only
    /// such ones are opened. In a folder where everybody may delete only what
    /// is his, as `/dev/shm` is, a segment is removed by its maker.
    #[cfg(unix)]
    #[must_use]
    pub fn group(mut self, group: u32) -> Self {
        self.place.group = Some(group);
        self
    }

    /// Makes and finds segments in this way.
    #[must_use]
    pub fn opener(mut self, opener: Opener) -> Self {
        self.opener = opener;
        self
    }

    /// Takes the segment of gate `name` in the default folder out of use, for everybody; false: there is none.
    ///
    /// # Errors
    /// As [`remove_segment`](Self::remove_segment).
    pub fn remove(name: &str) -> Result<bool, SharedError> {
        Self::new().remove_segment(name)
    }

    /// The segments in the default folder, by file name.
    ///
    /// # Errors
    /// As [`segments`](Self::segments).
    pub fn list() -> Result<Vec<Segment>, SharedError> {
        Self::new().segments()
    }

    /// Takes the segment of gate `name` out of use, for everybody; false: there is none.
    ///
    /// Whoever uses it gets a `StorageError` of the kind `Retired` from then
    /// on, and the next to open the name makes a new gate. A damaged segment
    /// is removed as well.
    ///
    /// # Errors
    /// Another user's segment, no plain file, a remover that is stopped amid
    /// its work, or a failure of the system.
    pub fn remove_segment(&self, name: &str) -> Result<bool, SharedError> {
        match self.opener {
            #[cfg(unix)]
            Opener::Files => files::remove(&self.place, name),
            #[cfg(any(windows, feature = "shared_memory"))]
            Opener::SharedMemoryCrate => by_crate::remove(name),
        }
    }

    /// The segments that there are, by file name; clears away what makers that died have left.
    ///
    /// # Errors
    /// A folder that cannot be read, or an opener that has none.
    pub fn segments(&self) -> Result<Vec<Segment>, SharedError> {
        match self.opener {
            #[cfg(unix)]
            Opener::Files => files::list(&self.place),
            #[cfg(any(windows, feature = "shared_memory"))]
            Opener::SharedMemoryCrate => by_crate::list(),
        }
    }
}

impl Storage for SharedMemory {
    fn kind(&self) -> StorageKind {
        StorageKind::Shared
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        match self.opener {
            #[cfg(unix)]
            Opener::Files => files::open(&self.place, config, seed),
            #[cfg(any(windows, feature = "shared_memory"))]
            Opener::SharedMemoryCrate => by_crate::open(config, seed),
        }
    }
}
