//! What a layer needs of a limiter.

use super::CallGate;
use crate::error::UpdateError;
use crate::reading::Decision;
use std::time::Duration;

/// A limiter that admits a value or says no, in the numbers that a layer reports.
///
/// HTTP layers and their like are written over this trait, so that a gate and
/// every other limiter of the family fit them.
pub trait Decide: std::fmt::Debug + Send + Sync {
    /// Books `value` if there is room now, and says what was decided.
    ///
    /// # Errors
    /// Whatever is not a denial: a value above a limit, a closed limiter, a
    /// failing storage.
    fn decide(&self, value: u64) -> Result<Decision, UpdateError>;
}

impl Decide for CallGate {
    fn decide(&self, value: u64) -> Result<Decision, UpdateError> {
        match self.try_update(value) {
            Ok(reading) if value > 0 => {
                let frame = reading.frame();
                let (limit, _) = self.0.tightest(frame.value(), reading.sum());
                // the frame just booked in leaves the window last
                let kept = self.frame_step().saturating_mul(self.0.kept());
                let reset = crate::clock::Moment::from(frame.start()).after(kept);
                Ok(Decision::new(
                    true,
                    limit,
                    reading.remaining(),
                    Duration::ZERO,
                    reset.since(self.now()),
                ))
            }
            Ok(_) => self.peek(0),
            Err(error) => {
                let Some(denial) = error.denial() else {
                    return Err(error);
                };
                let seen = self.peek(value)?;
                let wait = denial.retry_after();
                Ok(Decision::new(
                    false,
                    denial.limit(),
                    seen.remaining,
                    wait,
                    seen.reset_after,
                ))
            }
        }
    }
}

impl<D: Decide + ?Sized> Decide for std::sync::Arc<D> {
    fn decide(&self, value: u64) -> Result<Decision, UpdateError> {
        (**self).decide(value)
    }
}
