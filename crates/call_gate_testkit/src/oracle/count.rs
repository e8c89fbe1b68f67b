//! Frames and sums, by walking the whole list.

use super::{Change, Oracle, Sees};

impl Oracle {
    /// Lists what each frame holds as one booking. What the gate answers stays the same.
    pub fn sum_up(&mut self, now: u64) {
        // where a look leaves no trace, the clock may come back to the newest frame seen
        let now = match self.rules.sees {
            Sees::Always => now,
            Sees::Changes => self.seen * self.rules.frame_step,
        };
        let held = self.held(now);
        let told = Some((held.frame_start, held.frames.as_slice()));
        // as of its newest frame, which may lie ahead of the clock
        if let Some(short) = Self::restored(self.rules.clone(), held.frame_start, told) {
            self.list = short.list;
        }
    }

    pub(super) fn frame_of(&self, time: u64) -> u64 {
        time / self.rules.frame_step
    }

    pub(super) fn newest(&self, now: u64) -> u64 {
        self.frame_of(now).max(self.seen)
    }

    pub(super) fn oldest(&self, newest: u64) -> u64 {
        (newest + 1).saturating_sub(self.rules.kept())
    }

    /// The time a booking is listed under: the clock's, or the start of the newest frame when the clock is behind it.
    pub(super) fn time(&self, now: u64) -> u64 {
        now.max(self.newest(now) * self.rules.frame_step)
    }

    pub(super) fn total(&self, first: u64, last: u64) -> u128 {
        let mut booked = 0_u128;
        let mut taken = 0_u128;
        for entry in &self.list {
            let frame = self.frame_of(entry.time);
            if first <= frame && frame <= last {
                match entry.change {
                    Change::Booked(value) => booked += u128::from(value),
                    Change::TakenBack(value) => taken += u128::from(value),
                }
            }
        }
        assert!(
            taken <= booked,
            "the oracle took back more than was booked in frames {first} to {last}"
        );
        booked - taken
    }

    pub(super) fn sum(&self, newest: u64) -> u128 {
        self.total(self.oldest(newest), newest)
    }
}
