//! Notes that save the fast path from reading slots: what the current frame started from, and the last refusal.
//!
//! They belong to one process and are never trusted for admission. Each is a sequence lock: a reader that meets a
//! writer takes the slow path instead of waiting, and a writer that meets another leaves its note out.

use super::{Booking, Judge, Refusal};
use crate::sync::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, fence};

#[derive(Debug)]
pub(crate) struct Glance {
    frame: Note<5>,
    refusal: Note<7>,
}

impl Glance {
    pub(crate) fn new() -> Self {
        Self {
            frame: Note::new(),
            refusal: Note::new(),
        }
    }

    /// For the frame `tag` under `plan`: what each span holds plus what remains, constant in a frame; and the mark.
    #[inline(always)]
    pub(crate) fn frame(&self, plan: u64, tag: u64) -> Option<([u64; 2], u64)> {
        let [noted_plan, noted_tag, first, second, mark] = self.frame.read()?;
        let known = noted_plan == plan && noted_tag == tag;
        known.then_some(([first, second], mark))
    }

    pub(crate) fn note_frame(&self, plan: u64, tag: u64, booking: &Booking) {
        let [first, second] = booking
            .used
            .map(|used| used.wrapping_add(booking.remaining));
        self.frame
            .write([plan, tag, first, second, booking.ticket.mark]);
    }

    /// The refusal of `value` by the head `word` under `plan`.
    #[inline(always)]
    pub(crate) fn refusal(&self, plan: u64, word: u64, value: u64) -> Option<Refusal> {
        let [
            noted_plan,
            noted_word,
            noted_value,
            span,
            limit,
            used,
            retry_at,
        ] = self.refusal.read()?;
        if noted_plan != plan || noted_word != word || noted_value != value {
            return None;
        }
        Some(Refusal {
            span: usize::try_from(span).ok()?,
            limit,
            used,
            retry_at,
        })
    }

    pub(crate) fn note_refusal(&self, judge: Judge, value: u64, refusal: Refusal) {
        let Refusal {
            span,
            limit,
            used,
            retry_at,
        } = refusal;
        self.refusal.write([
            judge.plan,
            judge.word,
            value,
            span as u64,
            limit,
            used,
            retry_at,
        ]);
    }
}

/// `N` words that are read together or not at all; the sequence is 0 before the first note, and odd while one is
/// written.
#[derive(Debug)]
pub(crate) struct Note<const N: usize> {
    sequence: AtomicU64,
    words: [AtomicU64; N],
}

impl<const N: usize> Note<N> {
    pub(crate) fn new() -> Self {
        Self {
            sequence: AtomicU64::new(0),
            words: core::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    #[inline(always)]
    pub(crate) fn read(&self) -> Option<[u64; N]> {
        // Acquire pairs with the writer's last Release: an even sequence comes with the words written under it
        let before = self.sequence.load(Acquire);
        let mut read = [0; N];
        for (value, word) in read.iter_mut().zip(&self.words) {
            *value = word.load(Relaxed);
        }
        // pairs with the writer's fence: a word of a newer note comes with that note's odd sequence
        fence(Acquire);
        let unchanged = self.sequence.load(Relaxed) == before;
        (before != 0 && before & 1 == 0 && unchanged).then_some(read)
    }

    pub(crate) fn write(&self, values: [u64; N]) {
        let sequence = self.sequence.load(Relaxed);
        let next = sequence.wrapping_add(1);
        if sequence & 1 == 1
            || self
                .sequence
                .compare_exchange(sequence, next, Acquire, Relaxed)
                .is_err()
        {
            return;
        }
        fence(Release);
        for (value, word) in values.into_iter().zip(&self.words) {
            word.store(value, Relaxed);
        }
        self.sequence.store(sequence.wrapping_add(2), Release);
    }
}
