//! Segments as files: whole before they have a name, so that there is nothing to be waited for.

mod create;
mod found;
mod list;
mod mapped;
mod remove;
mod temporary;

pub(crate) use list::list;
pub(crate) use remove::remove;

use crate::error::{SharedError, SharedErrorKind};
use crate::gate::{self, Origin};
use crate::header::{Boot, Header};
use crate::machine::Machine;
use crate::name;
use crate::patience::Patience;
use call_gate_core::{ConfigError, GateConfig, Opened, Snapshot};
use create::Way;
use found::Found;
use std::path::{Path, PathBuf};

/// Where segments are, and whose.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) directory: PathBuf,
    pub(crate) group: Option<u32>,
}

impl Default for Place {
    fn default() -> Self {
        let directory = if cfg!(target_os = "linux") {
            PathBuf::from("/dev/shm")
        } else {
            std::env::temp_dir()
        };
        Self {
            directory,
            group: None,
        }
    }
}

impl Place {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name::file(name))
    }
}

/// Opens the segment of `config`, which is found or made.
pub(crate) fn open(
    place: &Place,
    config: &GateConfig,
    seed: Option<&Snapshot>,
) -> Result<Opened, ConfigError> {
    open_by(place, config, seed, Way::Unnamed)
}

fn open_by(
    place: &Place,
    config: &GateConfig,
    seed: Option<&Snapshot>,
    way: Way,
) -> Result<Opened, ConfigError> {
    let path = place.path(config.name());
    let machine = Machine::here();
    let wanted = gate::wanted(config, &machine)?;
    let mut patience = Patience::new();
    loop {
        let opened = match Found::at(place, &path)? {
            Some(found) => attach(place, config, &found, &wanted, &machine)?,
            None => make(place, config, seed, &path, &wanted, way)?,
        };
        if let Some(opened) = opened {
            return Ok(opened);
        }
        if !patience.again() {
            return Err(busy(&path).into());
        }
    }
}

/// The counters of a segment that is there; `None`: it is out of use, look again.
fn attach(
    place: &Place,
    config: &GateConfig,
    found: &Found,
    wanted: &Header,
    machine: &Machine,
) -> Result<Option<Opened>, ConfigError> {
    let header = found.header()?;
    if header.boot(machine) == Boot::Earlier {
        if found.is_in_memory() {
            return Err(header.other_boot(machine, found.path()).into());
        }
        remove::finish(place, found)?;
        return Ok(None);
    }
    header.check(wanted, found.path())?;
    let size = header.size().unwrap_or(u64::MAX);
    if found.size() != size {
        let found_size = found.size();
        return Err(SharedError::damaged(
            found.path(),
            format_args!("it has {found_size} bytes, its gate has {size}"),
        )
        .into());
    }
    found.reserve()?;
    let words = mapped::words(found, size)?;
    let opened = gate::counters(config, &header, words, Origin::Found, found.path())?;
    if opened.is_none() {
        // whoever was about to remove it may be dead
        remove::finish(place, found)?;
    }
    Ok(opened)
}

/// The counters of a segment made now; `None`: somebody was faster.
fn make(
    place: &Place,
    config: &GateConfig,
    seed: Option<&Snapshot>,
    path: &Path,
    wanted: &Header,
    way: Way,
) -> Result<Option<Opened>, ConfigError> {
    let (header, bytes) = gate::fresh(config, seed, wanted)?;
    let Some(made) = create::create(place, path, &bytes, way)? else {
        return Ok(None);
    };
    let words = mapped::words(&made, bytes.len() as u64)?;
    gate::counters(config, &header, words, Origin::Made, path)
}

fn busy(path: &Path) -> SharedError {
    SharedError::new(
        SharedErrorKind::Busy,
        path,
        "is being removed or made anew by others all the time, or one of them is stopped amid it",
    )
}
#[cfg(test)]
mod tests;
