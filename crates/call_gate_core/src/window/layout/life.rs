//! How long a window can count.

/// How long a window must be able to count, before its tags run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    /// By a clock that runs with real time.
    TwentyYears,
    /// To the end of 64-bit nanoseconds, where a clock may jump.
    Endless,
}

const TWENTY_YEARS_NANOS: u64 = 20 * 366 * 24 * 3600 * 1_000_000_000;

impl Life {
    /// Nanoseconds to be counted from `now`.
    pub(super) fn nanos(self, now: u64) -> u64 {
        match self {
            Self::TwentyYears => TWENTY_YEARS_NANOS,
            Self::Endless => u64::MAX - now,
        }
    }
}
