//! Changes of limits, and clears.
//!
//! 1. Claim: the plan word goes from idle, or from somebody's unfinished writing, to writing. The head is not held then,
//!    so the last plan is published and the area that it left is free.
//! 2. Write the arguments into that area, in registers of the claim's version.
//! 3. Ready: from here on the plan will be carried out, by whoever comes, and nobody can overtake it.
//! 4. Stamp: the plan word gives out a number that nobody else gets, and the head is held under it. A stamp of this plan
//!    makes the hold the plan's own; a stamp of an earlier one (its thread slept) only has to be let go.
//! 5. Complete: what only the held head knows is written into the area, the same by everyone.
//! 6. Done: the plan word turns idle, puts the area in force, and remembers the stamp.
//! 7. Publish: whoever sees the head held under that stamp sets it to what remains under the new limits.

use super::super::WindowError;
use super::super::layout::{FROZEN, HELD, RETIRED, TARGET};
use super::super::plan::{Kind, Plan, Stage};
use super::super::register;
use super::{Packed, TRIES};
use crate::sync::Ordering::{AcqRel, Acquire};

impl Packed<'_> {
    /// Carries out a plan: new limits from `limit`, of the old limit and the span's index, and a clear if it is one.
    pub(super) fn amend(
        &self,
        kind: Kind,
        limit: impl Fn(u64, usize) -> u64,
    ) -> Result<(), WindowError> {
        for _ in 0..TRIES {
            let word = self.plan_word().load(Acquire);
            let plan = Plan::unpack(word);
            if plan.stage == Stage::Ready {
                self.advance()?;
                continue;
            }
            let head = self.head().load(Acquire);
            if head == RETIRED {
                return Err(WindowError::Retired);
            }
            if head & (FROZEN | HELD) == FROZEN | HELD {
                // the last plan may not be published yet, and its arguments are still needed until it is
                self.release(head)?;
                continue;
            }
            let claimed = plan.claimed(kind).ok_or(WindowError::Exhausted)?;
            if self
                .plan_word()
                .compare_exchange(word, claimed.pack(), AcqRel, Acquire)
                .is_err()
            {
                continue;
            }
            if self.write_arguments(claimed, &limit).is_none() {
                continue;
            }
            let ready = claimed.ready();
            if self
                .plan_word()
                .compare_exchange(claimed.pack(), ready.pack(), AcqRel, Acquire)
                .is_err()
            {
                continue;
            }
            return self.carry_out(ready);
        }
        Err(WindowError::Contended)
    }

    /// Writes limits for `plan`, and the floor unless it is yet to be found; `None`: overtaken.
    pub(super) fn write_arguments(
        &self,
        plan: Plan,
        limit: &impl Fn(u64, usize) -> u64,
    ) -> Option<()> {
        let old = self.control(plan.area)?;
        let spans = self.layout.spans();
        let write = |index, version, value| {
            register::write(self.register(1 - plan.area, index), version, value).ok()
        };
        for index in 0..spans {
            write(index, plan.count, limit(self.limit_of(&old, index)?, index))?;
        }
        if plan.kind == Kind::Limits {
            // the last clear's floor, under its own version
            write(spans, old.mark, old.floor_tag)?;
            write(spans + 1, old.mark, old.floor_total)?;
        }
        Some(())
    }

    /// Helps until the ready plan is carried out and the head shows it.
    pub(super) fn carry_out(&self, ready: Plan) -> Result<(), WindowError> {
        for _ in 0..TRIES {
            let plan = Plan::unpack(self.plan_word().load(Acquire));
            if plan.stage == Stage::Ready && plan.version() == ready.version() {
                self.advance()?;
                continue;
            }
            let head = self.head().load(Acquire);
            if head == RETIRED {
                return Err(WindowError::Retired);
            }
            if head & (FROZEN | HELD) == FROZEN | HELD {
                self.release(head)?;
            }
            return Ok(());
        }
        Err(WindowError::Contended)
    }

    /// One step towards carrying out the ready plan: holds the head, or finishes what froze it.
    pub(super) fn advance(&self) -> Result<(), WindowError> {
        // the head is read before the plan: the stamp then belongs to a plan that was ready in the head's own frame
        let live = self.head().load(Acquire);
        if live == RETIRED {
            return Err(WindowError::Retired);
        }
        if live & FROZEN != 0 {
            return self.help(live, self.layout.tag(live) + 1);
        }
        let word = self.plan_word().load(Acquire);
        let plan = Plan::unpack(word);
        let Some(stamped) = plan.stamped().filter(|_| plan.stage == Stage::Ready) else {
            return Ok(());
        };
        if self
            .plan_word()
            .compare_exchange(word, stamped.pack(), AcqRel, Acquire)
            .is_ok()
        {
            let held = self
                .layout
                .held(stamped.stamp(), self.layout.remaining(live));
            if self
                .head()
                .compare_exchange(live, held, AcqRel, Acquire)
                .is_ok()
            {
                return self.release(held);
            }
        }
        Ok(())
    }

    /// Ends the hold of the head `held`: carries out and publishes its plan, or lets go where there is none.
    pub(super) fn release(&self, held: u64) -> Result<(), WindowError> {
        let stamp = self.layout.tag(held);
        let remaining = self.layout.remaining(held);
        for _ in 0..TRIES {
            let word = self.plan_word().load(Acquire);
            let plan = Plan::unpack(word);
            // no roll runs under a held head, so the last roll's target is the frame that it was held in
            let tag = self.layout.tag(self.word(TARGET).load(Acquire));
            let distance = plan.distance(stamp, self.layout.tag_mask());
            let ours = stamp & 1 == 0;
            let new = match plan.stage {
                Stage::Ready if ours && distance < plan.marks => {
                    if self.execute(plan, tag, remaining).is_some() {
                        let done = plan.done(distance);
                        // losing means one more stamp, or that another helper was faster
                        let _ =
                            self.plan_word()
                                .compare_exchange(word, done.pack(), AcqRel, Acquire);
                    } else if self.head().load(Acquire) != held {
                        return Ok(());
                    }
                    continue;
                }
                Stage::Idle if ours && distance == plan.marks => self.amended(plan, tag, remaining),
                _ => Some(remaining),
            };
            if let Some(new) = new {
                // losing means that another helper let go first
                let _ =
                    self.head()
                        .compare_exchange(held, self.layout.live(tag, new), AcqRel, Acquire);
                return Ok(());
            }
            if self.head().load(Acquire) != held {
                return Ok(());
            }
        }
        Err(WindowError::Corrupt)
    }

    /// Completes the arguments of `plan` with what only the held head knows: for a clear, where it stands.
    pub(super) fn execute(&self, plan: Plan, tag: u64, remaining: i64) -> Option<()> {
        if plan.kind == Kind::Limits {
            return Some(());
        }
        let old = self.control(plan.area)?;
        let total = self.total(&old, tag, remaining)?;
        let spans = self.layout.spans();
        let write = |index, value| {
            register::write(self.register(1 - plan.area, index), plan.version(), value).ok()
        };
        write(spans, tag)?;
        write(spans + 1, total)
    }

    /// What remains under the plan just carried out.
    pub(super) fn amended(&self, plan: Plan, tag: u64, remaining: i64) -> Option<i64> {
        let (old, new) = (self.control(1 - plan.area)?, self.control(plan.area)?);
        let total = self.total(&old, tag, remaining)?;
        self.room(&new, tag, total)
    }
}
