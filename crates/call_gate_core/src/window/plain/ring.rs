//! Totals by frame.

use alloc::boxed::Box;

/// A ring of totals that wrap at 2^64, as the packed window's do in fewer bits.
#[derive(Debug)]
pub(super) struct Ring {
    pub(super) ratio: u64,
    pub(super) before: Box<[u64]>,
}

impl Ring {
    pub(super) fn len(&self) -> u64 {
        self.before.len() as u64
    }

    pub(super) fn slot(&mut self, frame: u64) -> Option<&mut u64> {
        let index = usize::try_from(frame % self.len()).ok()?;
        self.before.get_mut(index)
    }

    pub(super) fn total(&self, frame: u64) -> u64 {
        usize::try_from(frame % self.len())
            .ok()
            .and_then(|index| self.before.get(index))
            .copied()
            .unwrap_or(0)
    }
}

/// A span over one of the rings.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) ring: usize,
    pub(super) frames: u64,
    pub(super) limit: Option<u64>,
    /// The total before the window, kept while the frame lasts.
    pub(super) start: u64,
}
