//! tokio's time as a gate's clock.

use call_gate_core::clock::{Clock, Moment};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// tokio's time, set to the wall once, when the clock is made.
///
/// It stands still and moves as tokio's does, so that a gate with this clock
/// waits through `tokio::time::pause` in no time. It is made and read within
/// the runtime whose time it is to be; elsewhere tokio's time is the machine's.
/// Unpaused it costs what the precise system clock does.
///
/// # Examples
/// ```
/// use call_gate_async::{AsyncCallGate, TokioClock};
/// use call_gate_core::CallGate;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), call_gate_core::Error> {
/// let hour = Duration::from_secs(3600);
/// let gate = CallGate::unnamed(24 * hour, hour).gate_limit(1).clock(TokioClock::new()).build()?;
/// let gate = AsyncCallGate::from(gate);
/// gate.update(1).await?;
/// gate.update(1).await?; // a day later, at once
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    origin: Instant,
    wall: Moment,
}

impl TokioClock {
    /// tokio's time, set to the wall now.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// tokio's time, set to `wall` now; before 1970, to the beginning of 1970.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        Self {
            origin: Instant::now(),
            wall: wall.into(),
        }
    }

    /// How much tokio's time has moved since the clock was made.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Moment {
        self.wall.after(self.elapsed())
    }
}
