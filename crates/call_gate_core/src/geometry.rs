//! What a window looks like: its spans, checked once.

use crate::error::{ConfigError, ConfigErrorKind};
use alloc::vec::Vec;
use core::time::Duration;

/// Shortest frame.
pub const MIN_FRAME_STEP: Duration = Duration::from_micros(1);
/// Most frames in one window.
pub const MAX_FRAMES: u64 = 1 << 20;
/// Most spans of one window.
pub(crate) const MAX_SPANS: usize = 64;
/// Longest window: what signed 64-bit nanoseconds hold, 292 years.
pub const MAX_GATE_SIZE: Duration = Duration::from_nanos(i64::MAX as u64);

/// One sliding window over the counter: `frames` frames of `step`, on the step's own grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    step: u64,
    frames: u64,
}

impl Span {
    /// A window of `frames` frames, each `step` long.
    ///
    /// # Errors
    /// A step under 1 µs, no frames, more than [`MAX_FRAMES`] (one more is allowed, for strict windows), or a
    /// window over [`MAX_GATE_SIZE`].
    pub fn new(step: Duration, frames: u64) -> Result<Self, ConfigError> {
        if step < MIN_FRAME_STEP {
            let rule = "must be at least 1 µs";
            return Err(ConfigError::new(
                ConfigErrorKind::FrameStep,
                format_args!("frame_step of {step:?} {rule}"),
            ));
        }
        if frames == 0 || frames > MAX_FRAMES + 1 {
            return Err(ConfigError::new(
                ConfigErrorKind::Frames,
                format_args!("a window of {frames} frames must have 1 to {MAX_FRAMES}"),
            ));
        }
        let nanos = u64::try_from(step.as_nanos()).ok().filter(|nanos| {
            step <= MAX_GATE_SIZE
                && nanos.checked_mul(frames).is_some_and(|all| {
                    u128::from(all) <= MAX_GATE_SIZE.as_nanos() + step.as_nanos()
                })
        });
        match nanos {
            Some(step) => Ok(Self { step, frames }),
            None => Err(ConfigError::new(
                ConfigErrorKind::GateSize,
                format_args!(
                    "a window of {frames} frames of {step:?} must not be longer than {MAX_GATE_SIZE:?}"
                ),
            )),
        }
    }

    /// Length of one frame.
    #[must_use]
    pub fn step(&self) -> Duration {
        Duration::from_nanos(self.step)
    }

    /// How many frames it sums, the current one included.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }
}

/// Totals kept for one step; spans of the same step share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RingShape {
    pub(crate) ratio: u64,
    pub(crate) len: u64,
}

/// The spans of one window, and the grid they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Geometry {
    spans: Vec<Span>,
    base: u64,
    rings: Vec<RingShape>,
    ring_of: Vec<usize>,
}

impl Geometry {
    /// The geometry of `spans`.
    ///
    /// The base step is the greatest common divisor of their steps; each
    /// distinct step costs one ring of totals, 8 bytes a frame.
    ///
    /// # Errors
    /// No span at all, or more than 64.
    pub fn new(spans: &[Span]) -> Result<Self, ConfigError> {
        let base = spans.iter().fold(0, |base, span| gcd(base, span.step));
        if base == 0 || spans.len() > MAX_SPANS {
            let count = spans.len();
            return Err(ConfigError::new(
                ConfigErrorKind::Frames,
                format_args!("a window of {count} spans must have 1 to 64"),
            ));
        }
        let mut rings: Vec<RingShape> = Vec::new();
        let mut ring_of = Vec::new();
        for span in spans {
            let ratio = span.step / base;
            let known = rings
                .iter_mut()
                .enumerate()
                .find(|(_, ring)| ring.ratio == ratio);
            if let Some((index, ring)) = known {
                ring.len = ring.len.max(span.frames);
                ring_of.push(index);
            } else {
                ring_of.push(rings.len());
                rings.push(RingShape {
                    ratio,
                    len: span.frames,
                });
            }
        }
        if rings.iter().all(|ring| ring.ratio != 1) {
            // the total before the current base frame needs a place of its own
            rings.push(RingShape { ratio: 1, len: 1 });
        }
        Ok(Self {
            spans: spans.to_vec(),
            base,
            rings,
            ring_of,
        })
    }

    /// The geometry of a gate: its frame, and its window of `gate_size`, one frame longer when `strict`.
    ///
    /// # Errors
    /// A `gate_size` that is not a multiple of `frame_step`, holds fewer than
    /// two frames or more than [`MAX_FRAMES`], is longer than [`MAX_GATE_SIZE`],
    /// or a `frame_step` under 1 µs.
    pub(crate) fn of_gate(
        gate_size: Duration,
        frame_step: Duration,
        keep: Keep,
    ) -> Result<Self, ConfigError> {
        if frame_step < MIN_FRAME_STEP {
            return Err(ConfigError::new(
                ConfigErrorKind::FrameStep,
                format_args!("frame_step of {frame_step:?} must be at least 1 µs"),
            ));
        }
        if gate_size > MAX_GATE_SIZE {
            return Err(ConfigError::new(
                ConfigErrorKind::GateSize,
                format_args!(
                    "gate_size of {gate_size:?} must not be longer than {MAX_GATE_SIZE:?}"
                ),
            ));
        }
        let (size, step) = (gate_size.as_nanos(), frame_step.as_nanos());
        if size == 0 {
            return Err(ConfigError::new(
                ConfigErrorKind::GateSize,
                "gate_size of 0ns must be longer than that",
            ));
        }
        if size % step != 0 {
            return Err(ConfigError::new(
                ConfigErrorKind::GateSize,
                format_args!(
                    "gate_size of {gate_size:?} must be a multiple of frame_step, {frame_step:?}"
                ),
            ));
        }
        let frames = u64::try_from(size / step).unwrap_or(u64::MAX);
        if !(2..=MAX_FRAMES).contains(&frames) {
            return Err(ConfigError::new(
                ConfigErrorKind::Frames,
                format_args!(
                    "gate_size of {gate_size:?} in frames of {frame_step:?} must hold 2 to {MAX_FRAMES} frames, not {frames}"
                ),
            ));
        }
        let kept = match keep {
            Keep::Aligned => frames,
            Keep::Strict => frames + 1,
        };
        Self::new(&[Span::new(frame_step, 1)?, Span::new(frame_step, kept)?])
    }

    /// The spans, in the order they were given.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The greatest common divisor of the spans' steps.
    #[must_use]
    pub fn base_step(&self) -> Duration {
        Duration::from_nanos(self.base)
    }

    pub(crate) fn base_nanos(&self) -> u64 {
        self.base
    }

    pub(crate) fn longest_nanos(&self) -> u64 {
        self.spans
            .iter()
            .map(|span| span.step * span.frames)
            .max()
            .unwrap_or(self.base)
    }

    pub(crate) fn rings(&self) -> &[RingShape] {
        &self.rings
    }

    pub(crate) fn ring_of(&self) -> &[usize] {
        &self.ring_of
    }
}

/// Whether the gate's window keeps one frame more than `gate_size` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Aligned,
    Strict,
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
