//! Segments made with the crate `shared_memory`, which hides their files: see [`Opener`](crate::Opener) for what is lost.

use crate::error::{SharedError, SharedErrorKind};
use crate::gate::{self, Origin};
use crate::header::{Boot, Header, LENGTH, MAGIC, WORDS};
use crate::machine::Machine;
use crate::map::Segment;
use crate::name;
use crate::patience::Patience;
use crate::segment::Segment as Listed;
use call_gate_core::{Blueprint, ConfigError, GateConfig, Opened, Snapshot};
use shared_memory::{ShmemConf, ShmemError};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use std::sync::{Mutex, PoisonError};

/// What Unix and Windows both answer where there is no segment.
const NOT_FOUND: u32 = 2;
/// What Unix answers to mapping nothing.
#[cfg(unix)]
const NO_LENGTH: u32 = 22;

/// By name and instance number: the crate does not tell which file it is.
static MAPPED: Mutex<BTreeMap<(String, u64), &'static [AtomicU64]>> = Mutex::new(BTreeMap::new());

/// What is found under a name.
#[derive(Debug)]
enum Place {
    Empty,
    /// Its maker is at it, or died.
    Unfinished,
    Whole(Segment),
}

/// Opens the segment of `config`, which is found or made.
pub(crate) fn open(config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
    let id = name::short(config.name());
    let machine = Machine::here();
    let wanted = gate::wanted(config, &machine)?;
    let mut patience = Patience::new();
    loop {
        let found = look(&id)?;
        let unfinished = matches!(found, Place::Unfinished);
        let opened = match found {
            Place::Empty => make(&id, config, seed, &wanted)?,
            Place::Unfinished => None,
            Place::Whole(segment) => attach(&id, config, segment, &wanted, &machine)?,
        };
        if let Some(opened) = opened {
            return Ok(opened);
        }
        if !patience.again() {
            let what = if unfinished {
                "is not whole: its maker is stopped or died; remove it"
            } else {
                "is being removed or made anew by others all the time"
            };
            return Err(SharedError::new(SharedErrorKind::Busy, Path::new(&id), what).into());
        }
    }
}

/// Removes the segment of gate `name`; false: there is none.
pub(crate) fn remove(name: &str) -> Result<bool, SharedError> {
    let id = name::short(name);
    match ShmemConf::new().os_id(&id).open() {
        Ok(memory) => {
            discard(Segment::new(memory));
            Ok(true)
        }
        Err(ShmemError::MapOpenFailed(NOT_FOUND)) => Ok(false),
        // the crate does not open what its maker left without a length
        #[cfg(unix)]
        Err(ShmemError::MapOpenFailed(NO_LENGTH)) => {
            let removed = rustix::shm::unlink(&*id);
            removed
                .map(|()| true)
                .map_err(|error| SharedError::io(Path::new(&id), "could not be removed", error))
        }
        Err(error) => Err(failed(&id, "could not be removed", error)),
    }
}

/// The crate cannot tell.
pub(crate) fn list() -> Result<Vec<Listed>, SharedError> {
    Err(SharedError::new(
        SharedErrorKind::Unsupported,
        Path::new("*"),
        "cannot be listed with the crate shared_memory",
    ))
}

fn look(id: &str) -> Result<Place, SharedError> {
    match ShmemConf::new().os_id(id).open() {
        Ok(memory) => {
            let mut segment = Segment::new(memory);
            segment.keep();
            // pairs with the store that ends the making
            let begun = segment.words().first().map(|first| first.load(Acquire));
            Ok(if begun.is_none_or(|first| first == 0) {
                Place::Unfinished
            } else {
                Place::Whole(segment)
            })
        }
        Err(ShmemError::MapOpenFailed(NOT_FOUND)) => Ok(Place::Empty),
        #[cfg(unix)]
        Err(ShmemError::MapOpenFailed(NO_LENGTH)) => Ok(Place::Unfinished),
        Err(error) => Err(failed(id, "could not be opened", error)),
    }
}

fn make(
    id: &str,
    config: &GateConfig,
    seed: Option<&Snapshot>,
    wanted: &Header,
) -> Result<Option<Opened>, ConfigError> {
    let (header, bytes) = gate::fresh(config, seed, wanted)?;
    let mut segment = match ShmemConf::new().os_id(id).size(bytes.len()).create() {
        Ok(memory) => Segment::new(memory),
        Err(ShmemError::MappingIdExists) => return Ok(None),
        Err(error) => return Err(failed(id, "could not be made", error).into()),
    };
    segment.keep();
    let (chunks, _) = bytes.as_chunks::<8>();
    for (word, chunk) in segment.words().iter().zip(chunks).skip(1) {
        word.store(u64::from_ne_bytes(*chunk), Relaxed);
    }
    if let Some(first) = segment.words().first() {
        // pairs with the load of those who look whether it is whole
        first.store(u64::from_ne_bytes(MAGIC), Release);
    }
    let words = mapped(id, &header, segment);
    gate::counters(config, &header, words, Origin::Made, Path::new(id))
}

fn attach(
    id: &str,
    config: &GateConfig,
    segment: Segment,
    wanted: &Header,
    machine: &Machine,
) -> Result<Option<Opened>, ConfigError> {
    let path = Path::new(id);
    let head = segment.words().iter().take(WORDS);
    let head: Vec<u8> = head
        .flat_map(|word| word.load(Relaxed).to_ne_bytes())
        .collect();
    let header = Header::decode(&head, path)?;
    if header.boot(machine) == Boot::Earlier {
        discard(segment);
        return Ok(None);
    }
    header.check(wanted, path)?;
    let (length, size) = (segment.words().len() as u64 * 8, header.size());
    if size.is_none_or(|size| length < size) {
        return Err(SharedError::damaged(
            path,
            format_args!("it has {length} bytes, less than its gate"),
        )
        .into());
    }
    if segment.words().get(WORDS).map(|head| head.load(Acquire)) == Some(Blueprint::RETIRED) {
        discard(segment);
        return Ok(None);
    }
    let words = mapped(id, &header, segment);
    gate::counters(config, &header, words, Origin::Found, path)
}

/// The words of `segment`, which this process may have mapped before.
fn mapped(id: &str, header: &Header, segment: Segment) -> &'static [AtomicU64] {
    let key = (id.to_owned(), header.instance);
    // the map is whole at any time
    let mut mapped = MAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    mapped.entry(key).or_insert_with(|| segment.leaked())
}

/// Takes a segment out of use, and its name with it.
fn discard(segment: Segment) {
    if let Some(head) = segment.words().get(LENGTH / 8) {
        // pairs with the acquiring load of the head by those who ask the window
        head.store(Blueprint::RETIRED, Release);
    }
    segment.unlink();
}

fn failed(id: &str, doing: &str, error: ShmemError) -> SharedError {
    SharedError::io(Path::new(id), doing, io::Error::other(error))
}
