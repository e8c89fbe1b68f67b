//! How much a process is about to spend: the size of its leases.

use super::super::lease::Lease;
use std::time::{Duration, Instant};

/// The first lease after a quiet time; each that runs out before its frame is followed by one of twice its size.
const FIRST: u64 = 16;

/// How quickly an older rate is forgotten: after so long a new one counts for half.
const HALF: Duration = Duration::from_millis(10);

/// How many round trips must be left of a frame to ask for a lease in it.
const TRIPS: u32 = 4;

const SECOND: u128 = 1_000_000_000;

/// What was asked for so far, and how the server's time runs.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// Units asked for since the last call left.
    asked: u64,
    since: Option<Instant>,
    /// Units per second.
    rate: u64,
    /// Round trip, averaged.
    trip: Duration,
    /// A time of this machine, and what the server's clock showed soon after, in microseconds.
    server: Option<(Instant, u64)>,
    /// The most to ask for.
    size: u64,
    /// Spent of the frame's leases.
    spent: u64,
    drained: bool,
}

impl Demand {
    pub(super) fn count(&mut self, value: u64) {
        self.asked = self.asked.saturating_add(value);
    }

    pub(super) fn spent(&mut self, value: u64) {
        self.spent = self.spent.saturating_add(value);
    }

    /// The lease had not enough for a value.
    pub(super) fn drained(&mut self) {
        self.drained = true;
    }

    /// The lease ended with its frame: the next frame starts with twice what this one spent.
    pub(super) fn expired(&mut self) {
        self.size = self.spent.saturating_mul(2);
        self.spent = 0;
        self.drained = false;
    }

    pub(super) fn granted(&mut self) {
        self.drained = false;
    }

    /// An answer came after `trip` to a call that was sent at `sent`.
    pub(super) fn heard(&mut self, sent: Instant, trip: Duration, server: u64) {
        self.trip = if self.trip.is_zero() {
            trip
        } else {
            (self.trip.saturating_mul(7) / 8).saturating_add(trip / 8)
        };
        self.server = Some((sent, server));
    }

    /// How much to ask for in a call that leaves at `now`; 0: the frame is as good as over, or nothing is spent.
    pub(super) fn wanted(&mut self, now: Instant, lease: &Lease, frame: Duration) -> u64 {
        self.measure(now);
        let left = self.left(now, frame);
        let trips = self.trip.saturating_mul(TRIPS);
        if left <= trips.saturating_add(lease.guard(left)) {
            return 0;
        }
        if self.drained {
            self.size = self.size.saturating_mul(2);
        }
        self.size = self.size.clamp(FIRST, lease.most().max(FIRST));
        let coming = u128::from(self.rate) * left.as_nanos() / SECOND;
        let coming = u64::try_from(coming).unwrap_or(u64::MAX);
        coming.min(self.size).min(lease.most())
    }

    /// Brings the rate up to date.
    fn measure(&mut self, now: Instant) {
        let Some(since) = self.since.replace(now) else {
            self.asked = 0;
            return;
        };
        let time = now.saturating_duration_since(since).as_nanos();
        if time == 0 {
            self.since = Some(since);
            return;
        }
        let fresh = u128::from(self.asked) * SECOND / time;
        let (rate, half) = (u128::from(self.rate), HALF.as_nanos());
        let mean = if rate == 0 {
            fresh
        } else {
            let old = rate.saturating_mul(half);
            old.saturating_add(fresh.saturating_mul(time)) / (half + time)
        };
        let rate = if self.drained { mean.max(fresh) } else { mean };
        self.rate = u64::try_from(rate).unwrap_or(u64::MAX);
        self.asked = 0;
    }

    /// About how much is left of the server's frame; all of it while nothing is known.
    fn left(&self, now: Instant, frame: Duration) -> Duration {
        let Some((then, server)) = self.server else {
            return frame;
        };
        let server = Duration::from_micros(server) + now.saturating_duration_since(then);
        let into = server.as_nanos().checked_rem(frame.as_nanos()).unwrap_or(0);
        frame.saturating_sub(Duration::from_nanos(
            u64::try_from(into).unwrap_or(u64::MAX),
        ))
    }
}
