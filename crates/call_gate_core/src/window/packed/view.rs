//! Reading: what the words say together, and whether they still do.

use super::super::layout::{FROZEN, Place, Ring};
use super::super::plan::Plan;
use super::super::register::{self, NONE};
use super::super::{Booking, Refusal, Ticket, Verdict, WindowError, first_fit};
use super::Packed;
use crate::sync::Ordering::Acquire;

/// The limits and the floor in force, as one version of one area.
#[derive(Debug, Clone, Copy)]
pub(super) struct Control {
    pub(super) area: usize,
    pub(super) version: u64,
    /// Frame of the last clear; windows that start in it or before it start at `floor_total` instead.
    pub(super) floor_tag: u64,
    pub(super) floor_total: u64,
    /// Version of the last clear, which is the floor's registers' own.
    pub(super) mark: u64,
}

/// A live head and what follows from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) control: Control,
    pub(super) tag: u64,
    pub(super) remaining: i64,
    pub(super) total: u64,
}

impl Packed<'_> {
    /// What the live head `word` says to `value`; `None`: it moved meanwhile.
    pub(super) fn judged(
        &self,
        plan: u64,
        word: u64,
        value: u64,
    ) -> Result<Option<Verdict>, WindowError> {
        self.consistent(plan, word, |view| self.verdict(view, value))
    }

    pub(super) fn verdict(&self, view: &View, value: u64) -> Option<Verdict> {
        let enough = u64::try_from(view.remaining).is_ok_and(|remaining| value <= remaining);
        if !enough && value > 0 {
            return self.refusal(view, value).map(Verdict::Refused);
        }
        let after = View {
            remaining: view.remaining.wrapping_sub_unsigned(value),
            total: self
                .layout
                .moved(view.total, 0i64.wrapping_add_unsigned(value)),
            ..*view
        };
        self.booking(&after).map(Verdict::Booked)
    }

    /// Start of the first frame in which no span holds anything that is counted now; 0 when none does already.
    pub(super) fn empty_at(&self, view: &View) -> Option<u64> {
        let mut empty = None;
        for place in self.layout.places() {
            if self.used(view, place)? == 0 {
                continue;
            }
            let current = place.ring.frame(view.tag);
            let ahead = self.first_ahead(view, place, |left| left == 0)?;
            empty = empty.max(Some(place.ring.first_tag(current + ahead)));
        }
        Some(empty.map_or(0, |tag| self.layout.start_to_come(tag)))
    }

    /// After how many more frames of `place` what is left of today's window satisfies `enough`; an empty one does.
    pub(super) fn first_ahead(
        &self,
        view: &View,
        place: Place,
        enough: impl Fn(u64) -> bool,
    ) -> Option<u64> {
        let next = place.ring.frame(view.tag) + 1;
        first_fit(place.frames, |ahead| {
            if ahead == place.frames {
                return Some(true);
            }
            let start = self.start_frame(
                &view.control,
                place.ring,
                (next + ahead).checked_sub(place.frames),
            )?;
            Some(enough(
                self.layout.difference(view.total, start).unsigned_abs(),
            ))
        })
    }

    /// Computes from the live head `word`, read after `plan`; `None`: the frame or the plan moved meanwhile.
    ///
    /// A slot tells its frame, and a frame's total is written once; so what was computed is what the window held when the
    /// head was `word`, if only the plan is still the same. Words that do not fit together although neither moved are
    /// damaged.
    pub(super) fn consistent<T>(
        &self,
        plan: u64,
        word: u64,
        compute: impl FnOnce(&View) -> Option<T>,
    ) -> Result<Option<T>, WindowError> {
        let tag = self.layout.tag(word);
        let view = self.view(Plan::unpack(plan), tag, self.layout.remaining(word));
        let computed = view.and_then(|view| compute(&view));
        // every slot and register was read with Acquire, so these loads come after them: no plan was carried out
        if self.plan_word().load(Acquire) != plan {
            return Ok(None);
        }
        if computed.is_some() {
            return Ok(computed);
        }
        // the frame is still live, so none of its slots was overwritten
        let now = self.head().load(Acquire);
        if now & FROZEN == 0
            && self.layout.tag(now) == tag
            && self.plan_word().load(Acquire) == plan
        {
            return Err(WindowError::Corrupt);
        }
        Ok(None)
    }

    pub(super) fn view(&self, plan: Plan, tag: u64, remaining: i64) -> Option<View> {
        let control = self.control(plan.area)?;
        let total = self.total(&control, tag, remaining)?;
        Some(View {
            control,
            tag,
            remaining,
            total,
        })
    }

    pub(super) fn booking(&self, view: &View) -> Option<Booking> {
        let mut places = self.layout.places();
        let frame = places.next()?;
        let gate = places.next().unwrap_or(frame);
        Some(Booking {
            ticket: Ticket {
                start: self.layout.start_of(view.tag),
                mark: view.control.mark,
            },
            used: [self.used(view, frame)?, self.used(view, gate)?],
            remaining: u64::try_from(view.remaining).unwrap_or(0),
        })
    }

    /// The first span, in their order, that has no room for `value`, and when all of them will have.
    pub(super) fn refusal(&self, view: &View, value: u64) -> Option<Refusal> {
        let mut first = None;
        let mut retry = view.tag + 1;
        for (index, place) in self.layout.places().enumerate() {
            let limit = self.limit_of(&view.control, index)?;
            let used = self.used(view, place)?;
            if limit == NONE || used.saturating_add(value) <= limit {
                continue;
            }
            if first.is_none() {
                first = Some((index, limit, used));
            }
            let current = place.ring.frame(view.tag);
            let fit = self.first_ahead(view, place, |left| left.saturating_add(value) <= limit)?;
            retry = retry.max(place.ring.first_tag(current + fit));
        }
        let (span, limit, used) = first?;
        Some(Refusal {
            span,
            limit,
            used,
            retry_at: self.layout.start_to_come(retry),
        })
    }

    pub(super) fn used(&self, view: &View, place: Place) -> Option<u64> {
        let start = self.window_start(&view.control, place, view.tag)?;
        Some(self.layout.difference(view.total, start).unsigned_abs())
    }

    /// The total that the head at `tag` with `remaining` stands for.
    pub(super) fn total(&self, control: &Control, tag: u64, remaining: i64) -> Option<u64> {
        let reference = self.start(control, self.layout.base_ring(), tag)?;
        let room = self.room(control, tag, reference)?;
        Some(self.layout.moved(reference, room - remaining))
    }

    /// What may still be booked in frame `tag` when `total` is booked so far; less than nothing is a debt.
    pub(super) fn room(&self, control: &Control, tag: u64, total: u64) -> Option<i64> {
        let mut room = i64::MAX;
        for (index, place) in self.layout.places().enumerate() {
            let limit = i64::try_from(self.limit_of(control, index)?).ok()?;
            let start = self.window_start(control, place, tag)?;
            room = room.min(limit - self.layout.difference(total, start));
        }
        Some(room)
    }

    /// The total before the first frame of the window of `place` at `tag`.
    pub(super) fn window_start(&self, control: &Control, place: Place, tag: u64) -> Option<u64> {
        self.start_frame(
            control,
            place.ring,
            (place.ring.frame(tag) + 1).checked_sub(place.frames),
        )
    }

    /// The total before the frame of `ring` that `tag` lies in.
    pub(super) fn start(&self, control: &Control, ring: Ring, tag: u64) -> Option<u64> {
        self.start_frame(control, ring, Some(ring.frame(tag)))
    }

    /// The total before `frame` of `ring`; the floor where that is later.
    pub(super) fn start_frame(
        &self,
        control: &Control,
        ring: Ring,
        frame: Option<u64>,
    ) -> Option<u64> {
        let Some(frame) = frame.filter(|frame| *frame > ring.frame(control.floor_tag)) else {
            return Some(control.floor_total);
        };
        let slot = self.word(ring.slot(frame)).load(Acquire);
        (self.layout.tag(slot) == frame).then(|| self.layout.slot_total(slot))
    }

    pub(super) fn control(&self, area: usize) -> Option<Control> {
        let spans = self.layout.spans();
        let version = register::version(self.register(area, 0));
        let (floor_tag, floor_total) = (self.register(area, spans), self.register(area, spans + 1));
        let mark = register::version(floor_tag);
        Some(Control {
            area,
            version,
            floor_tag: register::read(floor_tag, mark)?,
            floor_total: register::read(floor_total, mark)?,
            mark,
        })
    }

    /// The limit of span `index`; [`NONE`] where it has none, which is more than any sum.
    pub(super) fn limit_of(&self, control: &Control, index: usize) -> Option<u64> {
        register::read(self.register(control.area, index), control.version)
    }
}
