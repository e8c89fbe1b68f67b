//! How finely a window is counted, where nobody says.

use call_gate_core::{ConfigError, ConfigErrorKind};
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// How many frames a window may have that no usual step divides.
const FRAMES: std::ops::RangeInclusive<u64> = 10..=1_000;

/// The step for a window of `length`: as the table of [`RateLimiterBuilder::limit`](crate::RateLimiterBuilder::limit) says.
pub(crate) fn of(length: Duration) -> Result<Duration, ConfigError> {
    let usual = match length.as_secs() {
        0 => length / 10,
        1..MINUTE => Duration::from_millis(100),
        MINUTE..HOUR => Duration::from_secs(1),
        HOUR..DAY => Duration::from_secs(MINUTE),
        seconds if seconds < 30 * DAY => Duration::from_secs(HOUR / 2),
        _ => Duration::from_secs(DAY / 2),
    };
    let nanos = length.as_nanos();
    let refused = nanos == 0 || nanos > u128::from(u64::MAX);
    if refused || (!usual.is_zero() && nanos.is_multiple_of(usual.as_nanos())) {
        // an empty window is the builder's to refuse, and one of centuries
        return Ok(usual);
    }
    let frames = FRAMES
        .into_iter()
        .find(|frames| nanos.is_multiple_of(u128::from(*frames)));
    let step = frames.and_then(|frames| u64::try_from(nanos / u128::from(frames)).ok());
    step.map(Duration::from_nanos).ok_or_else(|| {
        ConfigError::new(
            ConfigErrorKind::FrameStep,
            format_args!(
                "a window of {length:?} must be a multiple of a step, and none of {} to {} frames is: say one with \
                 `limit_in_steps`",
                FRAMES.start(),
                FRAMES.end()
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_windows_have_usual_steps() {
        for (seconds, step) in [
            (1, Duration::from_millis(100)),
            (59, Duration::from_millis(100)),
            (60, Duration::from_secs(1)),
            (600, Duration::from_secs(1)),
            (3_600, Duration::from_secs(60)),
            (86_400, Duration::from_secs(1_800)),
            (29 * 86_400, Duration::from_secs(1_800)),
            (30 * 86_400, Duration::from_secs(43_200)),
        ] {
            assert_eq!(
                of(Duration::from_secs(seconds)).unwrap(),
                step,
                "{seconds} s"
            );
        }
        assert_eq!(
            of(Duration::from_millis(50)).unwrap(),
            Duration::from_millis(5)
        );
    }

    #[test]
    fn other_windows_have_as_few_frames_as_divide_them() {
        // 1.25 s is not a multiple of 100 ms
        let length = Duration::from_millis(1_250);
        assert_eq!(of(length).unwrap(), length / 10);
        // a prime number of nanoseconds
        let error = of(Duration::from_nanos(1_000_000_007)).unwrap_err();
        assert_eq!(error.kind(), ConfigErrorKind::FrameStep);
        assert!(error.to_string().contains("1.000000007s"), "{error}");
    }
}
