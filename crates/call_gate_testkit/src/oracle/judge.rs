//! Verdicts, one question at a time.

use super::{Caps, Oracle, narrow};
use crate::outcome::{Decision, Denial, Outcome, Reading, Rule};

impl Oracle {
    /// The limit of a rule and what counts against it when `newest` is the current frame. What is not limited ends
    /// where a sum can no longer be told.
    pub(super) fn standing(&self, rule: Rule, newest: u64) -> (u64, u128) {
        match rule {
            Rule::Frame => (
                self.rules.caps.frame.unwrap_or(self.rules.most),
                self.total(newest, newest),
            ),
            _ => (
                self.rules.caps.gate.unwrap_or(self.rules.most),
                self.sum(newest),
            ),
        }
    }

    pub(super) fn too_large(&self, value: u64) -> Option<Outcome> {
        let Caps { gate, frame } = self.rules.caps;
        let over = |rule, limit: Option<u64>| {
            let limit = limit.filter(|&limit| value > limit)?;
            Some(Outcome::TooLarge {
                rule,
                limit,
                requested: value,
            })
        };
        over(Rule::Frame, frame).or_else(|| over(Rule::Gate, gate.or(Some(self.rules.most))))
    }

    pub(super) fn fits(&self, rule: Rule, newest: u64, value: u64) -> bool {
        let (limit, used) = self.standing(rule, newest);
        used + u128::from(value) <= u128::from(limit)
    }

    pub(super) fn refusal(&self, now: u64, value: u64) -> Option<Denial> {
        let newest = self.newest(now);
        let frame_is_full =
            self.rules.caps.frame.is_some() && !self.fits(Rule::Frame, newest, value);
        if frame_is_full {
            return Some(self.denial(now, Rule::Frame, value));
        }
        (!self.fits(Rule::Gate, newest, value)).then(|| self.denial(now, Rule::Gate, value))
    }

    pub(super) fn denial(&self, now: u64, rule: Rule, requested: u64) -> Denial {
        let (limit, used) = self.standing(rule, self.newest(now));
        Denial {
            rule,
            limit,
            used: narrow(used),
            requested,
            retry_after: self.retry_after(now, requested),
        }
    }

    /// Tries the start of every frame to come until the request would be admitted there.
    pub(super) fn retry_after(&self, now: u64, value: u64) -> u64 {
        let mut frame = self.newest(now) + 1;
        while !(self.fits(Rule::Frame, frame, value) && self.fits(Rule::Gate, frame, value)) {
            frame += 1;
            assert!(
                frame <= self.newest(now) + self.rules.kept(),
                "an empty window refuses {value}"
            );
        }
        frame * self.rules.frame_step - now
    }

    pub(super) fn remaining(&self, newest: u64) -> u64 {
        let room = |rule| {
            let (limit, used) = self.standing(rule, newest);
            u128::from(limit).saturating_sub(used)
        };
        narrow(room(Rule::Frame).min(room(Rule::Gate)))
    }

    pub(super) fn reading(&self, now: u64) -> Reading {
        let newest = self.newest(now);
        Reading {
            sum: narrow(self.sum(newest)),
            frame_start: newest * self.rules.frame_step,
            frame_value: narrow(self.total(newest, newest)),
            remaining: self.remaining(newest),
        }
    }

    pub(super) fn decision(&self, now: u64, refusal: Option<&Denial>) -> Decision {
        let newest = self.newest(now);
        // what is not limited is told as the largest number, wherever sums end
        let Caps { gate, frame } = self.rules.caps;
        let (gate, told) = (gate.unwrap_or(u64::MAX), frame.unwrap_or(u64::MAX));
        let room = |limit: u64, used: u128| u128::from(limit).saturating_sub(used);
        let frame_is_tighter = frame.is_some()
            && room(told, self.total(newest, newest)) <= room(gate, self.sum(newest));
        let tightest = if frame_is_tighter { told } else { gate };
        Decision {
            allowed: refusal.is_none(),
            limit: refusal.map_or(tightest, |denial| denial.limit),
            remaining: self.remaining(newest),
            retry_after: refusal.map_or(0, |denial| denial.retry_after),
            reset_after: self.reset_after(now),
        }
    }

    pub(super) fn reset_after(&self, now: u64) -> u64 {
        let newest = self.newest(now);
        let last_used = (self.oldest(newest)..=newest)
            .rev()
            .find(|&frame| self.total(frame, frame) > 0);
        last_used.map_or(0, |frame| {
            (frame + self.rules.kept()) * self.rules.frame_step - now
        })
    }
}
