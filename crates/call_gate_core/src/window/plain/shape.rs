//! Where each cell of a plain window lies, and which spans read it.

use super::Closed;
use crate::geometry::Geometry;
use alloc::boxed::Box;

/// What windows of one geometry have in common: nothing of it changes.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(super) base: u64,
    pub(super) closed: Closed,
    pub(super) rings: Box<[Ring]>,
    pub(super) base_ring: usize,
    pub(super) spans: Box<[Span]>,
}

/// A ring of totals: slot `f % len` holds the total before frame `f` of this ring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ring {
    /// How many base frames one of its frames has.
    pub(super) ratio: u64,
    pub(super) len: u64,
    /// The cell of slot 0.
    at: usize,
}

/// A span over one of the rings. Cell `i` holds the total before the window of span `i`, while the frame lasts.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) ring: Ring,
    pub(super) frames: u64,
}

impl Shape {
    pub(crate) fn new(geometry: &Geometry, closed: Closed) -> Self {
        let mut at = geometry.spans().len();
        let mut place = |len: u64| {
            let first = at;
            at = at.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
            first
        };
        let rings: Box<[Ring]> = geometry
            .rings()
            .iter()
            .map(|ring| Ring {
                ratio: ring.ratio,
                len: ring.len,
                at: place(ring.len),
            })
            .collect();
        let spans = geometry.spans().iter().zip(geometry.ring_of());
        let spans = spans.filter_map(|(span, ring)| {
            let (ring, frames) = (*rings.get(*ring)?, span.frames());
            Some(Span { ring, frames })
        });
        Self {
            base: geometry.base_nanos(),
            closed,
            base_ring: rings.iter().position(|ring| ring.ratio == 1).unwrap_or(0),
            spans: spans.collect(),
            rings,
        }
    }

    /// Length of a base frame, in nanoseconds.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// How many cells a window has.
    pub(crate) fn cells(&self) -> usize {
        self.rings.last().map_or(self.spans.len(), |ring| {
            ring.at
                .saturating_add(usize::try_from(ring.len).unwrap_or(usize::MAX))
        })
    }

    /// How many spans a window has.
    pub(crate) fn spans(&self) -> usize {
        self.spans.len()
    }
}

impl Ring {
    /// The cell of the slot of `frame`.
    pub(super) fn cell(self, frame: u64) -> usize {
        // a ring's length fits, or its cells would not be there
        usize::try_from(frame % self.len).map_or(usize::MAX, |slot| self.at.saturating_add(slot))
    }
}
