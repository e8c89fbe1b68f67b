//! A connection for each runtime: the task that drives one ends with the runtime that it was made in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Id;

/// So many runtimes have a connection; one more takes it from the one that did not need it for longest.
const MOST_RUNTIMES: usize = 1024;
/// A runtime that needed its connection no more for so long loses it to the next one; it may be gone, which cannot be
/// told from outside.
const KEPT: Duration = Duration::from_secs(60);

/// What each runtime has; `L` is a connection.
pub(super) struct Lanes<L>(Mutex<HashMap<Id, Lane<L>>>);

struct Lane<L> {
    line: Option<Arc<L>>,
    /// Held by who makes a connection.
    dialing: Arc<tokio::sync::Mutex<()>>,
    used: Instant,
}

impl<L> Default for Lanes<L> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<L> Lanes<L> {
    /// The connection of this runtime, or what to hold while making it.
    pub(super) fn of(&self, here: Id) -> Result<Arc<L>, Arc<tokio::sync::Mutex<()>>> {
        let now = Instant::now();
        let mut lanes = self.lock();
        if let Some(lane) = lanes.get_mut(&here) {
            lane.used = now;
            return lane.line.clone().ok_or_else(|| Arc::clone(&lane.dialing));
        }
        let closing = make_room(&mut lanes, now);
        let dialing = Arc::default();
        let lane = Lane {
            line: None,
            dialing: Arc::clone(&dialing),
            used: now,
        };
        lanes.insert(here, lane);
        drop(lanes);
        // closing them is no business of who waits for the lock
        drop(closing);
        Err(dialing)
    }

    pub(super) fn keep(&self, here: Id, line: &Arc<L>) {
        if let Some(lane) = self.lock().get_mut(&here) {
            lane.line = Some(Arc::clone(line));
        }
    }

    /// The next call makes another connection; those under way on `line` keep it.
    pub(super) fn forget(&self, here: Id, line: &Arc<L>) {
        if let Some(lane) = self.lock().get_mut(&here) {
            lane.line.take_if(|kept| Arc::ptr_eq(kept, line));
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Lane<L>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes out what is no longer needed, and one more if that is nothing and there are too many.
fn make_room<L>(lanes: &mut HashMap<Id, Lane<L>>, now: Instant) -> Vec<Lane<L>> {
    let unused = |lane: &mut Lane<L>| now.saturating_duration_since(lane.used) >= KEPT;
    let mut out: Vec<_> = lanes.extract_if(|_, lane| unused(lane)).collect();
    if lanes.len() >= MOST_RUNTIMES {
        let longest = lanes.iter().min_by_key(|(_, lane)| lane.used);
        let longest = longest.map(|(id, _)| *id);
        out.extend(longest.and_then(|id| lanes.remove_entry(&id)));
    }
    out.into_iter().map(|(_, lane)| lane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> Id {
        let builder = &mut tokio::runtime::Builder::new_current_thread();
        builder.build().unwrap().handle().id()
    }

    #[test]
    fn only_those_that_nobody_needs_make_room() {
        let lanes = Lanes::<u32>::default();
        let ids: Vec<_> = (0..=MOST_RUNTIMES).map(|_| id()).collect();
        let (last, first) = ids.split_last().unwrap();
        for id in first {
            assert!(lanes.of(*id).is_err());
            lanes.keep(*id, &Arc::new(1));
        }
        // the first is used again, so the second was unused for longest
        assert!(lanes.of(ids[0]).is_ok());
        assert!(lanes.of(*last).is_err());
        assert!(lanes.of(ids[0]).is_ok());
        assert_eq!(lanes.lock().len(), MOST_RUNTIMES);
        assert!(!lanes.lock().contains_key(&ids[1]));
        // and those that were not for a minute go all at once
        let later = Instant::now() + KEPT;
        lanes.lock().get_mut(&ids[2]).unwrap().used = later;
        assert_eq!(make_room(&mut lanes.lock(), later).len(), MOST_RUNTIMES - 1);
        assert!(lanes.of(ids[2]).is_ok());
    }
}
