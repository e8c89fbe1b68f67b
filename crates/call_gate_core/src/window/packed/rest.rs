//! The words of a window that nobody uses yet.

use super::super::layout::{HEAD, Layout, TARGET};
use super::super::register::{self, NONE};
use alloc::vec::Vec;

/// The words of a window at rest: at frame `tag`, with `values` booked in its newest frames, newest first.
pub(crate) fn at_rest(
    layout: &Layout,
    limits: &[Option<u64>],
    tag: u64,
    values: &[u64],
) -> Vec<u64> {
    let mut words = alloc::vec![0; layout.words()];
    let mut set = |index: usize, value: u64| {
        if let Some(word) = words.get_mut(index) {
            *word = value;
        }
    };
    let oldest = (tag + 1).saturating_sub(values.len() as u64);
    let total: u64 = values.iter().fold(0, |sum, value| sum.wrapping_add(*value));
    for ring in layout.rings() {
        let last = ring.frame(tag);
        let (mut before, mut next) = (0u64, oldest);
        for frame in (last + 1).saturating_sub(ring.len())..=last {
            while next < ring.first_tag(frame) && next <= tag {
                let back = usize::try_from(tag - next).unwrap_or(usize::MAX);
                before = before.wrapping_add(values.get(back).copied().unwrap_or(0));
                next += 1;
            }
            set(
                ring.slot(frame),
                layout.slot_word(frame, layout.moved(before, 0)),
            );
        }
    }
    for (index, limit) in limits.iter().enumerate() {
        let at = layout.register(0, index);
        let [high, low] = register::initial(0, limit.unwrap_or(NONE));
        set(at, high);
        set(at + 1, low);
    }
    set(TARGET, tag);
    let room = layout.places().zip(limits).filter_map(|(place, limit)| {
        let first = (place.ring.frame(tag) + 1).saturating_sub(place.frames);
        let covered = (tag + 1).saturating_sub(place.ring.first_tag(first));
        let covered = usize::try_from(covered).unwrap_or(usize::MAX);
        let used: u64 = values
            .iter()
            .take(covered)
            .fold(0, |sum, value| sum.wrapping_add(*value));
        Some(i64::try_from((*limit)?).ok()? - i64::try_from(used).ok()?)
    });
    debug_assert!(
        total <= layout.largest(),
        "checked before the window was placed"
    );
    set(HEAD, layout.live(tag, room.min().unwrap_or(0)));
    words
}
