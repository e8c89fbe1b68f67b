//! What callers saw of a gate, held against what is promised and what its server counted.

use call_gate_core::{CallGate, Reading, StorageErrorKind, UpdateError};
use call_gate_testkit::History;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// What a machine that does other things as well may add to a deadline: the promise is 10 ms on an idle one.
pub(crate) const SLACK: Duration = Duration::from_millis(60);

/// What a caller knows of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Booked in the frame that starts at so many nanoseconds since the Unix epoch.
    Acknowledged(u64),
    Denied,
    /// It may have been booked, and counts as booked.
    Unknown,
    /// It was surely not booked.
    NotDone,
}

/// One call of a caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) value: u64,
    pub(crate) outcome: Outcome,
}

/// How long callers were held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) calls: usize,
    pub(crate) half: Duration,
    pub(crate) p99: Duration,
    pub(crate) most: Duration,
}

/// Every call of one gate, of all callers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Vec<Call>);

impl Calls {
    /// Adds a call of `value` that began at `start` and ends now.
    ///
    /// # Panics
    /// If it ended as no call of these tests may.
    pub(crate) fn record(
        &mut self,
        start: Instant,
        value: u64,
        ended: &Result<Reading, UpdateError>,
    ) -> Outcome {
        let end = Instant::now();
        let outcome = match ended {
            Ok(reading) => Outcome::Acknowledged(frame_of(reading)),
            Err(error) if error.is_denied() => Outcome::Denied,
            Err(UpdateError::Storage(error)) => match error.kind() {
                StorageErrorKind::TimedOut => Outcome::Unknown,
                StorageErrorKind::Unavailable => Outcome::NotDone,
                kind => panic!("{kind:?} is no outage: {error:?}"),
            },
            Err(other) => panic!("{other:?}"),
        };
        self.0.push(Call {
            start,
            end,
            value,
            outcome,
        });
        outcome
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// What was booked for sure.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.sum(|call| matches!(call.outcome, Outcome::Acknowledged(_)))
    }

    /// What may have been booked besides.
    pub(crate) fn unknown(&self) -> u64 {
        self.sum(|call| call.outcome == Outcome::Unknown)
    }

    fn sum(&self, of: impl Fn(&Call) -> bool) -> u64 {
        let calls = self.0.iter().filter(|call| of(call));
        calls.map(|call| call.value).sum()
    }

    /// How many calls ended so.
    pub(crate) fn count(&self, of: impl Fn(Outcome) -> bool) -> usize {
        self.0.iter().filter(|call| of(call.outcome)).count()
    }

    /// No frame and no aligned window holds more than its limit of what was acknowledged, in the frames that callers
    /// were told.
    ///
    /// # Panics
    /// If one does.
    pub(crate) fn assert_windows(&self, gate: &CallGate) {
        let step = u64::try_from(gate.frame_step().as_nanos()).unwrap();
        let mut history = History::new(step, gate.frames() as u64)
            .with_limits(gate.gate_limit(), gate.frame_limit());
        for call in &self.0 {
            if let Outcome::Acknowledged(frame) = call.outcome {
                history.record(frame, call.value);
            }
        }
        history.check().unwrap_or_else(|over| panic!("{over}"));
    }

    /// The server counted all that was acknowledged, and nothing that surely was not done.
    ///
    /// # Panics
    /// If it did not.
    pub(crate) fn assert_sum(&self, sum: u64) {
        let (least, unknown) = (self.acknowledged(), self.unknown());
        assert!(
            (least..=least + unknown).contains(&sum),
            "{least} acknowledged, {unknown} unknown, and the server counted {sum}"
        );
    }

    /// The most that was acknowledged within any real `time`: of calls that began and ended in it.
    pub(crate) fn most_within(&self, time: Duration) -> u64 {
        let mut booked: Vec<&Call> = self
            .0
            .iter()
            .filter(|call| matches!(call.outcome, Outcome::Acknowledged(_)))
            .collect();
        booked.sort_by_key(|call| call.start);
        let within = |at: usize| -> u64 {
            let over = booked[at].start + time;
            let after = booked[at..].iter().take_while(|call| call.start < over);
            after.filter(|call| call.end < over).map(|c| c.value).sum()
        };
        (0..booked.len()).map(within).max().unwrap_or(0)
    }

    /// The calls that began and ended between the two moments, as far as these are named.
    pub(crate) fn between(&self, from: Option<Instant>, to: Option<Instant>) -> Self {
        let inside = |call: &&Call| {
            from.is_none_or(|from| call.start >= from) && to.is_none_or(|to| call.end <= to)
        };
        Self(self.0.iter().filter(inside).copied().collect())
    }

    /// How long the calls were held that were under way between the two moments.
    pub(crate) fn held(&self, from: Instant, to: Instant) -> Held {
        let under_way = |call: &&Call| call.start < to && call.end > from;
        held(self.times(under_way))
    }

    /// The same of those that were surely not done.
    pub(crate) fn refused(&self, from: Instant, to: Instant) -> Held {
        let refused =
            |call: &&Call| call.start >= from && call.end <= to && call.outcome == Outcome::NotDone;
        held(self.times(refused))
    }

    fn times(&self, of: impl Fn(&&Call) -> bool) -> Vec<Duration> {
        let calls = self.0.iter().filter(of);
        calls.map(|call| call.end - call.start).collect()
    }

    /// How long after `back` the first call was acknowledged that began after it.
    pub(crate) fn recovered(&self, back: Instant) -> Option<Duration> {
        let served =
            |call: &&Call| call.start >= back && matches!(call.outcome, Outcome::Acknowledged(_));
        let ends = self.0.iter().filter(served).map(|call| call.end);
        Some(ends.min()?.duration_since(back))
    }
}

fn held(mut times: Vec<Duration>) -> Held {
    times.sort_unstable();
    let rank = |percent: usize| {
        let at = (times.len() * percent).div_ceil(100);
        times.get(at.saturating_sub(1)).copied().unwrap_or_default()
    };
    Held {
        calls: times.len(),
        half: rank(50),
        p99: rank(99),
        most: rank(100),
    }
}

fn frame_of(reading: &Reading) -> u64 {
    let start = reading.frame().start().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(start.as_nanos()).unwrap()
}

/// Waits until `met` says so.
///
/// # Panics
/// If that takes longer than 20 s.
pub(crate) fn until(what: &str, mut met: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !met() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether tests may take as long as what they test.
pub(crate) fn is_long() -> bool {
    std::env::var_os("CALL_GATE_LONG").is_some()
}

/// A checker that finds nothing wrong would find nothing.
#[test]
fn the_checker_finds_what_is_wrong() {
    let gate = CallGate::unnamed(Duration::from_secs(1), Duration::from_millis(100))
        .gate_limit(3)
        .frame_limit(2)
        .build()
        .unwrap();
    let start = Instant::now();
    let call = |frame: u64, after: u64, outcome: fn(u64) -> Outcome| Call {
        start: start + Duration::from_millis(after),
        end: start + Duration::from_millis(after + 5),
        value: 1,
        outcome: outcome(frame * 100_000_000),
    };
    let unknown = |_| Outcome::Unknown;
    let fails =
        |work: &(dyn Fn() + std::panic::RefUnwindSafe)| std::panic::catch_unwind(work).is_err();
    let good = Calls(vec![
        call(50, 0, Outcome::Acknowledged),
        call(50, 10, Outcome::Acknowledged),
        call(59, 900, Outcome::Acknowledged),
        call(60, 990, unknown),
        call(60, 1_000, Outcome::Acknowledged),
    ]);
    // the frame at 50 has left the window of the one at 60
    good.assert_windows(&gate);
    good.assert_sum(4);
    good.assert_sum(5);
    assert!(fails(&|| good.assert_sum(3)) && fails(&|| good.assert_sum(6)));
    assert_eq!(good.most_within(Duration::from_secs(1)), 3);
    let last = start + Duration::from_millis(995);
    assert_eq!(good.recovered(last), Some(Duration::from_millis(10)));
    assert_eq!(good.held(start, last).most, Duration::from_millis(5));
    for frame in [50, 59] {
        let mut bad = good.clone();
        let more = Calls(vec![call(frame, 950, Outcome::Acknowledged)]);
        bad.extend(more);
        let gate = std::panic::AssertUnwindSafe(&gate);
        assert!(
            std::panic::catch_unwind(|| bad.assert_windows(&gate)).is_err(),
            "one too many at {frame}"
        );
    }
}
