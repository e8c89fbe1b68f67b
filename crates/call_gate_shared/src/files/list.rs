//! What segments there are.

use super::{Found, Place, temporary};
use crate::error::SharedError;
use crate::header::{Boot, LENGTH};
use crate::machine::Machine;
use crate::name::PREFIX;
use crate::segment::{Segment, SegmentState};
use call_gate_core::Blueprint;
use std::fs;
use std::path::PathBuf;

/// The segments of the folder, by file name.
pub(crate) fn list(place: &Place) -> Result<Vec<Segment>, SharedError> {
    temporary::sweep(place);
    let unread = |error| SharedError::io(&place.directory, "could not be listed", error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(&place.directory).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    let machine = Machine::here();
    // one that is gone by now is not there
    let segments = paths.into_iter();
    Ok(segments
        .filter_map(|path| look(place, path, &machine))
        .collect())
}

fn look(place: &Place, path: PathBuf, machine: &Machine) -> Option<Segment> {
    let found = match Found::at(place, &path) {
        Ok(found) => found?,
        Err(error) => {
            let bytes = path.symlink_metadata().map_or(0, |metadata| metadata.len());
            return Some(Segment::refused(path, bytes, error));
        }
    };
    let bytes = found.size();
    let header = found.header().and_then(|header| {
        if header.size() == Some(bytes) {
            return Ok(header);
        }
        let what = format_args!("its head does not tell of the {bytes} bytes that it has");
        Err(SharedError::damaged(&path, what))
    });
    Some(match header {
        Err(error) => Segment::refused(path, bytes, error),
        Ok(header) => {
            let state = if found.word(LENGTH as u64) == Some(Blueprint::RETIRED) {
                SegmentState::Retired
            } else if header.boot(machine) == Boot::Earlier {
                SegmentState::Stale
            } else {
                SegmentState::Live
            };
            Segment::new(path, bytes, state, header)
        }
    })
}
