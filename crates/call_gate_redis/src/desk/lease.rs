//! The settings of leases.

use std::time::Duration;

/// Lets a process spend units that it booked ahead, without asking the server.
///
/// A call to the server books a number of units in the current frame for this process alone, its lease, and until that
/// frame ends updates take theirs from it: at the speed of memory. How many are asked for follows the rate at which
/// updates come. The server grants no more than half of what is left, divided by the processes that it has seen.
///
/// # What holds
/// - No window ever holds more than its limit: a unit is spent in the frame it was booked in, or not at all. Time in the
///   frame is counted from before the call was sent, on the monotonic clock of this machine, which must not stand still
///   (a machine that is suspended with a lease in hand may spend it late) nor run slower than the server's by more than
///   a thousandth.
/// - Fewer may be admitted than the limit allows, by at most what was leased in a frame and not spent; it is free again
///   when that frame leaves the window.
/// - A lease that is held when another process clears the gate or lowers its limits stays in force until its frame ends.
/// - The sums that an update reports are those of the time of the lease, all of which counts as used. What remains is
///   what is left of the lease, and what the server had left besides.
/// - Values that a lease serves may overtake those that wait for the server. A value is never served in part by a lease.
/// - A denial is remembered until its `retry_after`, at most for a second, and answers for that value. A refund, a clear
///   or a raised limit of another process is so noticed a second later at most; those of this process at once.
///
/// Without leases none of this happens: every update asks the server.
///
/// # Examples
/// ```
/// use call_gate_redis::Lease;
/// use std::time::Duration;
///
/// let lease = Lease::new().up_to(10_000).margin(Duration::from_millis(5));
/// assert_ne!(lease, Lease::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    up_to: u64,
    margin: Duration,
}

impl Lease {
    /// Leases of up to a million units, with a margin of one millisecond.
    #[must_use]
    pub fn new() -> Self {
        Self {
            up_to: 1_000_000,
            margin: Duration::from_millis(1),
        }
    }

    /// The most units that one lease may have; under 2 there are no leases, and denials are still remembered.
    #[must_use]
    pub fn up_to(mut self, units: u64) -> Self {
        self.up_to = units;
        self
    }

    /// How long before the end of its frame a lease ends, on top of a thousandth of the time it has.
    ///
    /// It makes up for clocks that run at slightly different speeds. Frames that are not much longer have no leases.
    #[must_use]
    pub fn margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    pub(super) fn most(&self) -> u64 {
        self.up_to
    }

    /// How much earlier than `left` from now something ends on this clock, so that it has not ended yet on the server's.
    pub(super) fn guard(&self, left: Duration) -> Duration {
        self.margin.saturating_add(left / 1000)
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self::new()
    }
}
