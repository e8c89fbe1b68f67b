//! What a gate is judged by.

/// The limits of a gate; `None` does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// The most the whole window may hold.
    pub gate: Option<u64>,
    /// The most one frame may hold.
    pub frame: Option<u64>,
}

impl Caps {
    /// Whether a gate may be given these limits at all.
    #[must_use]
    pub fn are_legal(self, ceiling: Option<u64>) -> bool {
        let zero = self.gate == Some(0) || self.frame == Some(0);
        let crossed = matches!((self.frame, self.gate), (Some(frame), Some(gate)) if frame > gate);
        let high = ceiling.is_some_and(|top| self.gate > Some(top) || self.frame > Some(top));
        !zero && !crossed && !high
    }
}

/// What makes a gate see the time, so that a clock which then steps back finds it where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sees {
    /// Being made, and everything that is asked of it and depends on the time.
    #[default]
    Always,
    /// What changes its counts, and nothing else: a look leaves no trace.
    ///
    /// Such a gate holds nothing while the clock is more than a window behind the newest frame it has seen, for nobody
    /// could wait for that. Whatever is booked then begins a new era, and what was counted before is gone; if the clock
    /// comes back first, it counts again.
    Changes,
}

/// What a gate is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The length of one frame in nanoseconds.
    pub frame_step: u64,
    /// How many frames `gate_size` holds.
    pub frames: u64,
    /// Whether one frame more counts, so that no interval of `gate_size` at all breaks the gate limit.
    pub strict: bool,
    /// Whether a pass gives back to a frame that has closed.
    pub credits: bool,
    /// The limits at the start.
    pub caps: Caps,
    /// The largest limit that may be set live.
    pub ceiling: Option<u64>,
    /// Where sums end that nothing limits, and the largest limit there can be.
    pub most: u64,
    /// What makes it see the time.
    pub sees: Sees,
}

impl Rules {
    /// How many frames count against the gate limit.
    #[must_use]
    pub fn kept(&self) -> u64 {
        if self.strict {
            self.frames + 1
        } else {
            self.frames
        }
    }
}
