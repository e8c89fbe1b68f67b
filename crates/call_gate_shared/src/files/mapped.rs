//! Which segments this process has mapped: each once, for as long as it lives.

use super::Found;
use crate::error::SharedError;
use crate::map;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};

/// By device and number of the file, which no other file gets while it is mapped.
static MAPPED: Mutex<BTreeMap<(u64, u64), &'static [AtomicU64]>> = Mutex::new(BTreeMap::new());

/// All words of the `size` bytes of `found`, its head's included.
pub(super) fn words(found: &Found, size: u64) -> Result<&'static [AtomicU64], SharedError> {
    let damaged = || {
        SharedError::damaged(
            found.path(),
            format_args!("it has another length than when this process mapped it"),
        )
    };
    let count = usize::try_from(size / 8).map_err(|_| damaged())?;
    // the map is whole at any time
    let mut mapped = MAPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(words) = mapped.get(&found.identity()) {
        return if words.len() == count {
            Ok(words)
        } else {
            Err(damaged())
        };
    }
    let words = map::words(found.file(), count)
        .map_err(|error| SharedError::io(found.path(), "could not be mapped", error))?;
    mapped.insert(found.identity(), words);
    Ok(words)
}
