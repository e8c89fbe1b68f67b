//! The exact sliding window: several spans over one counter.
//!
//! A window decides from `(now, value)`; it never sleeps, reads no clock and does no I/O. [`Window`] is the lock-free
//! placement, whose whole admission is one compare-and-swap; it needs neither `std` nor a lock. Limits that its packed
//! word cannot hold are served, with the same answers, by the locked placement that `CallGate` falls back to.

mod glance;
mod layout;
pub(crate) mod packed;
#[cfg(feature = "std")]
mod plain;
mod plan;
mod register;
mod verdict;

pub(crate) use glance::Glance;
#[cfg(loom)]
pub(crate) use glance::Note;
pub(crate) use layout::{Layout, Life};
pub(crate) use packed::Packed;
#[cfg(feature = "std")]
pub(crate) use plain::{Cells, Closed, Costs, Head, Machine, Pair, Plain, Shape, joined, split};
pub use verdict::{Booking, Refusal, Verdict, WindowError};
pub(crate) use verdict::{Fast, Judge, Refunded, Ticket};

use crate::error::{ConfigError, ConfigErrorKind};
use crate::geometry::Geometry;
use crate::sync::{AtomicU64, Ordering::Acquire, Ordering::Relaxed};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;
use layout::{FROZEN, HEAD};

/// The lock-free window.
///
/// Time is nanoseconds since the Unix epoch; a reading older than the newest
/// one books in the newer frame. Memory: 8 bytes a frame and less than 400.
///
/// # Examples
/// ```
/// use call_gate_core::{Geometry, Span, Verdict, Window};
/// use core::time::Duration;
///
/// // 2 a second and 3 in ten seconds
/// let geometry = Geometry::new(&[Span::new(Duration::from_secs(1), 1)?, Span::new(Duration::from_secs(1), 10)?])?;
/// let window = Window::new(&geometry, &[Some(2), Some(3)], Duration::ZERO)?;
/// assert!(matches!(window.book(Duration::ZERO, 2)?, Verdict::Booked(_)));
/// let Verdict::Refused(refusal) = window.book(Duration::from_secs(1), 2)? else { panic!() };
/// assert_eq!((refusal.span(), refusal.retry_at()), (1, Duration::from_secs(10)));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Window {
    words: Words,
    layout: Layout,
    glance: Glance,
}

/// Where the words are; both are a pointer and a length, so that asking costs nothing.
#[derive(Debug)]
enum Words {
    Heap(Box<[AtomicU64]>),
    /// In memory that others may share.
    #[cfg_attr(
        any(loom, not(feature = "std")),
        expect(dead_code, reason = "for storages")
    )]
    Placed(&'static [AtomicU64]),
}

impl Words {
    #[inline(always)]
    fn get(&self) -> &[AtomicU64] {
        match self {
            Self::Heap(words) => words,
            Self::Placed(words) => words,
        }
    }
}

impl Window {
    /// An empty window whose first frame is the one at `now`.
    ///
    /// # Errors
    /// A count of `limits` other than the spans', a limit of 0, no limit at
    /// all, frames under about 10 µs, or a limit beyond the packed word:
    /// `2^36 - 1` where frames are long, less where they are short.
    pub fn new(
        geometry: &Geometry,
        limits: &[Option<u64>],
        now: Duration,
    ) -> Result<Self, ConfigError> {
        let spans = geometry.spans().len();
        if limits.len() != spans {
            let count = limits.len();
            return Err(ConfigError::new(
                ConfigErrorKind::Limits,
                format_args!("{count} limits for {spans} spans: there must be one for each"),
            ));
        }
        if limits.contains(&Some(0)) {
            return Err(ConfigError::new(
                ConfigErrorKind::Limits,
                format_args!("a limit of 0 must be at least 1"),
            ));
        }
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let layout =
            Layout::new(geometry, now, Life::TwentyYears).filter(|layout| layout.fits(limits));
        let Some(layout) = layout else {
            return Err(ConfigError::new(
                ConfigErrorKind::Limits,
                format_args!(
                    "limits {limits:?} must fit the packed word of this geometry, or be fewer"
                ),
            ));
        };
        Ok(Self::at_rest(layout, limits, None))
    }

    /// The window of `layout`, empty or with `values` (newest first) up to the frame that starts at a given time.
    pub(crate) fn at_rest(
        layout: Layout,
        limits: &[Option<u64>],
        seed: Option<(u64, &[u64])>,
    ) -> Self {
        let (tag, values) = layout.seeded(seed);
        let words: Vec<AtomicU64> = packed::at_rest(&layout, limits, tag, values)
            .into_iter()
            .map(AtomicU64::new)
            .collect();
        Self {
            words: Words::Heap(words.into_boxed_slice()),
            layout,
            glance: Glance::new(),
        }
    }

    /// The window of `layout` over words that lie elsewhere and may be in use already; `None`: not that many.
    #[cfg(all(feature = "std", not(loom)))]
    pub(crate) fn placed(layout: Layout, words: &'static [AtomicU64]) -> Option<Self> {
        (words.len() == layout.words()).then(|| Self {
            words: Words::Placed(words),
            layout,
            glance: Glance::new(),
        })
    }

    /// Books `value` at `now` in every span, or in none.
    ///
    /// A value of 0 books nothing. A value above a limit is refused for ever,
    /// so check it against the limits first. Costs one compare-and-swap, and
    /// where frames were passed, one for each of them.
    ///
    /// # Errors
    /// [`WindowError`]; nothing is booked.
    pub fn book(&self, now: Duration, value: u64) -> Result<Verdict, WindowError> {
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        match self.fast(
            nanos.wrapping_sub(self.layout.bias()),
            self.layout.base,
            value,
        ) {
            Fast::Booked(booking) => Ok(Verdict::Booked(booking)),
            Fast::Refused(refusal) => Ok(Verdict::Refused(refusal)),
            Fast::Unsure(booking, plan) => {
                Ok(Verdict::Booked(self.packed().confirmed(plan, booking)))
            }
            Fast::Slow => self.book_slowly(nanos, value),
        }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) fn packed(&self) -> Packed<'_> {
        Packed::new(self.words.get(), &self.layout)
    }

    /// Books at `since` nanoseconds after tag 0 if the head's frame holds that time, `width` being its length.
    ///
    /// A `width` of 0 turns the fast path off. Every load but the head's is of
    /// a word that hardly ever changes.
    #[inline(always)]
    pub(crate) fn fast(&self, since: u64, width: u64, value: u64) -> Fast {
        let words = self.words.get();
        let Some((head, plan)) = words.get(HEAD).zip(words.get(self.layout.plan())) else {
            return Fast::Slow;
        };
        // the plan is read before the head: the head then shows that plan's limits or later ones
        let planned = plan.load(Acquire);
        let mut word = head.load(Acquire);
        loop {
            let tag = self.layout.tag(word);
            if word & FROZEN != 0 || since.wrapping_sub(tag.wrapping_mul(self.layout.base)) >= width
            {
                return Fast::Slow;
            }
            let remaining = u64::try_from(self.layout.remaining(word)).unwrap_or(0);
            if value.wrapping_sub(1) >= remaining {
                // what is noted for a word holds under the plan that it was noted under
                return match self.glance.refusal(planned, word, value) {
                    Some(refusal) if plan.load(Acquire) == planned => Fast::Refused(refusal),
                    _ => Fast::Slow,
                };
            }
            let Some((ceilings, mark)) = self.glance.frame(planned, tag) else {
                return Fast::Slow;
            };
            let new = word - (value << self.layout.tag_bits);
            match head.compare_exchange_weak(word, new, Acquire, Relaxed) {
                Ok(_) => {
                    let remaining = remaining - value;
                    let booking = Booking {
                        ticket: Ticket {
                            start: self.layout.start_of(tag),
                            mark,
                        },
                        used: ceilings.map(|ceiling| ceiling.wrapping_sub(remaining)),
                        remaining,
                    };
                    if plan.load(Acquire) == planned {
                        return Fast::Booked(booking);
                    }
                    return Fast::Unsure(booking, planned);
                }
                Err(found) => word = found,
            }
        }
    }

    /// Books the long way, and leaves a note for the fast one.
    #[cold]
    pub(crate) fn book_slowly(&self, now: u64, value: u64) -> Result<Verdict, WindowError> {
        let (verdict, judge) = self.packed().book(now, value)?;
        match verdict {
            Verdict::Booked(booking) if value > 0 => {
                let tag = self.layout.tag(judge.word);
                self.glance.note_frame(judge.plan, tag, &booking);
                Ok(Verdict::Booked(
                    self.packed().confirmed(judge.plan, booking),
                ))
            }
            Verdict::Booked(_) => Ok(verdict),
            Verdict::Refused(refusal) => {
                self.glance.note_refusal(judge, value, refusal);
                Ok(verdict)
            }
        }
    }
}

/// The least of `1..=most` that fits, by bisection: once it fits, more fits too. `None`: a read failed.
pub(crate) fn first_fit(most: u64, fits: impl Fn(u64) -> Option<bool>) -> Option<u64> {
    let (mut low, mut high) = (1, most);
    while low < high {
        let middle = low + (high - low) / 2;
        if fits(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(low)
}
