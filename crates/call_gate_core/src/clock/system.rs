//! The clocks of the machine: precise everywhere, and on Linux a cheaper one that is as exact.

use super::{Clock, Moment};
use std::time::SystemTime;

/// The machine's monotonic clock, set to the wall once, when a gate is made.
///
/// [`new`](Self::new) also uses the kernel's coarse clock where that pays:
/// on Linux, with frames of at least sixteen of its ticks. A coarse reading
/// is believed only when the frame ends later than the coarse clock can lag,
/// so the answers are those of the precise clock at a third of its price.
/// Suspending the machine stops it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemClock {
    precision: Precision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Precision {
    #[default]
    Hybrid,
    Precise,
}

impl SystemClock {
    /// The coarse clock where it pays and the precise one elsewhere.
    #[must_use]
    pub fn new() -> Self {
        Self {
            precision: Precision::Hybrid,
        }
    }

    /// The precise clock for every reading.
    #[must_use]
    pub fn precise() -> Self {
        Self {
            precision: Precision::Precise,
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        SystemTime::now().into()
    }

    fn as_system(&self) -> Option<SystemClock> {
        Some(*self)
    }
}

/// Nanoseconds of the machine's monotonic clock, which all processes read alike; `None`: this system has no such clock
/// here.
///
/// Gates whose words are shared count by it. On Linux it is of one boot and
/// one time namespace.
#[must_use]
pub fn monotonic() -> Option<u64> {
    raw::shared()
}

/// A system clock as one gate reads it: raw nanoseconds, and what makes them the wall's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    origin: raw::Origin,
    /// What turns a raw reading into nanoseconds since the Unix epoch.
    offset: u64,
    /// How far the coarse clock may lag; `None`: read the precise one.
    guard: Option<u64>,
}

impl Source {
    /// The clock for a gate with frames of `step` nanoseconds, set to the wall now.
    pub(crate) fn new(clock: SystemClock, step: u64) -> Self {
        let origin = raw::Origin::new();
        let wall = Moment::from(SystemTime::now()).as_nanos();
        let offset = wall.wrapping_sub(raw::precise(&origin));
        let guard = match clock.precision {
            Precision::Precise => None,
            // four ticks: a loaded machine was seen to lag two and a half
            Precision::Hybrid => raw::coarse_tick()
                .and_then(|tick| u64::try_from(tick.as_nanos()).ok()?.checked_mul(4))
                .filter(|guard| guard.checked_mul(4).is_some_and(|pays| pays <= step)),
        };
        Self {
            origin,
            offset,
            guard,
        }
    }

    /// Sets the clock to the wall as others do who share the gate.
    pub(crate) fn set_anchor(&mut self, offset: u64) {
        self.offset = offset;
    }

    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        raw::precise(&self.origin).wrapping_add(self.offset)
    }

    /// A cheap reading that is not later than now, and how much earlier it may be; the precise one costs no more here
    /// if that is 0.
    #[inline(always)]
    pub(crate) fn glimpse(&self) -> (u64, u64) {
        match self.guard {
            Some(guard) => (raw::coarse(&self.origin).wrapping_add(self.offset), guard),
            None => (self.now(), 0),
        }
    }
}

#[cfg(unix)]
mod raw {
    #[cfg(target_os = "linux")]
    use rustix::time::clock_getres;
    use rustix::time::{ClockId, Timespec, clock_gettime};
    use std::time::Duration;

    /// The kernel's clocks count from boot.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Origin;

    impl Origin {
        pub(super) fn new() -> Self {
            Self
        }
    }

    #[inline(always)]
    #[expect(
        clippy::cast_sign_loss,
        reason = "the monotonic clock is never negative"
    )]
    fn nanos(time: Timespec) -> u64 {
        (time.tv_sec as u64)
            .wrapping_mul(1_000_000_000)
            .wrapping_add(time.tv_nsec as u64)
    }

    #[inline(always)]
    pub(super) fn precise(_: &Origin) -> u64 {
        nanos(clock_gettime(ClockId::Monotonic))
    }

    #[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
    pub(super) fn shared() -> Option<u64> {
        Some(precise(&Origin))
    }

    /// The same timeline as of the last tick.
    #[cfg(target_os = "linux")]
    #[inline(always)]
    pub(super) fn coarse(_: &Origin) -> u64 {
        nanos(clock_gettime(ClockId::MonotonicCoarse))
    }

    #[cfg(target_os = "linux")]
    pub(super) fn coarse_tick() -> Option<Duration> {
        let tick = nanos(clock_getres(ClockId::MonotonicCoarse));
        (tick > 0).then(|| Duration::from_nanos(tick))
    }

    /// No coarse clock with a known lag here.
    #[cfg(not(target_os = "linux"))]
    #[inline(always)]
    pub(super) fn coarse(origin: &Origin) -> u64 {
        precise(origin)
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn coarse_tick() -> Option<Duration> {
        None
    }
}

#[cfg(not(unix))]
mod raw {
    use std::time::{Duration, Instant};

    #[derive(Debug, Clone, Copy)]
    pub(super) struct Origin(Instant);

    impl Origin {
        pub(super) fn new() -> Self {
            Self(Instant::now())
        }
    }

    #[inline(always)]
    pub(super) fn precise(origin: &Origin) -> u64 {
        let elapsed = origin.0.elapsed();
        elapsed
            .as_secs()
            .wrapping_mul(1_000_000_000)
            .wrapping_add(u64::from(elapsed.subsec_nanos()))
    }

    /// `Instant` does not tell what it counts from.
    pub(super) fn shared() -> Option<u64> {
        None
    }

    /// No coarse clock with a known lag here.
    #[inline(always)]
    pub(super) fn coarse(origin: &Origin) -> u64 {
        precise(origin)
    }

    pub(super) fn coarse_tick() -> Option<Duration> {
        None
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_glimpse_is_never_later_than_now_nor_earlier_than_its_guard() {
        let source = Source::new(SystemClock::new(), 1_000_000_000);
        for _ in 0..100_000 {
            let (early, guard) = source.glimpse();
            let now = source.now();
            assert!(early <= now, "{early} is later than {now}");
            // a preempted loop may read `now` much later; the glimpse must still be from before it
            let (_, again) = source.glimpse();
            assert_eq!(guard, again);
        }
    }

    #[test]
    fn short_frames_take_the_precise_clock() {
        assert!(Source::new(SystemClock::new(), 1_000_000).guard.is_none());
        assert!(
            Source::new(SystemClock::precise(), 1_000_000_000)
                .guard
                .is_none()
        );
    }
}
