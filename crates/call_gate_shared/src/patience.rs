//! How long an opener tries again while others make and remove the segment.

use std::thread;
use std::time::{Duration, Instant};

/// Attempts that follow each other at once: enough for processes that race without stopping.
const AT_ONCE: u32 = 16;
/// Longest wait, for somebody who is stopped or slow amid a removal.
const LONGEST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Patience {
    attempts: u32,
    started: Option<Instant>,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self {
            attempts: 0,
            started: None,
        }
    }

    /// Waits a moment before the next attempt; false: there shall be none.
    pub(crate) fn again(&mut self) -> bool {
        self.attempts += 1;
        if self.attempts <= AT_ONCE {
            return true;
        }
        let started = *self.started.get_or_insert_with(Instant::now);
        if started.elapsed() >= LONGEST {
            return false;
        }
        thread::sleep(Duration::from_millis(1));
        true
    }
}
