//! What a gate holds, apart from any storage.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::Moment;
use crate::{Limits, StorageKind};

/// How far off its grid a stored frame start may lie and still mean the
/// nearest multiple: Python computes starts in floating point and stores
/// microseconds, and Windows keeps system times in units of 100 ns.
const GRID_TOLERANCE: u64 = 2_000;

/// Holds what a gate is and has counted, apart from any storage.
///
/// A gate gives one by `CallGate::snapshot`; a builder takes one by `restore`,
/// into any storage. A snapshot is a plain value: its setters accept anything,
/// and the builder judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    name: String,
    gate_size: Duration,
    frame_step: Duration,
    limits: Limits,
    timezone: Option<String>,
    storage: StorageKind,
    strict: bool,
    current_frame: Option<SystemTime>,
    frames: Vec<u64>,
}

impl Snapshot {
    /// Makes the snapshot of an unused gate without limits, not strict.
    #[must_use]
    pub fn new(name: impl Into<String>, gate_size: Duration, frame_step: Duration) -> Self {
        Self {
            name: name.into(),
            gate_size,
            frame_step,
            limits: Limits::none(),
            timezone: None,
            storage: StorageKind::Simple,
            strict: false,
            current_frame: None,
            frames: Vec::new(),
        }
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the time zone that times are shown and saved in; `None` is UTC.
    #[must_use]
    pub fn with_timezone(mut self, timezone: Option<String>) -> Self {
        self.timezone = timezone;
        self
    }

    /// Sets the kind of storage the counters lived in.
    #[must_use]
    pub fn with_storage(mut self, storage: StorageKind) -> Self {
        self.storage = storage;
        self
    }

    /// Makes it the snapshot of a strict gate, which holds one frame more.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Sets what was counted: the start of the newest frame, newest value first.
    ///
    /// Values that are missing at the old end count as zero.
    #[must_use]
    pub fn with_frames(mut self, current_frame: SystemTime, newest_first: Vec<u64>) -> Self {
        self.current_frame = Some(current_frame);
        self.frames = newest_first;
        self
    }

    /// Sets what was counted without saying when.
    ///
    /// A Python gate in shared memory leaves such a file when the process that
    /// saves it is not the one that called through it. Whoever restores it takes
    /// the newest value for the frame that is current then, as Python does.
    #[cfg(feature = "persist")]
    pub(crate) fn with_undated_frames(mut self, newest_first: Vec<u64>) -> Self {
        self.current_frame = None;
        self.frames = newest_first;
        self
    }

    /// The start of the newest frame in nanoseconds since the Unix epoch, and all values, newest first.
    pub(crate) fn newest(&self) -> Option<(u64, &[u64])> {
        let start = self.current_frame?;
        Some((Moment::from(start).as_nanos(), &self.frames))
    }

    /// The sum of all values, at most what 64 bits hold.
    pub(crate) fn counted(&self) -> u64 {
        self.frames
            .iter()
            .fold(0, |sum, value| sum.saturating_add(*value))
    }

    /// Returns the gate's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the length of the whole window.
    #[must_use]
    pub fn gate_size(&self) -> Duration {
        self.gate_size
    }

    /// Returns the length of one frame.
    #[must_use]
    pub fn frame_step(&self) -> Duration {
        self.frame_step
    }

    /// Returns the limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Returns the time zone that times are shown and saved in.
    #[must_use]
    pub fn timezone(&self) -> Option<&str> {
        self.timezone.as_deref()
    }

    /// Returns the kind of storage the counters lived in.
    #[must_use]
    pub fn storage(&self) -> StorageKind {
        self.storage
    }

    /// Tells whether the gate is strict.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Returns the values, newest first; empty when the gate is unused.
    #[must_use]
    pub fn frames(&self) -> &[u64] {
        &self.frames
    }

    /// Returns the start of the newest frame; `None` when it is not known.
    ///
    /// It is not known for an unused gate, and for a file that has counts but
    /// says `null` where their time belongs; such counts are restored as if
    /// they had been booked at the time of restoring.
    #[must_use]
    pub fn current_frame(&self) -> Option<SystemTime> {
        self.current_frame
    }
}

/// Returns the nanoseconds from the Unix epoch to `time`.
///
/// `None` before 1970 and once 64 bits do not hold it (in the year 2554).
pub(crate) fn since_epoch(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_nanos()).ok()
}

/// Returns the start of the frame that a stored start means, in nanoseconds.
///
/// That is the nearest multiple of `step` when it is within 2 µs, else the
/// multiple before it.
pub(crate) fn frame_start(stored: u64, step: u64) -> u64 {
    let Some(past) = stored.checked_rem(step) else {
        return stored;
    };
    let short = step - past;
    if short <= GRID_TOLERANCE && short < past {
        stored.checked_add(short).unwrap_or(stored - past)
    } else {
        stored - past
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_off_the_grid_by_rounding_means_the_nearest_multiple() {
        let step = 300_000_000;
        for (stored, start) in [
            (0, 0),
            (600_000_000, 600_000_000),
            (600_002_000, 600_000_000),
            (599_998_000, 600_000_000),
            (599_997_999, 300_000_000),
            (899_999_999, 900_000_000),
        ] {
            assert_eq!(frame_start(stored, step), start, "{stored}");
        }
    }

    #[test]
    fn tiny_steps_round_to_the_nearest_and_the_end_of_time_rounds_down() {
        assert_eq!(frame_start(1_400, 1_000), 1_000);
        assert_eq!(frame_start(1_500, 1_000), 1_000);
        assert_eq!(frame_start(1_501, 1_000), 2_000);
        assert_eq!(frame_start(u64::MAX - 1, u64::MAX - 5), u64::MAX - 5);
        let floored = frame_start(u64::MAX, 1_000_000_000);
        assert_eq!(floored % 1_000_000_000, 0);
        assert_eq!(frame_start(7, 0), 7);
    }

    #[test]
    fn times_outside_sixty_four_bits_of_nanoseconds_are_refused() {
        assert_eq!(since_epoch(UNIX_EPOCH), Some(0));
        assert_eq!(since_epoch(UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(since_epoch(UNIX_EPOCH + Duration::from_secs(1 << 35)), None);
    }
}
