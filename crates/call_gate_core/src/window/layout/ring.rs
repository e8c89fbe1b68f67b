//! Where the totals of one step lie.

/// A ring of totals: one slot for each of the last `len` frames of `ratio` base frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Ring {
    pub(in super::super) ratio: u64,
    /// Base frames between the start of this ring's frame 0 and tag 0.
    pub(super) phase: u64,
    pub(super) len: u32,
    /// Index of its first slot.
    pub(super) at: u32,
}

impl Ring {
    pub(in super::super) fn len(&self) -> u64 {
        u64::from(self.len)
    }

    /// The frame of this ring that base frame `tag` lies in.
    pub(in super::super) fn frame(&self, tag: u64) -> u64 {
        (tag + self.phase) / self.ratio
    }

    /// The first base frame of this ring's frame `frame`.
    pub(in super::super) fn first_tag(&self, frame: u64) -> u64 {
        (frame * self.ratio).saturating_sub(self.phase)
    }

    pub(in super::super) fn slot(&self, frame: u64) -> usize {
        // less than `len`, so it fits
        self.at as usize + usize::try_from(frame % self.len()).unwrap_or(0)
    }
}

/// A span's place: the ring it reads and how many of the ring's frames it sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Place {
    pub(in super::super) ring: Ring,
    pub(in super::super) frames: u64,
}
