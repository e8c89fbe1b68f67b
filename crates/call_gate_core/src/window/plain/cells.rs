//! Totals in words of either width.

/// Totals that wrap at the width of their words: differences of them are exact while no window's sum reaches it.
#[derive(Debug)]
pub(crate) enum Cells<'w> {
    /// 32 bits each.
    Narrow(&'w mut [u32]),
    /// 64 bits each, low half first, for rows of narrow words.
    Split(&'w mut [[u32; 2]]),
    /// 64 bits each.
    Wide(&'w mut [u64]),
}

impl Cells<'_> {
    /// The same for a while.
    #[inline]
    pub(crate) fn reborrow(&mut self) -> Cells<'_> {
        match self {
            Self::Narrow(cells) => Cells::Narrow(cells),
            Self::Split(cells) => Cells::Split(cells),
            Self::Wide(cells) => Cells::Wide(cells),
        }
    }

    /// The largest total; a larger one wraps.
    #[inline]
    pub(super) fn most(&self) -> u64 {
        match self {
            Self::Narrow(_) => u64::from(u32::MAX),
            Self::Split(_) | Self::Wide(_) => u64::MAX,
        }
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> u64 {
        match self {
            Self::Narrow(cells) => cells.get(at).copied().map_or(0, u64::from),
            Self::Split(cells) => cells.get(at).map_or(0, |halves| joined(*halves)),
            Self::Wide(cells) => cells.get(at).copied().unwrap_or(0),
        }
    }

    #[inline]
    pub(super) fn set(&mut self, at: usize, total: u64) {
        match self {
            Self::Narrow(cells) => {
                if let Some(cell) = cells.get_mut(at) {
                    *cell = split(total)[0];
                }
            }
            Self::Split(cells) => {
                if let Some(cell) = cells.get_mut(at) {
                    *cell = split(total);
                }
            }
            Self::Wide(cells) => {
                if let Some(cell) = cells.get_mut(at) {
                    *cell = total;
                }
            }
        }
    }

    /// Sets all of them to 0.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Narrow(cells) => cells.fill(0),
            Self::Split(cells) => cells.fill([0; 2]),
            Self::Wide(cells) => cells.fill(0),
        }
    }
}

/// The two halves of a word, low first.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "each is half of it")]
pub(crate) fn split(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

/// The word of two halves.
#[inline]
pub(crate) fn joined([low, high]: [u32; 2]) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}
