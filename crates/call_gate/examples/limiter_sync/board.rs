//! Who was admitted when, and how many were inside at once.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A limit of the example: so many in so long.
pub(crate) type Window = (u32, Duration);

/// What is seen from outside the limiter.
pub(crate) struct Board {
    begun: Instant,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    admitted: Vec<Duration>,
    inside: u64,
    most: u64,
}

/// Somebody with a permit; it must go before the permit does.
#[must_use]
pub(crate) struct Inside<'b>(&'b Board);

impl Board {
    /// An empty one; its time begins now.
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            seen: Mutex::default(),
        }
    }

    /// Notes and shows that `who` was admitted.
    pub(crate) fn enter(&self, who: impl Display) -> Inside<'_> {
        let since = self.begun.elapsed();
        let mut seen = self.seen();
        seen.admitted.push(since);
        seen.inside += 1;
        seen.most = seen.most.max(seen.inside);
        // under the lock, so that lines are in order; nobody reads them any more when this fails
        let _ = writeln!(
            io::stdout(),
            "  {:5.3} s  permit for {who:2}, {} inside",
            since.as_secs_f64(),
            seen.inside
        );
        Inside(self)
    }

    /// Judges what was seen: as many admissions as expected, never more inside than `max_burst`, and no admission before
    /// the windows can have had room for it.
    ///
    /// Of any window, the `n`-th admission after the first `limit` belongs to the next one at the earliest. Times here are
    /// those of threads, which come to note them a little late. They are early by less than three frames, of which a window
    /// has ten at least: the first admission counts from the beginning of its frame, and a coarse clock lags a little.
    pub(crate) fn check(
        &self,
        admissions: usize,
        max_burst: Option<u64>,
        windows: &[Window],
    ) -> Result<(), String> {
        let seen = self.seen();
        if seen.admitted.len() != admissions {
            let count = seen.admitted.len();
            return Err(format!("{count} were admitted, not {admissions}"));
        }
        if let Some(most) = max_burst.filter(|most| seen.most > *most) {
            return Err(format!("{} were inside at once, not {most}", seen.most));
        }
        for (limit, length) in windows {
            for (nth, at) in (0..).zip(&seen.admitted) {
                let earliest = *length * (nth / limit);
                if *at + *length * 3 / 10 < earliest {
                    return Err(format!(
                        "admission {nth} came after {at:?}, and {limit} in {length:?} do not allow it before {earliest:?}"
                    ));
                }
            }
        }
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.seen().inside -= 1;
    }
}
