//! What changes the list.

use super::{Change, Entry, Oracle, Slip, narrow};
use crate::outcome::Outcome;

impl Oracle {
    pub(super) fn book(&mut self, now: u64, value: u64) -> Outcome {
        if value == 0 {
            return Outcome::Admitted(self.reading(now));
        }
        if let Some(refused) = self.too_large(value) {
            return refused;
        }
        if let Some(denial) = self.refusal(now, value) {
            return Outcome::Denied(denial);
        }
        let time = self.time(now);
        self.note(time, Change::Booked(value));
        Outcome::Admitted(self.reading(now))
    }

    pub(super) fn give_back(&mut self, now: u64, slip: Slip, value: u64) -> Outcome {
        if value == 0 {
            return Outcome::Returned(0);
        }
        self.seeing(now, |gate| {
            let newest = gate.newest(now);
            let reachable = if gate.rules.credits {
                slip.frame >= gate.oldest(newest)
            } else {
                slip.frame == newest
            };
            if slip.era != gate.era || !reachable {
                return Outcome::Expired;
            }
            let booked = gate.total(slip.frame, slip.frame);
            if u128::from(value) > booked {
                return Outcome::Underflow {
                    requested: value,
                    booked: narrow(booked),
                };
            }
            let time = slip.frame * gate.rules.frame_step;
            gate.note(time, Change::TakenBack(value));
            Outcome::Returned(value)
        })
    }

    /// Lists what changes anything.
    pub(super) fn note(&mut self, time: u64, change: Change) {
        if !matches!(change, Change::Booked(0) | Change::TakenBack(0)) {
            self.list.push(Entry { time, change });
        }
    }
}
