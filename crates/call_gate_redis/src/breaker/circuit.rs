//! The breaker's states, without a link and without a clock.
//!
//! One word says which state it is and how many failures came in a row; what an open breaker knows lies under a mutex.
//! The word's upper half numbers the states: even ones are closed, odd ones are not. It is changed only with the mutex
//! held, together with what lies under it; the count in the lower half also without. So:
//!
//! - While closed, a call loads the word twice, and a success stores only where failures were counted.
//! - Who finds an odd number takes the mutex, and so sees all that was written when the breaker opened. The word
//!   guards nothing else, so its loads and stores are relaxed.
//! - A call that began in one state says nothing in another: calls that time out late, after a probe has come through,
//!   do not open the breaker again.
//! - Whether a call is a probe is decided under the mutex, and the probe is written down there: never two at a time.

use super::is_outage;
use super::open::{Open, told};
use call_gate_core::StorageError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Closed, open or half-open.
#[derive(Debug)]
pub(super) struct Circuit {
    /// Number of the state, over the failures in a row.
    word: AtomicU64,
    failures: u32,
    pause: Duration,
    /// Something exactly while the state's number is odd.
    trouble: Mutex<Option<Trouble>>,
}

/// What is known while the breaker is not closed.
#[derive(Debug)]
struct Trouble {
    /// When it opened.
    began: Instant,
    /// The pause runs from here.
    rests: Instant,
    /// The call that is out to see whether the server is back.
    probe: Option<Probe>,
    /// How many probes there were.
    probes: u64,
    last: Arc<str>,
}

#[derive(Debug)]
struct Probe {
    number: u64,
    /// The call is over by then, or nobody drives it any more.
    until: Instant,
}

/// Leave to send one call; dropped unsettled, the call has said nothing.
#[derive(Debug)]
#[must_use = "dropped, the call's outcome counts for nothing"]
pub(super) struct Permit<'c> {
    circuit: &'c Circuit,
    state: u32,
    /// The probe's number, if it is one.
    probe: Option<u64>,
}

impl Circuit {
    /// Opens for `pause` after `failures` in a row; 0 counts as 1.
    pub(super) fn new(failures: u32, pause: Duration) -> Self {
        Self {
            word: AtomicU64::new(0),
            failures,
            pause,
            trouble: Mutex::new(None),
        }
    }

    /// Leave for a call that is over by `until`.
    pub(super) fn enter(
        &self,
        until: Instant,
        now: impl FnOnce() -> Instant,
    ) -> Result<Permit<'_>, Open> {
        let state = state_of(self.word.load(Ordering::Relaxed));
        if is_closed(state) {
            return Ok(self.permit(state, None));
        }
        self.knock(until, now())
    }

    #[cold]
    fn knock(&self, until: Instant, now: Instant) -> Result<Permit<'_>, Open> {
        let mut guard = self.lock();
        let state = state_of(self.word.load(Ordering::Relaxed));
        let Some(trouble) = guard.as_mut() else {
            // closed by now
            return Ok(self.permit(state, None));
        };
        // a probe that its task neither drives nor drops counts as failed when it should have been over
        let rests = trouble
            .probe
            .as_ref()
            .map_or(trouble.rests, |probe| probe.until);
        let rested = now.checked_duration_since(rests);
        if rested.is_none_or(|rested| rested < self.pause) {
            return Err(Open {
                since: now.saturating_duration_since(trouble.began),
                last: trouble.last.clone(),
            });
        }
        trouble.probes += 1;
        let number = trouble.probes;
        trouble.probe = Some(Probe { number, until });
        Ok(self.permit(state, Some(number)))
    }

    fn permit(&self, state: u32, probe: Option<u64>) -> Permit<'_> {
        Permit {
            circuit: self,
            state,
            probe,
        }
    }

    /// A call of `state`, which was no probe, has found the server there.
    fn heard(&self, state: u32) {
        // one load where nothing failed before
        let _ = self
            .word
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                (state_of(word) == state && count_of(word) > 0).then(|| word_of(state, 0))
            });
    }

    /// A call of `state`, which was no probe, has failed.
    #[cold]
    fn failed(&self, state: u32, error: &StorageError, now: Instant) {
        let last = told(error);
        let mut guard = self.lock();
        let counted = self
            .word
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                (state_of(word) == state && is_closed(state)).then(|| self.one_more(word))
            });
        if counted.is_ok_and(|word| !is_closed(state_of(self.one_more(word)))) {
            *guard = Some(Trouble {
                began: now,
                rests: now,
                probe: None,
                probes: 0,
                last,
            });
        }
    }

    /// The word after one more failure than `word` has.
    fn one_more(&self, word: u64) -> u64 {
        let (state, count) = (state_of(word), count_of(word).saturating_add(1));
        if count >= self.failures {
            word_of(state.wrapping_add(1), 0)
        } else {
            word_of(state, count)
        }
    }

    /// The probe of that number is over: `Ok`, the server is there.
    #[cold]
    fn probed(&self, number: u64, outcome: Result<(), (Arc<str>, Instant)>) {
        let mut guard = self.lock();
        let Some(trouble) = guard
            .as_mut()
            .filter(|trouble| trouble.is_probed_by(number))
        else {
            // too late: another was sent in its place
            return;
        };
        match outcome {
            Ok(()) => {
                *guard = None;
                let state = state_of(self.word.load(Ordering::Relaxed));
                self.word
                    .store(word_of(state.wrapping_add(1), 0), Ordering::Relaxed);
            }
            Err((last, now)) => {
                trouble.probe = None;
                trouble.rests = now;
                trouble.last = last;
            }
        }
    }

    /// The probe of that number was given up: the next call takes its place at once.
    #[cold]
    fn given_up(&self, number: u64) {
        if let Some(trouble) = self
            .lock()
            .as_mut()
            .filter(|trouble| trouble.is_probed_by(number))
        {
            trouble.probe = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Trouble>> {
        // what is done under it does not panic
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trouble {
    fn is_probed_by(&self, number: u64) -> bool {
        self.probe
            .as_ref()
            .is_some_and(|probe| probe.number == number)
    }
}

impl Permit<'_> {
    /// Whether the breaker waits for this call.
    #[cfg(test)]
    pub(super) fn is_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Says how the call ended.
    pub(super) fn settle<T>(
        mut self,
        answer: &Result<T, StorageError>,
        now: impl FnOnce() -> Instant,
    ) {
        let failure = answer.as_ref().err().filter(|error| is_outage(error));
        match (self.probe.take(), failure) {
            (None, None) => self.circuit.heard(self.state),
            (None, Some(error)) => self.circuit.failed(self.state, error, now()),
            (Some(number), None) => self.circuit.probed(number, Ok(())),
            (Some(number), Some(error)) => {
                self.circuit.probed(number, Err((told(error), now())));
            }
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.probe {
            self.circuit.given_up(number);
        }
    }
}

fn is_closed(state: u32) -> bool {
    state.is_multiple_of(2)
}

fn word_of(state: u32, count: u32) -> u64 {
    u64::from(state) << 32 | u64::from(count)
}

fn state_of(word: u64) -> u32 {
    (word >> 32) as u32
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half")]
fn count_of(word: u64) -> u32 {
    word as u32
}
