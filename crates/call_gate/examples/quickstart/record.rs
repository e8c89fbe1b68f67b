//! A record of admissions, judged by the definition of the limits.
//!
//! It knows nothing of how a gate counts: it remembers each frame that something was booked in and
//! adds up what a window holds whenever it is asked.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

pub(crate) struct Record {
    gate_size: Duration,
    frame_step: Duration,
    gate_limit: u64,
    frame_limit: u64,
    /// What was admitted in the frame that starts so long after the Unix epoch.
    frames: BTreeMap<Duration, u64>,
}

/// What the check found, when it found nothing wrong.
pub(crate) struct Checked {
    pub(crate) admitted: u64,
    fullest_frame: u64,
    frame_limit: u64,
    fullest_window: u64,
    gate_limit: u64,
}

/// A limit that a request would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Frame,
    Gate,
}

impl Record {
    pub(crate) fn new(
        gate_size: Duration,
        frame_step: Duration,
        gate_limit: u64,
        frame_limit: u64,
    ) -> Self {
        Self {
            gate_size,
            frame_step,
            gate_limit,
            frame_limit,
            frames: BTreeMap::new(),
        }
    }

    /// The start of the frame that `time` is in: the multiple of the step at or before it.
    pub(crate) fn frame_of(&self, time: Duration) -> Duration {
        let beyond = time.as_nanos() % self.frame_step.as_nanos();
        time.saturating_sub(nanos(beyond))
    }

    /// Remembers an admitted value and the frame it was booked in.
    pub(crate) fn book(&mut self, frame: SystemTime, value: u64) -> Result<(), String> {
        let start = frame
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        if self.frame_of(start) != start {
            return Err(format!(
                "a frame starts at {start:?}, not on a multiple of {:?}",
                self.frame_step
            ));
        }
        *self.frames.entry(start).or_default() += value;
        Ok(())
    }

    /// Which limit one more call in the frame at `start` would break, if any.
    pub(crate) fn full(&self, start: Duration) -> Option<Full> {
        let first = (start + self.frame_step).saturating_sub(self.gate_size);
        if self
            .frames
            .get(&start)
            .is_some_and(|count| *count >= self.frame_limit)
        {
            Some(Full::Frame)
        } else if self.window(first) >= self.gate_limit {
            Some(Full::Gate)
        } else {
            None
        }
    }

    /// How many were admitted from the first booked frame on, in as many whole windows as there were, and how many the
    /// gate limit allows in those.
    pub(crate) fn used_of_allowed(&self) -> (u64, u64) {
        let mut booked = self.frames.iter().filter(|(_, count)| **count > 0);
        let Some((first, _)) = booked.next() else {
            return (0, 0);
        };
        let last = booked.next_back().map_or(first, |(last, _)| last);
        let span = last.saturating_sub(*first) + self.frame_step;
        let windows = span.as_nanos() / self.gate_size.as_nanos();
        let windows = u32::try_from(windows).unwrap_or(u32::MAX);
        let used = self.frames.range(*first..*first + self.gate_size * windows);
        (
            used.map(|(_, count)| count).sum(),
            self.gate_limit * u64::from(windows),
        )
    }

    /// Judges every frame and every aligned window.
    pub(crate) fn check(&self) -> Result<Checked, String> {
        let mut checked = Checked {
            admitted: self.frames.values().sum(),
            fullest_frame: 0,
            frame_limit: self.frame_limit,
            fullest_window: 0,
            gate_limit: self.gate_limit,
        };
        // A window that begins with an empty frame holds no more than one that begins later, so
        // those that begin with a booked frame are all that need judging.
        for (start, count) in &self.frames {
            let window = self.window(*start);
            if *count > self.frame_limit {
                return Err(format!(
                    "the frame at {start:?} admitted {count}, above its limit of {}",
                    self.frame_limit
                ));
            }
            if window > self.gate_limit {
                return Err(format!(
                    "the window from {start:?} admitted {window}, above its limit of {}",
                    self.gate_limit
                ));
            }
            checked.fullest_frame = checked.fullest_frame.max(*count);
            checked.fullest_window = checked.fullest_window.max(window);
        }
        Ok(checked)
    }

    /// What was admitted in the window whose first frame starts at `first`.
    fn window(&self, first: Duration) -> u64 {
        self.frames
            .range(first..first + self.gate_size)
            .map(|(_, count)| count)
            .sum()
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "limits kept, by definition: fullest frame {} of {}, fullest window {} of {}",
            self.fullest_frame, self.frame_limit, self.fullest_window, self.gate_limit
        )
    }
}

fn nanos(count: u128) -> Duration {
    u64::try_from(count).map_or(Duration::MAX, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record::new(Duration::from_secs(3), Duration::from_secs(1), 4, 2)
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn what_the_limits_allow_passes() {
        let mut record = record();
        for second in [10, 10, 11, 12, 13, 13] {
            record.book(at(second), 1).unwrap();
        }
        let checked = record.check().unwrap();
        assert_eq!(
            (
                checked.admitted,
                checked.fullest_frame,
                checked.fullest_window
            ),
            (6, 2, 4)
        );
    }

    #[test]
    fn a_frame_above_its_limit_is_found() {
        let mut record = record();
        for second in [10, 10, 10] {
            record.book(at(second), 1).unwrap();
        }
        assert!(
            record
                .check()
                .err()
                .unwrap()
                .contains("frame at 10s admitted 3")
        );
    }

    #[test]
    fn a_window_above_its_limit_is_found() {
        let mut record = record();
        for second in [10, 11, 11, 12, 12] {
            record.book(at(second), 1).unwrap();
        }
        assert!(
            record
                .check()
                .err()
                .unwrap()
                .contains("window from 10s admitted 5")
        );
    }

    #[test]
    fn a_frame_off_the_grid_is_found() {
        assert!(record().book(at(10) + Duration::from_millis(1), 1).is_err());
    }

    #[test]
    fn what_is_used_is_counted_in_whole_windows() {
        let mut record = record();
        assert_eq!(record.used_of_allowed(), (0, 0));
        record.book(at(2), 0).unwrap();
        for second in [10, 10, 12, 13, 15] {
            record.book(at(second), 1).unwrap();
        }
        // six seconds are two windows, and a seventh none
        assert_eq!(record.used_of_allowed(), (5, 8));
        record.book(at(16), 1).unwrap();
        assert_eq!(record.used_of_allowed(), (5, 8));
    }

    #[test]
    fn full_names_the_limit_that_the_next_call_would_break() {
        let mut record = record();
        for second in [10, 10, 11] {
            record.book(at(second), 1).unwrap();
        }
        assert_eq!(record.full(Duration::from_secs(10)), Some(Full::Frame));
        assert_eq!(record.full(Duration::from_secs(11)), None);
        record.book(at(11), 1).unwrap();
        assert_eq!(record.full(Duration::from_secs(12)), Some(Full::Gate));
        assert_eq!(record.full(Duration::from_secs(13)), None);
    }
}
