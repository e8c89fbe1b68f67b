//! The packed window: one word decides, the rest is helped along.
//!
//! # Why it is right
//!
//! **Admission** is one compare-and-swap of the head from `[tag][remaining]` to `[tag][remaining - value]`. The word is
//! the whole live state of the frame, so it does not matter whether it came back to a value that it had before. It may
//! be `Relaxed` for that: it publishes nothing but itself, and a read-modify-write continues the release sequence of
//! whoever published the frame. It is `Acquire` only so that the second look at the plan, which vouches for the reading
//! that goes with the booking, comes after it.
//!
//! **A roll** of frame `e` freezes the head (nothing is admitted to a frozen word, so what the frame used is one value),
//! agrees on one frame to roll to (`target`, so that helpers with different clocks record the same frames), writes the
//! total into the base slot of that frame, then into every slot passed, and publishes. A frame is frozen for a roll once,
//! so the frozen word never comes back; `target` and every slot are exchanged from older to newer frames only, so a late
//! helper's exchange fails; the base slot is filled first, so whoever finds it unfilled has read slots that nobody had
//! overwritten, and whoever finds it filled takes the total from it. Any helper may die at any line.
//!
//! **A change of limits, or a clear** (see `amend`) writes its arguments into the area that is not in force, in
//! registers that only newer versions overwrite, then holds the head under a stamp. A stamp is given out once, by an
//! exchange of the plan word, so a held word appears once and the exchange that ends it cannot hit another one. The plan
//! counts as carried out when the plan word says so; only then is the head published.
//!
//! **A refund** must know what the frame used, which limits and clears may change under it; so it holds the head for a
//! moment under an odd stamp. Whoever meets an odd stamp releases it; the refund then tries again.
//!
//! Stamps repeat after `2^(E-1)` of them, at least eight million: for a mix-up a thread would have to sleep inside
//! its few instructions of holding while a whole multiple of that many refunds or changes is made, and wake while the
//! head is held again, with the same remainder.
//!
//! Every loop here ends, because a failed exchange means that somebody else moved the window on; [`TRIES`] bounds them
//! all the same, for words that live in memory which others may damage.
// long file: the argument for all of it stands at its head

mod amend;
mod rest;
mod roll;
mod view;

pub(crate) use super::layout::RETIRED;
pub(crate) use rest::at_rest;

use super::layout::{HEAD, HOLDS, Layout, Place};
use super::plan::{Kind, Plan};
use super::register::NONE;
use super::{Booking, Judge, Refunded, Ticket, Verdict, WindowError};
use crate::sync::{AtomicU64, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use alloc::vec::Vec;
use view::View;

/// Attempts before an operation says that it is [`WindowError::Contended`].
const TRIES: u32 = 1 << 20;

/// The state machine over words that live elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed<'w> {
    words: &'w [AtomicU64],
    layout: &'w Layout,
}

impl<'w> Packed<'w> {
    pub(crate) fn new(words: &'w [AtomicU64], layout: &'w Layout) -> Self {
        Self { words, layout }
    }

    /// Books `value` at `now` in every span, or in none; says which plan and head word it was judged by.
    pub(crate) fn book(&self, now: u64, value: u64) -> Result<(Verdict, Judge), WindowError> {
        let goal = self.layout.tag_at(now)?;
        self.attempt(goal, |plan, word| {
            let Some(verdict) = self.judged(plan, word, value)? else {
                return Ok(None);
            };
            if matches!(verdict, Verdict::Booked(_)) && value > 0 {
                let tag = self.layout.tag(word);
                let remaining = self.layout.remaining(word).wrapping_sub_unsigned(value);
                let new = self.layout.live(tag, remaining);
                let booked = self.head().compare_exchange(word, new, Acquire, Relaxed);
                if booked.is_err() {
                    return Ok(None);
                }
            }
            Ok(Some((verdict, Judge { plan, word })))
        })
    }

    /// What [`book`](Self::book) would answer, without booking; and when nothing counted is left in any span.
    pub(crate) fn survey(&self, now: u64, value: u64) -> Result<(Verdict, u64), WindowError> {
        let goal = self.layout.tag_at(now)?;
        self.attempt(goal, |plan, word| {
            self.consistent(plan, word, |view| {
                Some((self.verdict(view, value)?, self.empty_at(view)?))
            })
        })
    }

    /// `booking`, made from a view under `plan`: unless limits changed or the window was cleared in that very moment,
    /// when what a look right after the booking shows is reported.
    pub(crate) fn confirmed(&self, plan: u64, booking: Booking) -> Booking {
        if self.plan_word().load(Acquire) == plan {
            return booking;
        }
        let goal = self.layout.tag_at(booking.ticket.start).unwrap_or(0);
        match self.attempt(goal, |plan, word| self.judged(plan, word, 0)) {
            Ok(Verdict::Booked(later)) => Booking {
                ticket: booking.ticket,
                ..later
            },
            _ => booking,
        }
    }

    /// Takes `value` back out of the frame at `now`, or out of the ticket's frame while that is the current one.
    pub(crate) fn refund(
        &self,
        now: u64,
        value: u64,
        ticket: Option<Ticket>,
    ) -> Result<Refunded, WindowError> {
        let goal = self.layout.tag_at(now)?;
        self.attempt(goal, |_, word| {
            let tag = self.layout.tag(word);
            if ticket.is_some_and(|ticket| ticket.start != self.layout.start_of(tag)) {
                return Ok(Some(Refunded::Expired));
            }
            let remaining = self.layout.remaining(word);
            let stamp = self.word(HOLDS).fetch_add(1, Relaxed) << 1 | 1;
            let held = self.layout.held(stamp, remaining);
            if held == RETIRED {
                // the next stamp is another
                return Ok(None);
            }
            let holding = self.head().compare_exchange(word, held, AcqRel, Acquire);
            if holding.is_err() {
                return Ok(None);
            }
            // while the head is held nothing is admitted, rolled or changed; the exchange that
            // releases it fails if somebody released it before, and then nothing read here counts
            let view = self.view(Plan::unpack(self.plan_word().load(Acquire)), tag, remaining);
            let used = view.and_then(|view| Some((view, self.used(&view, self.base_place())?)));
            let (new, outcome) = match used {
                None => (remaining, None),
                Some((view, _))
                    if ticket.is_some_and(|ticket| ticket.mark != view.control.mark) =>
                {
                    (remaining, Some(Refunded::Expired))
                }
                Some((_, used)) if value > used => {
                    (remaining, Some(Refunded::Underflow { booked: used }))
                }
                Some((view, _)) => {
                    let room = remaining.wrapping_add_unsigned(value);
                    let total = self
                        .layout
                        .moved(view.total, 0i64.wrapping_sub_unsigned(value));
                    let after = View {
                        remaining: room,
                        total,
                        ..view
                    };
                    (room, self.booking(&after).map(Refunded::Returned))
                }
            };
            let released = self.layout.live(tag, new);
            match self
                .head()
                .compare_exchange(held, released, AcqRel, Acquire)
            {
                // it was held all the while, so what was read fits together unless it is damaged
                Ok(_) => outcome.map(Some).ok_or(WindowError::Corrupt),
                Err(_) => Ok(None),
            }
        })
    }

    /// The values of the `frames` newest base frames at `now`, newest first, and the start of the newest.
    pub(crate) fn read(&self, now: u64, frames: u64) -> Result<(u64, Vec<u64>), WindowError> {
        let goal = self.layout.tag_at(now)?;
        self.attempt(goal, |plan, word| {
            self.consistent(plan, word, |view| {
                let mut values = Vec::with_capacity(usize::try_from(frames).unwrap_or(0));
                // oldest first: that slot is the next to be overwritten
                let mut below = None;
                for back in (0..frames).rev() {
                    let tag = view.tag.checked_sub(back);
                    // frames from before the window existed are empty
                    let Some(tag) = tag else {
                        values.push(0);
                        continue;
                    };
                    let ring = self.layout.base_ring();
                    let start = match below {
                        Some(start) => start,
                        None => self.start(&view.control, ring, tag)?,
                    };
                    let end = if back == 0 {
                        view.total
                    } else {
                        self.start(&view.control, ring, tag + 1)?
                    };
                    values.push(self.layout.difference(end, start).unsigned_abs());
                    below = Some(end);
                }
                values.reverse();
                Some((self.layout.start_of(view.tag), values))
            })
        })
    }

    /// The limit of each span, and what it holds at `now`.
    pub(crate) fn held(&self, now: u64) -> Result<Vec<(Option<u64>, u64)>, WindowError> {
        let goal = self.layout.tag_at(now)?;
        self.attempt(goal, |plan, word| {
            self.consistent(plan, word, |view| {
                let places = self.layout.places().enumerate();
                places
                    .map(|(index, place)| {
                        let limit = self.limit_of(&view.control, index)?;
                        Some((limited(limit), self.used(view, place)?))
                    })
                    .collect()
            })
        })
    }

    /// The limits of the first `N` spans; none where there is no such span.
    pub(crate) fn limits<const N: usize>(&self) -> Result<[Option<u64>; N], WindowError> {
        for _ in 0..TRIES {
            let plan = self.plan_word().load(Acquire);
            let area = Plan::unpack(plan).area;
            let limits = self.control(area).and_then(|control| {
                let mut limits = [None; N];
                for (limit, index) in limits.iter_mut().zip(0..self.layout.spans()) {
                    *limit = limited(self.limit_of(&control, index)?);
                }
                Some(limits)
            });
            let now = self.plan_word().load(Acquire);
            match limits {
                // an area in force is not written to, and the same plan word means that it was in force all the while
                Some(limits) if now == plan => return Ok(limits),
                None if now == plan => return Err(WindowError::Corrupt),
                _ => {}
            }
        }
        Err(WindowError::Contended)
    }

    /// Puts `limits` in force, all at once; what is counted stays counted.
    pub(crate) fn set_limits(&self, limits: &[Option<u64>]) -> Result<(), WindowError> {
        self.amend(Kind::Limits, |_, index| {
            limits.get(index).copied().flatten().unwrap_or(NONE)
        })
    }

    /// Puts `limit` in force for span `changed`, and leaves the others what they are at that moment.
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "for limiters"))]
    pub(crate) fn set_limit(&self, changed: usize, limit: u64) -> Result<(), WindowError> {
        self.amend(
            Kind::Limits,
            |old, index| {
                if index == changed { limit } else { old }
            },
        )
    }

    /// Forgets everything counted so far. Costs the same for any number of frames.
    pub(crate) fn clear(&self) -> Result<(), WindowError> {
        self.amend(Kind::Clear, |old, _| old)
    }

    /// Runs `operation` on live heads of `goal` or later until it gets through.
    fn attempt<T>(
        &self,
        goal: u64,
        mut operation: impl FnMut(u64, u64) -> Result<Option<T>, WindowError>,
    ) -> Result<T, WindowError> {
        let mut goal = goal;
        for _ in 0..TRIES {
            let (plan, word) = self.settle(goal)?;
            // what others have moved on to since is not ahead of time
            goal = self.layout.tag(word);
            if let Some(done) = operation(plan, word)? {
                return Ok(done);
            }
            spin();
        }
        Err(WindowError::Contended)
    }

    fn base_place(&self) -> Place {
        Place {
            ring: self.layout.base_ring(),
            frames: 1,
        }
    }

    fn plan_word(&self) -> &'w AtomicU64 {
        self.word(self.layout.plan())
    }

    fn head(&self) -> &'w AtomicU64 {
        self.word(HEAD)
    }

    fn register(&self, area: usize, index: usize) -> [&'w AtomicU64; 2] {
        let at = self.layout.register(area, index);
        [self.word(at), self.word(at + 1)]
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the layout sized the words, and every index comes from it"
    )]
    fn word(&self, index: usize) -> &'w AtomicU64 {
        &self.words[index]
    }
}

/// A register's limit.
fn limited(limit: u64) -> Option<u64> {
    (limit != NONE).then_some(limit)
}

fn spin() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    core::hint::spin_loop();
}
