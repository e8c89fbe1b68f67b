//! The segment of one run, which is gone with it.

use std::path::Path;
use std::process;
use std::time::Duration;

use call_gate::{Segment, SharedError, SharedMemory};

use crate::shift::FAR_TOO_LONG;

/// What the gate of each run is called, before the number of its process.
const PREFIX: &str = "shared_workers ";

/// Removes the segment, also when the run fails.
pub(crate) struct Guard {
    name: String,
}

impl Guard {
    pub(crate) fn new() -> Self {
        Self {
            name: format!("{PREFIX}{}", process::id()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // a run that came to its end has removed it
        let _ = SharedMemory::remove(&self.name);
    }
}

/// Removes what runs that were killed have left, and tells how many.
pub(crate) fn sweep() -> Result<usize, SharedError> {
    let mut removed = 0;
    for segment in SharedMemory::list()? {
        if let Some(name) = segment.name()
            && is_left_over(name, &segment)
        {
            removed += usize::from(SharedMemory::remove(name)?);
        }
    }
    Ok(removed)
}

/// Whether the process of that name is gone, or a run could not have taken as long.
fn is_left_over(name: &str, segment: &Segment) -> bool {
    let Some(process) = name.strip_prefix(PREFIX) else {
        return false;
    };
    let processes = Path::new("/proc");
    let is_gone = processes.join("self").exists() && !processes.join(process).exists();
    let age = segment.made().and_then(|made| made.elapsed().ok());
    is_gone || age.is_some_and(|age| age > FAR_TOO_LONG + Duration::from_secs(60))
}
