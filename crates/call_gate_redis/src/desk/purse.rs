//! What this process may spend without asking, and what it knows to be denied.
// long file: the argument that nothing is over-admitted runs through all of it

use super::lease::Lease;
use super::lock;
use super::told::{self, Admitted, Denied, Sums, Told};
use crate::protocol::{Booked, Group, LeaseAsk};
use std::sync::Mutex;
use std::time::{Duration, Instant};

mod demand;

use demand::Demand;

/// The longest that a denial is remembered: what another process gives back is noticed after it.
const MEMORY: Duration = Duration::from_secs(1);

/// The lease of one gate, and the denial that is remembered.
///
/// Never more is admitted than was booked, because
/// - a unit is taken under the lock, from a lease that the server booked, and no unit twice;
/// - the clock is read under the same lock, and shows a time before the lease's end, so the unit is spent within the
///   frame it was booked in, which is the one it is reported in;
/// - that end is no later than the frame's: see [`Purse::end`].
#[derive(Debug)]
pub(super) struct Purse {
    lease: Lease,
    frame: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    denied: Option<Remembered>,
    demand: Demand,
    /// The frame of the last lease; 0: there was none.
    last_frame: u64,
    /// Nobody asks for a lease before: somebody does.
    asking: Option<Instant>,
    /// How often this process made its memories of denials void, and of leases.
    forgot: u64,
    cleared: u64,
}

/// A lease.
#[derive(Debug)]
struct Held {
    left: u64,
    /// By this machine's clock.
    end: Instant,
    frame: u64,
    era: u64,
    /// What each span held right after the grant.
    used: Sums,
    /// What the server had left then.
    besides: u64,
    /// The server's time of the grant.
    granted: u64,
}

/// A denial of `value`.
#[derive(Debug)]
struct Remembered {
    value: u64,
    until: Instant,
    denied: Denied,
    received: Instant,
}

/// What must be known of a call when its answer comes.
#[derive(Debug)]
pub(super) struct Stamp {
    /// Read before it was sent.
    sent: Instant,
    forgot: u64,
    cleared: u64,
    asks: bool,
}

impl Purse {
    /// An empty one, for a gate with frames of `frame`.
    pub(super) fn new(lease: Lease, frame: Duration) -> Self {
        Self {
            lease,
            frame,
            state: Mutex::default(),
        }
    }

    /// `value` from the lease, or the denial that is remembered; `None`: the server must be asked.
    pub(super) fn ask(&self, value: u64, now: impl FnOnce() -> Instant) -> Option<Told> {
        let mut state = lock(&self.state);
        state.demand.count(value);
        state.spend(value, now)
    }

    /// The same for a value that was asked for before.
    pub(super) fn ask_again(&self, value: u64, now: impl FnOnce() -> Instant) -> Option<Told> {
        lock(&self.state).spend(value, now)
    }

    /// What is left of the lease.
    #[cfg(test)]
    pub(super) fn left(&self) -> u64 {
        lock(&self.state).held.as_ref().map_or(0, |held| held.left)
    }

    /// Of a call that is sent now, and the lease it asks for.
    pub(super) fn depart(&self, now: Instant, patience: Duration) -> (Stamp, Option<LeaseAsk>) {
        let mut state = lock(&self.state);
        let most = state.demand.wanted(now, &self.lease, self.frame);
        let free = state.asking.is_none_or(|until| now >= until);
        let lease = (free && most >= 2).then_some(LeaseAsk {
            most,
            last_frame: state.last_frame,
        });
        if lease.is_some() {
            // a call that nobody awaits any more never comes back to say so
            state.asking = now.checked_add(patience);
        }
        let stamp = Stamp {
            sent: now,
            forgot: state.forgot,
            cleared: state.cleared,
            asks: lease.is_some(),
        };
        (stamp, lease)
    }

    /// The answer to the call of `stamp`, received at `now`.
    pub(super) fn arrive(&self, stamp: &Stamp, groups: &[Group], booked: &Booked, now: Instant) {
        let mut state = lock(&self.state);
        if stamp.asks {
            state.asking = None;
        }
        let trip = now.saturating_duration_since(stamp.sent);
        state.demand.heard(stamp.sent, trip, booked.stand.now);
        // cleared by another process: what was booked before is booked no more
        let news = |held: &Held| booked.stand.now >= held.granted;
        if state
            .held
            .as_ref()
            .is_some_and(|held| held.era != booked.stand.era && news(held))
        {
            state.held = None;
        }
        if booked.lease > 0 && stamp.cleared == state.cleared {
            self.keep(&mut state, stamp, groups, booked, now);
        }
        if stamp.forgot == state.forgot {
            self.remember(&mut state, stamp, groups, booked, now);
        }
    }

    /// The call of `stamp` failed: what it leased, if it did, is lost.
    pub(super) fn failed(&self, stamp: &Stamp) {
        if stamp.asks {
            lock(&self.state).asking = None;
        }
    }

    /// Voids the denial that is remembered, and those on their way.
    pub(super) fn forget(&self) {
        let mut state = lock(&self.state);
        state.denied = None;
        state.forgot += 1;
    }

    /// Voids leases too.
    pub(super) fn cleared(&self) {
        let mut state = lock(&self.state);
        state.denied = None;
        state.held = None;
        state.forgot += 1;
        state.cleared += 1;
    }

    /// When, by this machine's clock, a lease ends that was granted to the call of `stamp`.
    ///
    /// The server judged after the call was sent. So when `left` has passed since the sending, by the server's clock,
    /// less than that has passed since it judged, and its frame is not over. This machine's clock may run slower than
    /// the server's, and then more has passed there than is seen here: that is what the guard is for.
    fn end(&self, stamp: &Stamp, booked: &Booked) -> Option<Instant> {
        let frame = u64::try_from(self.frame.as_micros()).ok()?;
        let over = booked.stand.frame.checked_add(1)?.checked_mul(frame)?;
        // a server whose clock stepped back stays in its newest frame; one frame is enough even then
        let left = over.checked_sub(booked.stand.now)?.min(frame);
        let left = Duration::from_micros(left);
        let left = left.checked_sub(self.lease.guard(left))?;
        stamp.sent.checked_add(left)
    }

    /// Keeps what was leased, if it can still be spent. Units of one frame add up; those of an older one are dropped.
    fn keep(
        &self,
        state: &mut State,
        stamp: &Stamp,
        groups: &[Group],
        booked: &Booked,
        now: Instant,
    ) {
        let stand = &booked.stand;
        state.last_frame = stand.frame;
        let Some(end) = self.end(stamp, booked).filter(|end| *end > now) else {
            return;
        };
        let total = told::total(groups, booked).saturating_add(booked.lease);
        let mut fresh = Held {
            left: booked.lease,
            end,
            frame: stand.frame,
            era: stand.era,
            used: told::sums(booked, total),
            besides: told::room(booked, total),
            granted: stand.now,
        };
        match &mut state.held {
            // answers may overtake each other: the later grant knows more
            Some(held) if held.granted > fresh.granted => {
                if (held.frame, held.era) == (fresh.frame, fresh.era) {
                    held.left = held.left.saturating_add(fresh.left);
                }
            }
            held => {
                match held {
                    Some(old) if (old.frame, old.era) == (fresh.frame, fresh.era) => {
                        fresh.left = fresh.left.saturating_add(old.left);
                    }
                    Some(_) => state.demand.expired(),
                    None => {}
                }
                state.held = Some(fresh);
            }
        }
        state.demand.granted();
    }

    /// Remembers the denial of the smallest value: until it would be admitted, counted from before it was asked.
    ///
    /// The server judged after the sending, so its time comes later than that on this clock, but for drift.
    fn remember(
        &self,
        state: &mut State,
        stamp: &Stamp,
        groups: &[Group],
        booked: &Booked,
        now: Instant,
    ) {
        let smallest = groups
            .iter()
            .zip(&booked.outcomes)
            .filter(|(group, outcome)| outcome.admitted < group.count)
            .min_by_key(|(group, _)| group.value);
        let Some((group, outcome)) = smallest else {
            return;
        };
        let Some(denied) = told::denied(booked, outcome, told::total(groups, booked)) else {
            return;
        };
        let memory = denied.retry_after.min(MEMORY);
        let memory = memory.saturating_sub(self.lease.guard(memory));
        let Some(until) = stamp.sent.checked_add(memory).filter(|until| *until > now) else {
            return;
        };
        state.denied = Some(Remembered {
            value: group.value,
            until,
            denied,
            received: now,
        });
    }
}

impl State {
    fn spend(&mut self, value: u64, now: impl FnOnce() -> Instant) -> Option<Told> {
        if self.held.is_none() && self.denied.is_none() {
            return None;
        }
        let now = now();
        if let Some(held) = &mut self.held {
            if now >= held.end {
                self.held = None;
                self.demand.expired();
            } else if let Some(left) = held.left.checked_sub(value) {
                held.left = left;
                let told = Told::Admitted(Admitted {
                    frame: held.frame,
                    era: held.era,
                    used: held.used.clone(),
                    remaining: left.saturating_add(held.besides),
                });
                self.demand.spent(value);
                return Some(told);
            } else {
                self.demand.drained();
            }
        }
        let known = self.denied.as_ref()?;
        if now >= known.until {
            self.denied = None;
            return None;
        }
        // of a larger value it is not known when it has room
        (value == known.value).then(|| {
            let since = now.saturating_duration_since(known.received);
            Told::Denied(Denied {
                retry_after: known.denied.retry_after.saturating_sub(since),
                ..known.denied
            })
        })
    }
}
