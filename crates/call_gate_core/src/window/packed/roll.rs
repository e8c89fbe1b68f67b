//! Moving the head from frame to frame.

use super::super::WindowError;
use super::super::layout::{FROZEN, HELD, RETIRED, TARGET};
use super::super::plan::{Plan, Stage};
use super::{Packed, TRIES};
use crate::sync::Ordering::{AcqRel, Acquire};

impl Packed<'_> {
    /// A live head of frame `goal` or later, and the plan word from before it.
    pub(super) fn settle(&self, goal: u64) -> Result<(u64, u64), WindowError> {
        for _ in 0..TRIES {
            let plan = self.plan_word().load(Acquire);
            let word = self.head().load(Acquire);
            if word == RETIRED {
                return Err(WindowError::Retired);
            }
            if word & FROZEN != 0 {
                self.help(word, goal)?;
            } else if Plan::unpack(plan).stage == Stage::Ready {
                // its author may be dead: what is done from here on must not be undone by it later
                self.advance()?;
            } else if self.layout.tag(word) >= goal {
                return if self.layout.is_ahead(self.layout.tag(word), goal) {
                    Err(WindowError::Ahead)
                } else {
                    Ok((plan, word))
                };
            } else if self
                .head()
                .compare_exchange(word, word | FROZEN, AcqRel, Acquire)
                .is_ok()
            {
                self.help(word | FROZEN, goal)?;
            }
        }
        Err(WindowError::Contended)
    }

    /// Finishes whatever the frozen head `word` stands for.
    #[cold]
    pub(super) fn help(&self, word: u64, goal: u64) -> Result<(), WindowError> {
        if word & HELD == 0 {
            self.roll(word, goal)
        } else {
            self.release(word)
        }
    }

    /// Finishes the roll of the frozen head `word`, to `goal` unless a target is agreed on already.
    pub(super) fn roll(&self, word: u64, goal: u64) -> Result<(), WindowError> {
        let from = self.layout.tag(word);
        let target = self.word(TARGET);
        let agreed = target.load(Acquire);
        if agreed <= from {
            // losing means that another helper's frame is the target
            let _ = target.compare_exchange(agreed, goal.max(from + 1), AcqRel, Acquire);
        }
        let to = target.load(Acquire);
        if self.head().load(Acquire) != word {
            // finished by others; only now is `to` known to be this roll's
            return Ok(());
        }
        if to <= from || to > self.layout.last_tag() {
            return Err(WindowError::Corrupt);
        }
        let rolled = self.rolled_total(word, from, to).and_then(|total| {
            self.fill(from, to, total);
            let control = self.control(Plan::unpack(self.plan_word().load(Acquire)).area)?;
            Some(self.layout.live(to, self.room(&control, to, total)?))
        });
        match rolled {
            Some(new) => {
                // losing means that another helper published the same word
                let _ = self.head().compare_exchange(word, new, AcqRel, Acquire);
                Ok(())
            }
            // what does not fit together was read while others finished the roll, or it is damaged
            None if self.head().load(Acquire) == word => Err(WindowError::Corrupt),
            None => Ok(()),
        }
    }

    /// Agrees on the total at the end of frame `from`, in the base slot of frame `to`.
    pub(super) fn rolled_total(&self, word: u64, from: u64, to: u64) -> Option<u64> {
        let slot = self.word(self.layout.base_ring().slot(to));
        let old = slot.load(Acquire);
        if self.layout.tag(old) == to {
            return Some(self.layout.slot_total(old));
        }
        // if the slot is still `old` when it is exchanged, no slot was overwritten before, and what was read counts;
        // for a helper that comes so late that `old` is newer than `to` it does not: a floor may stand in for slots
        let control = self.control(Plan::unpack(self.plan_word().load(Acquire)).area);
        let total =
            control.and_then(|control| self.total(&control, from, self.layout.remaining(word)));
        if let Some(total) = total.filter(|_| self.layout.tag(old) < to) {
            let new = self.layout.slot_word(to, total);
            if slot.compare_exchange(old, new, AcqRel, Acquire).is_ok() {
                return Some(total);
            }
        }
        let found = slot.load(Acquire);
        (self.layout.tag(found) == to).then(|| self.layout.slot_total(found))
    }

    /// Records `total` before every frame after `from` up to `to`, as far back as the rings reach.
    pub(super) fn fill(&self, from: u64, to: u64, total: u64) {
        for ring in self.layout.rings() {
            let last = ring.frame(to);
            let first = (ring.frame(from) + 1).max((last + 1).saturating_sub(ring.len()));
            for frame in first..=last {
                let slot = self.word(ring.slot(frame));
                let old = slot.load(Acquire);
                if self.layout.tag(old) < frame {
                    // losing means that another helper recorded the same total
                    let _ = slot.compare_exchange(
                        old,
                        self.layout.slot_word(frame, total),
                        AcqRel,
                        Acquire,
                    );
                }
            }
        }
    }
}
