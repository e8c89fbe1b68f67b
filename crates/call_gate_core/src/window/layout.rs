//! Where each bit and each word of the packed window lies.
//!
//! ```text
//! head    live          [0][0][remaining:R][tag:E]          remaining is signed: a lowered limit leaves a debt
//!         being rolled  [1][0][remaining:R][tag:E]
//!         held          [1][1][remaining:R][stamp:E]        odd stamp: a refund; even: a change of limits or a clear
//!         out of use    all ones, for good
//! target  [tag]                                             the frame that the last roll agreed on
//! holds   [count]                                           source of odd stamps
//! area    2 x ( limit of each span, floor tag, floor total ), each a versioned register
//! plan    [count:40][marks:20][area:1][kind:1][state:2]     the change in progress, and which area is in force
//! ring    one per distinct step: slot[f % len] = [total before frame f : T][f : E]
//! ```
//!
//! The plan, which every call reads, is far enough from the head, which every call writes, to be in another cache line.
//!
//! `E` numbers every base frame of at least twenty years, `R = 62 - E`, `T = 64 - E`. A window's sum stays under
//! `2^(R-1)`, twice what any limits allow, so totals may wrap in their `T` bits and differences of them are still exact.
// long file: half of it says where each bit lies, the other half is the arithmetic of it

mod life;
mod ring;
#[cfg(all(test, not(loom)))]
mod tests;

pub(crate) use life::Life;
pub(super) use ring::{Place, Ring};

use super::WindowError;
use super::register::NONE;
use crate::geometry::Geometry;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Fewer tag bits would let stamps repeat too soon.
const MIN_TAG_BITS: u32 = 24;
/// More tag bits would not fit two chunks of a register, nor leave room to count.
const MAX_TAG_BITS: u32 = 46;

pub(super) const FROZEN: u64 = 1 << 63;
pub(super) const HELD: u64 = 1 << 62;
/// The head of a window out of use, whatever its layout: no refund holds the head with it, and every writer exchanges a
/// head that it has read, so none brings another back.
pub(crate) const RETIRED: u64 = u64::MAX;

/// Index of the head word.
pub(super) const HEAD: usize = 0;
/// Index of the word that a roll agrees on.
pub(super) const TARGET: usize = 1;
/// Index of the counter of refunds.
pub(super) const HOLDS: usize = 2;
const AREAS: usize = 3;

/// The arithmetic of one window's words.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(super) base: u64,
    /// Nanosecond of the wall at which tag 0 starts, modulo 2^64.
    bias: u64,
    /// Which ring each span reads, and how many of its frames it sums.
    spans: Box<[(u32, u32)]>,
    rings: Box<[Ring]>,
    base_ring: u16,
    /// Whether all readings are of one clock that never goes back.
    one_clock: bool,
    pub(super) tag_bits: u32,
}

impl Layout {
    /// The layout for a window made at `now`, to count for `life`; `None` where frames are too short for a packed word.
    pub(crate) fn new(geometry: &Geometry, now: u64, life: Life) -> Option<Self> {
        let base = geometry.base_nanos();
        let first = geometry.longest_nanos() / base + 2;
        let tags = (life.nanos(now) / base)
            .checked_add(first)?
            .checked_add(4)?;
        let tag_bits = (u64::BITS - tags.leading_zeros()).max(MIN_TAG_BITS);
        if tag_bits > MAX_TAG_BITS {
            return None;
        }
        let index = now / base;
        let mut at = u32::try_from(plan(geometry.spans().len()) + 1).ok()?;
        let mut rings = Vec::with_capacity(geometry.rings().len());
        for ring in geometry.rings() {
            let phase = (i128::from(index) - i128::from(first)).rem_euclid(i128::from(ring.ratio));
            let len = u32::try_from(ring.len).ok()?;
            rings.push(Ring {
                ratio: ring.ratio,
                phase: u64::try_from(phase).ok()?,
                len,
                at,
            });
            at = at.checked_add(len)?;
        }
        let base_ring = u16::try_from(rings.iter().position(|ring| ring.ratio == 1)?).ok()?;
        let mut spans = Vec::with_capacity(geometry.spans().len());
        for (span, ring) in geometry.spans().iter().zip(geometry.ring_of()) {
            spans.push((
                u32::try_from(*ring).ok()?,
                u32::try_from(span.frames()).ok()?,
            ));
        }
        let bias = (index * base).wrapping_sub(first.wrapping_mul(base));
        Some(Self {
            base,
            bias,
            spans: spans.into(),
            rings: rings.into(),
            base_ring,
            tag_bits,
            one_clock: false,
        })
    }

    /// The same layout for readings of one clock that never goes back: a head more than a window ahead is damaged.
    #[cfg(all(feature = "std", not(loom)))]
    pub(crate) fn of_one_clock(self) -> Self {
        Self {
            one_clock: true,
            ..self
        }
    }

    /// Whether a head at `tag` is further ahead of `goal` than a clock can be.
    pub(super) fn is_ahead(&self, tag: u64, goal: u64) -> bool {
        self.one_clock && tag.saturating_sub(goal) > self.first_tag()
    }

    /// How many words the window takes.
    pub(crate) fn words(&self) -> usize {
        self.rings
            .last()
            .map_or(0, |ring| (ring.at + ring.len) as usize)
    }

    /// Whether no span can ever hold more under `limits` than the words can, a span without a limit included.
    pub(crate) fn fits(&self, limits: &[Option<u64>]) -> bool {
        // how many windows of `other` together cover one of `mine`
        let cover = |mine: Place, other: Place| {
            if mine.ring.ratio == other.ring.ratio {
                mine.frames.div_ceil(other.frames)
            } else {
                (mine.ring.ratio * mine.frames).div_ceil(other.ring.ratio * other.frames) + 1
            }
        };
        // a register must tell the limit from none
        if limits.iter().flatten().any(|limit| *limit >= NONE) {
            return false;
        }
        self.places().all(|mine| {
            let limited = self
                .places()
                .zip(limits)
                .filter_map(|(other, limit)| Some((other, (*limit)?)));
            let bound = limited
                .map(|(other, limit)| u128::from(limit) * u128::from(cover(mine, other)))
                .min();
            bound.is_some_and(|bound| bound <= u128::from(self.largest()))
        })
    }

    /// Largest limit, and largest sum that any limits may allow.
    ///
    /// A sum that one set of limits left, and what another then lets in beside it, are at most twice that: `remaining`
    /// holds it as a debt.
    pub(crate) fn largest(&self) -> u64 {
        (1 << (60 - self.tag_bits)) - 1
    }

    pub(super) fn rings(&self) -> &[Ring] {
        &self.rings
    }

    pub(crate) fn spans(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.spans.iter().map(|(ring, frames)| Place {
            ring: self.ring(*ring),
            frames: u64::from(*frames),
        })
    }

    pub(super) fn base_ring(&self) -> Ring {
        self.ring(u32::from(self.base_ring))
    }

    fn ring(&self, index: u32) -> Ring {
        // `new` made the index from the list
        self.rings.get(index as usize).copied().unwrap_or(Ring {
            ratio: 1,
            phase: 0,
            len: 1,
            at: 0,
        })
    }

    /// Index of the word that leads a change of limits or a clear.
    #[inline(always)]
    pub(super) fn plan(&self) -> usize {
        plan(self.spans.len())
    }

    /// First word of a register of an area.
    pub(super) fn register(&self, area: usize, index: usize) -> usize {
        AREAS + area * area_words(self.spans.len()) + 2 * index
    }

    /// The tag of the frame that the window was made in.
    pub(super) fn first_tag(&self) -> u64 {
        self.places()
            .map(|place| place.ring.ratio * place.frames)
            .max()
            .unwrap_or(0)
            + 2
    }

    /// What to subtract from a reading of the wall, modulo 2^64, to count from tag 0.
    pub(crate) fn bias(&self) -> u64 {
        self.bias
    }

    /// The tag of the frame at `now`; a reading from before the window was made counts as its first frame.
    pub(super) fn tag_at(&self, now: u64) -> Result<u64, WindowError> {
        let first = self.first_tag();
        let tag = now.saturating_sub(self.start_of(first)) / self.base + first;
        if tag > self.last_tag() {
            Err(WindowError::Exhausted)
        } else {
            Ok(tag)
        }
    }

    /// The tag of the frame that starts at `start`, which may be older than the window; `None`: older than any tag.
    pub(super) fn tag_of_start(&self, start: u64) -> Option<u64> {
        let first = self.first_tag();
        let made = self.start_of(first) / self.base;
        let tag = i128::from(start / self.base) - i128::from(made) + i128::from(first);
        u64::try_from(tag)
            .ok()
            .filter(|tag| *tag >= 1 && *tag <= self.last_tag())
    }

    /// The tag to start with, and the values up to it; a seed from before any tag is none.
    pub(crate) fn seeded<'v>(&self, seed: Option<(u64, &'v [u64])>) -> (u64, &'v [u64]) {
        seed.and_then(|(start, values)| Some((self.tag_of_start(start)?, values)))
            .unwrap_or((self.first_tag(), &[]))
    }

    /// The nanosecond of the wall at which frame `tag` starts.
    pub(crate) fn start_of(&self, tag: u64) -> u64 {
        self.bias.wrapping_add(tag.wrapping_mul(self.base))
    }

    /// As [`start_of`](Self::start_of) for a frame to come; at most the last nanosecond there is.
    pub(super) fn start_to_come(&self, tag: u64) -> u64 {
        let first = self.first_tag();
        let ahead = tag.saturating_sub(first).saturating_mul(self.base);
        self.start_of(first).saturating_add(ahead)
    }

    /// The last frame that is counted.
    pub(super) fn last_tag(&self) -> u64 {
        self.tag_mask() - 2
    }

    #[inline(always)]
    pub(super) fn tag_mask(&self) -> u64 {
        (1 << self.tag_bits) - 1
    }

    #[inline(always)]
    pub(super) fn tag(&self, word: u64) -> u64 {
        word & self.tag_mask()
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_wrap, reason = "the field is a signed number")]
    pub(super) fn remaining(&self, word: u64) -> i64 {
        ((word << 2) as i64) >> (self.tag_bits + 2)
    }

    #[expect(clippy::cast_sign_loss, reason = "the field is a signed number")]
    fn pack(&self, flags: u64, remaining: i64, low: u64) -> u64 {
        flags | (((remaining as u64) << self.tag_bits) & !(FROZEN | HELD)) | low
    }

    pub(super) fn live(&self, tag: u64, remaining: i64) -> u64 {
        self.pack(0, remaining, tag)
    }

    pub(super) fn held(&self, stamp: u64, remaining: i64) -> u64 {
        self.pack(FROZEN | HELD, remaining, stamp & self.tag_mask())
    }

    pub(super) fn slot_word(&self, frame: u64, total: u64) -> u64 {
        total << self.tag_bits | frame
    }

    /// The total in a slot.
    pub(super) fn slot_total(&self, word: u64) -> u64 {
        word >> self.tag_bits
    }

    /// `a - b` of two totals, which wrap in their bits.
    #[expect(
        clippy::cast_possible_wrap,
        reason = "the difference is a signed number"
    )]
    pub(super) fn difference(&self, a: u64, b: u64) -> i64 {
        (a.wrapping_sub(b) << self.tag_bits) as i64 >> self.tag_bits
    }

    /// `total + change`, wrapped as totals are.
    pub(super) fn moved(&self, total: u64, change: i64) -> u64 {
        total.wrapping_add_signed(change) << self.tag_bits >> self.tag_bits
    }
}

/// Two words for each register; two registers beside the limits.
fn area_words(spans: usize) -> usize {
    2 * (spans + 2)
}

fn plan(spans: usize) -> usize {
    AREAS + 2 * area_words(spans)
}
