//! A snapshot's counts as the script keeps them.

use super::{Shape, Stand, words};

/// Counts that an empty gate starts from, as totals.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seed {
    /// The number of the newest frame.
    newest: u64,
    /// All of them.
    total: u64,
    /// Of each span, the total before its window.
    starts: Vec<u64>,
    /// The rings of all spans of more than one frame.
    rings: Vec<u8>,
}

impl Seed {
    /// The counts of `values`, newest first, the newest of frame `newest`, for a gate that stands so; `None`: that holds
    /// something, or nothing of them is left in its windows.
    ///
    /// Counts that are more than a window ahead of the server's clock are taken for those of a clock that went wrong, as
    /// all such are: the gate shows none of them.
    pub(crate) fn new(shape: &Shape, stand: &Stand, newest: u64, values: &[u64]) -> Option<Self> {
        if stand.spans.iter().any(|held| held.used > 0) {
            return None;
        }
        // at each place, what is counted there and in older frames
        let mut older = vec![0];
        for value in values.iter().rev() {
            older.push(older.last().copied().unwrap_or(0) + value);
        }
        older.reverse();
        let total = older.first().copied().unwrap_or(0);
        let before = |frame: u64| {
            let back = (newest + 1).saturating_sub(frame);
            let place = usize::try_from(back).unwrap_or(usize::MAX);
            older.get(place).copied().unwrap_or(0)
        };
        let shown = newest.max(stand.frame);
        let mut seed = Self {
            newest: shown,
            total,
            starts: Vec::new(),
            rings: Vec::new(),
        };
        for size in shape.spans() {
            let current = shown / size.ratio;
            let oldest = (current + 1).saturating_sub(size.frames);
            seed.starts.push(before(oldest * size.ratio));
            if size.frames > 1 {
                let frame =
                    |slot| oldest + (slot + size.frames - oldest % size.frames) % size.frames;
                let totals = (0..size.frames).map(|slot| before(frame(slot) * size.ratio));
                seed.rings.extend(words(totals));
            }
        }
        seed.starts
            .iter()
            .any(|start| *start < total)
            .then_some(seed)
    }

    /// In the script's words.
    pub(super) fn put(&self, bytes: &mut Vec<u8>) {
        let numbers = [self.newest, self.total].into_iter();
        bytes.extend(words(numbers.chain(self.starts.iter().copied())));
        bytes.extend_from_slice(&self.rings);
    }
}
