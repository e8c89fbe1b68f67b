//! The time of many windows that share frames.

use super::{Clock, Moment, Source, SystemClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The time of a group of windows on one grid of frames: it never goes back, and where the machine's coarse clock says
/// enough, it costs no more than that.
///
/// Once any of them has seen a frame, all of them are in it or in a later one.
#[derive(Debug)]
pub struct GroupClock {
    clock: Reads,
    step: u64,
    /// Start of the newest frame that a precise reading was in.
    frame: AtomicU64,
}

#[derive(Debug)]
enum Reads {
    System(Source),
    Custom(Arc<dyn Clock>),
}

/// A reading of a group's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a time, and the frame it is in")]
pub struct Present {
    /// The clock's reading; the coarse one may lag by some milliseconds, and both may be behind the frame.
    pub now: Moment,
    /// Start of the group's current frame.
    pub frame: Moment,
}

impl GroupClock {
    /// The time by `clock`, or else by the machine's, of windows with frames of `frame_step`.
    #[must_use]
    pub fn new(clock: Option<Arc<dyn Clock>>, frame_step: Duration) -> Self {
        let step = u64::try_from(frame_step.as_nanos())
            .unwrap_or(u64::MAX)
            .max(1);
        let system = |clock| Reads::System(Source::new(clock, step));
        let clock = match clock {
            None => system(SystemClock::new()),
            Some(clock) => match clock.as_system() {
                Some(clock) => system(clock),
                None => Reads::Custom(clock),
            },
        };
        Self {
            clock,
            step,
            frame: AtomicU64::new(0),
        }
    }

    /// The time, and the frame that the group is in.
    #[inline]
    pub fn present(&self) -> Present {
        // any value of it is the start of a frame that has begun; an older one only costs a precise reading
        let frame = self.frame.load(Relaxed);
        let (now, guard) = match &self.clock {
            Reads::System(source) => source.glimpse(),
            Reads::Custom(clock) => (clock.now().as_nanos(), 0),
        };
        // the present is at most `guard` later than the reading, and not before a frame that a precise one was in
        if now.wrapping_add(guard).wrapping_sub(frame) < self.step {
            return present(now, frame);
        }
        self.look(now, guard)
    }

    /// The precise time, and the frame that the group is in.
    #[cold]
    fn look(&self, now: u64, guard: u64) -> Present {
        let now = match &self.clock {
            Reads::System(source) if guard > 0 => source.now(),
            _ => now,
        };
        let begun = now - now % self.step;
        present(now, self.frame.fetch_max(begun, Relaxed).max(begun))
    }
}

fn present(now: u64, frame: u64) -> Present {
    Present {
        now: Moment::from_nanos(now),
        frame: Moment::from_nanos(frame),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use std::time::{SystemTime, UNIX_EPOCH};

    const STEP: Duration = Duration::from_millis(10);

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn the_frame_never_goes_back_and_the_reading_may() {
        let clock = ManualClock::new(at(1_234));
        let group = GroupClock::new(Some(Arc::new(clock.clone())), STEP);
        let read = || {
            let Present { now, frame } = group.present();
            (SystemTime::from(now), SystemTime::from(frame))
        };
        assert_eq!(read(), (at(1_234), at(1_230)));
        clock.set(at(1_239));
        assert_eq!(read(), (at(1_239), at(1_230)));
        clock.set(at(1_240));
        assert_eq!(read(), (at(1_240), at(1_240)));
        clock.set(at(1_200));
        assert_eq!(read(), (at(1_200), at(1_240)));
        clock.set(at(1_241));
        assert_eq!(read(), (at(1_241), at(1_240)));
    }

    #[test]
    fn the_present_is_in_the_frame_whichever_clock_is_read() {
        for clock in [SystemClock::new(), SystemClock::precise()] {
            for step in [Duration::from_millis(1), Duration::from_millis(100)] {
                let group = GroupClock::new(Some(Arc::new(clock)), step);
                let Reads::System(source) = &group.clock else {
                    continue;
                };
                let guard = source.glimpse().1;
                for _ in 0..20_000 {
                    let before = source.now();
                    let Present { now, frame } = group.present();
                    let after = source.now();
                    let (now, frame) = (now.as_nanos(), frame.as_nanos());
                    assert!(now <= after && now + guard >= before);
                    assert_eq!(frame % group.step, 0);
                    assert!(
                        frame <= after && frame + group.step > before,
                        "not in {frame}"
                    );
                }
            }
        }
    }
}
