//! The places of a limiter's permits: who may be out at once, in one word.
//!
//! ```text
//! [wanted:1][judged:15][most:24][out:24]
//! ```
//!
//! A request holds its places before the window is asked, and either keeps them or gives them back with the window's no.
//! So places are taken by one exchange, and no permit is ever one too many; and while `judged` requests are between the
//! two, a full word may only seem full: whoever must not be told so wrongly looks again when they are done.
//!
//! A waiter that finds no place says so in the same word, with `wanted`. Whoever then gives places back takes the flag with
//! them, in the same exchange, and wakes the queue. So neither needs a fence against the other: either the exchange that
//! sets the flag comes first, and is seen, or it fails, and the waiter looks again.
//!
//! All exchanges of one word are in one order, and a permit's work before its release comes before the work of whoever
//! takes its place: an exchange that takes is `Acquire`, one that gives back `Release`.

use crate::queue::Queue;
use crate::sync::{AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};

/// Most permits that may be out at once.
pub(crate) const MOST: u64 = PLACES;

const PLACES: u64 = (1 << 24) - 1;
const MOST_SHIFT: u32 = 24;
const JUDGED_SHIFT: u32 = 48;
const JUDGED: u64 = 1 << JUDGED_SHIFT;
const MOST_JUDGED: u64 = (1 << 15) - 1;
const WANTED: u64 = 1 << 63;
/// Wanted, with as many requests being judged as may be: the next one that is done makes room for one more.
const CROWDED: u64 = WANTED | MOST_JUDGED << JUDGED_SHIFT;
/// How often a look at a word that seems full is repeated before the thread lets others run.
#[cfg(not(loom))]
const LOOKS: u32 = 64;

#[derive(Debug)]
pub(crate) struct Permits {
    word: AtomicU64,
}

/// A word, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Places {
    /// How many may be out.
    pub(crate) most: u64,
    /// How many are, or are held by requests that are being judged.
    pub(crate) out: u64,
    judged: u64,
}

/// What whoever finds no place does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfFull {
    /// Looks again while requests are being judged: for an answer that must be exact.
    LookAgain,
    /// Goes.
    Go,
    /// Leaves word that a place is wanted: for a waiter, which then sleeps until one is given back.
    Want,
}

impl Places {
    fn of(word: u64) -> Self {
        Self {
            most: word >> MOST_SHIFT & PLACES,
            out: word & PLACES,
            judged: word >> JUDGED_SHIFT & MOST_JUDGED,
        }
    }

    /// Whether nobody is being judged: then all that are out are permits.
    pub(crate) fn is_settled(self) -> bool {
        self.judged == 0
    }

    fn has(self, places: u64) -> bool {
        places == 0 || places <= self.most.saturating_sub(self.out)
    }
}

impl Permits {
    /// At most `most` of them, which is at most [`MOST`].
    pub(crate) fn new(most: u64) -> Self {
        Self {
            word: AtomicU64::new(most << MOST_SHIFT),
        }
    }

    pub(crate) fn places(&self) -> Places {
        Places::of(self.word.load(Relaxed))
    }

    /// Holds `places` for a request that is about to be judged.
    ///
    /// # Errors
    /// There are not as many; the word that says so.
    #[inline(always)]
    pub(crate) fn hold<'p>(
        &'p self,
        places: u64,
        queue: &'p Queue,
        if_full: IfFull,
    ) -> Result<Hold<'p>, Places> {
        let mut word = self.word.load(Relaxed);
        loop {
            let now = Places::of(word);
            if !now.has(places) || now.judged == MOST_JUDGED {
                word = self.without(places, word, if_full)?;
                continue;
            }
            let held = word + JUDGED + places;
            match self
                .word
                .compare_exchange_weak(word, held, Acquire, Relaxed)
            {
                Ok(_) => {
                    return Ok(Hold {
                        permits: self,
                        queue,
                        places,
                    });
                }
                // somebody else got through
                Err(found) => word = found,
            }
        }
    }

    /// What to do when `word` has no room for `places`: a newer word to look at, or the answer.
    #[cold]
    fn without(&self, places: u64, mut word: u64, if_full: IfFull) -> Result<u64, Places> {
        let mut looks = 0;
        loop {
            let now = Places::of(word);
            if now.has(places) && now.judged < MOST_JUDGED {
                return Ok(word);
            }
            match if_full {
                // more than could ever be given back
                _ if places > now.most => return Err(now),
                // ends when those who are judged are done; each is within a few instructions of its own, as this is
                // for windows in reach
                IfFull::LookAgain if now.judged > 0 => {
                    look_again(&mut looks);
                    word = self.word.load(Relaxed);
                }
                // an exchange even if the flag is set: it fails where this word is no longer the last one
                IfFull::Want => {
                    let wanted = word | WANTED;
                    match self.word.compare_exchange(word, wanted, AcqRel, Relaxed) {
                        Ok(_) => return Err(now),
                        Err(found) => word = found,
                    }
                }
                _ => return Err(now),
            }
        }
    }

    /// Gives back `places` of permits that were out; whether a waiter wants one.
    #[inline(always)]
    #[must_use]
    pub(crate) fn release(&self, places: u64) -> bool {
        self.change(|word| word - places)
    }

    /// At most `most` from now on; those that are out stay out.
    pub(crate) fn set_most(&self, most: u64) {
        let others = !(PLACES << MOST_SHIFT);
        let _ = self.change(|word| word & others | most << MOST_SHIFT);
    }

    /// Makes room by `change`, and takes the flag of whoever wants some; whether there was one.
    #[inline(always)]
    fn change(&self, change: impl Fn(u64) -> u64) -> bool {
        let mut word = self.word.load(Relaxed);
        loop {
            let changed = change(word) & !WANTED;
            match self
                .word
                .compare_exchange_weak(word, changed, AcqRel, Relaxed)
            {
                Ok(_) => return word & WANTED != 0,
                // somebody else got through
                Err(found) => word = found,
            }
        }
    }
}

fn look_again(looks: &mut u32) {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    if *looks < LOOKS {
        core::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
    *looks = looks.saturating_add(1);
}

/// Places of a request that is being judged; given back when dropped, unless they are kept.
#[derive(Debug)]
#[must_use = "dropped, the places are given back"]
pub(crate) struct Hold<'p> {
    permits: &'p Permits,
    queue: &'p Queue,
    places: u64,
}

impl Hold<'_> {
    /// The request is admitted: its permit is out.
    #[inline(always)]
    pub(crate) fn keep(self) {
        let before = self.permits.word.fetch_sub(JUDGED, AcqRel);
        if before >= CROWDED {
            self.queue.nudge();
        }
        std::mem::forget(self);
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        let wanted = self.permits.change(|word| word - JUDGED - self.places);
        if wanted {
            self.queue.nudge();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
