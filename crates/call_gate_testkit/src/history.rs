//! A record of admissions, and the promise checked against it by definition.

use std::collections::BTreeMap;
use std::fmt;

#[cfg(test)]
mod tests;

/// One admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admission {
    /// When, in nanoseconds since the Unix epoch.
    pub time: u64,
    /// What it booked.
    pub value: u64,
}

/// Everything that was admitted, in any order.
#[derive(Clone, Debug)]
pub struct History {
    frame_step: u64,
    frames: u64,
    gate_limit: Option<u64>,
    frame_limit: Option<u64>,
    strict: bool,
    admissions: Vec<Admission>,
}

/// An interval that holds more than it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What kind of interval it is.
    pub kind: ViolationKind,
    /// Where it begins, in nanoseconds since the Unix epoch.
    pub from: u64,
    /// The first nanosecond after it.
    pub to: u64,
    /// What was admitted in it.
    pub held: u128,
    /// What it may hold.
    pub limit: u64,
}

/// The kinds of interval a limit is promised for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// One frame.
    Frame,
    /// The frames of one aligned window.
    Window,
    /// An interval of the window's length that begins anywhere.
    Interval,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            from,
            to,
            held,
            limit,
        } = self;
        let what = match kind {
            ViolationKind::Frame => "frame",
            ViolationKind::Window => "aligned window",
            ViolationKind::Interval => "interval",
        };
        write!(
            f,
            "the {what} from {from} ns to {to} ns holds {held}, its limit is {limit}"
        )
    }
}

impl std::error::Error for Violation {}

impl History {
    /// An empty record for a window of `frames` frames of `frame_step` nanoseconds.
    #[must_use]
    pub fn new(frame_step: u64, frames: u64) -> Self {
        Self {
            frame_step,
            frames,
            gate_limit: None,
            frame_limit: None,
            strict: false,
            admissions: Vec::new(),
        }
    }

    /// The same record held to these limits.
    #[must_use]
    pub fn with_limits(mut self, gate: Option<u64>, frame: Option<u64>) -> Self {
        self.gate_limit = gate;
        self.frame_limit = frame;
        self
    }

    /// The same record held to the gate limit in every interval of the window's length.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Adds one admission.
    pub fn record(&mut self, time: u64, value: u64) {
        self.admissions.push(Admission { time, value });
    }

    /// Adds many admissions.
    pub fn extend(&mut self, admissions: impl IntoIterator<Item = Admission>) {
        self.admissions.extend(admissions);
    }

    /// How many admissions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.admissions.len()
    }

    /// Whether nothing was admitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.admissions.is_empty()
    }

    /// What each frame admitted, by its number since the epoch.
    #[must_use]
    pub fn frames(&self) -> BTreeMap<u64, u128> {
        let mut frames = BTreeMap::new();
        for admission in &self.admissions {
            *frames.entry(admission.time / self.frame_step).or_insert(0) +=
                u128::from(admission.value);
        }
        frames
    }

    /// The most that any aligned window holds.
    #[must_use]
    pub fn fullest_window(&self) -> u128 {
        let frames = self.frames();
        frames
            .keys()
            .map(|&last| self.window(&frames, last).2)
            .max()
            .unwrap_or(0)
    }

    /// Judges every frame, every aligned window and, in strict mode, every interval of the window's length.
    ///
    /// # Errors
    ///
    /// The first interval that holds more than its limit.
    pub fn check(&self) -> Result<(), Violation> {
        let frames = self.frames();
        if let Some(limit) = self.frame_limit {
            for (&frame, &held) in &frames {
                if held > u128::from(limit) {
                    let from = frame * self.frame_step;
                    return Err(Violation {
                        kind: ViolationKind::Frame,
                        from,
                        to: from + self.frame_step,
                        held,
                        limit,
                    });
                }
            }
        }
        let Some(limit) = self.gate_limit else {
            return Ok(());
        };
        // A window whose last frame admitted nothing holds no more than the one that ends with its last admission.
        for &last in frames.keys() {
            let (first, end, held) = self.window(&frames, last);
            if held > u128::from(limit) {
                let (from, to) = (first * self.frame_step, end * self.frame_step);
                return Err(Violation {
                    kind: ViolationKind::Window,
                    from,
                    to,
                    held,
                    limit,
                });
            }
        }
        if self.strict {
            self.check_intervals(limit)
        } else {
            Ok(())
        }
    }

    fn window(&self, frames: &BTreeMap<u64, u128>, last: u64) -> (u64, u64, u128) {
        let end = last + 1;
        let first = end.saturating_sub(self.frames);
        (
            first,
            end,
            frames.range(first..end).map(|(_, held)| held).sum(),
        )
    }

    /// An interval is the fullest when it begins with an admission, so those that do are all there is to judge.
    fn check_intervals(&self, limit: u64) -> Result<(), Violation> {
        let size = self.frame_step * self.frames;
        let mut sorted = self.admissions.clone();
        sorted.sort_unstable();
        let mut end = 0;
        let mut held = 0_u128;
        for first in &sorted {
            let (from, to) = (first.time, first.time + size);
            while let Some(next) = sorted.get(end).filter(|next| next.time < to) {
                held += u128::from(next.value);
                end += 1;
            }
            if held > u128::from(limit) {
                return Err(Violation {
                    kind: ViolationKind::Interval,
                    from,
                    to,
                    held,
                    limit,
                });
            }
            held -= u128::from(first.value);
        }
        Ok(())
    }
}
