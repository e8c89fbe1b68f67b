//! The states by a time that the test tells.

use crate::breaker::circuit::{Circuit, Permit};
use call_gate_core::{StorageError, StorageErrorKind};
use std::cell::Cell;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(250);
const INSTANT: Duration = Duration::from_nanos(1);
const PATIENCE: Duration = Duration::from_millis(500);

/// A circuit and its time.
struct Bench {
    circuit: Circuit,
    now: Cell<Instant>,
}

impl Bench {
    fn new(failures: u32) -> Self {
        Self {
            circuit: Circuit::new(failures, PAUSE),
            now: Cell::new(Instant::now()),
        }
    }

    /// The same, opened just now.
    fn open(failures: u32) -> Self {
        let bench = Self::new(failures);
        for _ in 0..failures {
            bench.fail(bench.enter());
        }
        bench.assert_open();
        bench
    }

    fn now(&self) -> Instant {
        self.now.get()
    }

    fn pass(&self, time: Duration) {
        self.now.set(self.now() + time);
    }

    fn try_enter(&self) -> Result<Permit<'_>, StorageError> {
        Ok(self.circuit.enter(self.now() + PATIENCE, || self.now())?)
    }

    fn enter(&self) -> Permit<'_> {
        self.try_enter().unwrap()
    }

    fn probe(&self) -> Permit<'_> {
        let permit = self.enter();
        assert!(permit.is_probe());
        permit
    }

    fn fail(&self, permit: Permit<'_>) {
        self.end(permit, StorageErrorKind::Unavailable);
    }

    fn end(&self, permit: Permit<'_>, kind: StorageErrorKind) {
        permit.settle(&Err::<(), _>(StorageError::new(kind)), || self.now());
    }

    fn succeed(&self, permit: Permit<'_>) {
        permit.settle(&Ok(()), || self.now());
    }

    fn assert_open(&self) {
        let error = self.try_enter().unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Unavailable);
    }

    fn assert_closed(&self) {
        assert!(!self.enter().is_probe());
    }
}

#[test]
fn so_many_failures_in_a_row_open_it_and_not_one_less() {
    for failures in 1..=5 {
        let bench = Bench::new(failures);
        for count in 1..=failures {
            bench.assert_closed();
            let kind = match count % 2 {
                0 => StorageErrorKind::TimedOut,
                _ => StorageErrorKind::Unavailable,
            };
            bench.end(bench.enter(), kind);
        }
        bench.assert_open();
    }
    let never_zero = Bench::new(0);
    never_zero.assert_closed();
    never_zero.fail(never_zero.enter());
    never_zero.assert_open();
}

#[test]
fn a_sign_of_life_starts_the_count_again() {
    let alive = [
        None,
        Some(StorageErrorKind::Unauthorized),
        Some(StorageErrorKind::Corrupt),
        Some(StorageErrorKind::Mismatch),
        Some(StorageErrorKind::Protocol),
    ];
    let bench = Bench::new(2);
    for sign in alive {
        bench.fail(bench.enter());
        match sign {
            None => bench.succeed(bench.enter()),
            Some(kind) => bench.end(bench.enter(), kind),
        }
        bench.fail(bench.enter());
        bench.assert_closed();
        bench.succeed(bench.enter());
    }
    // a call that was given up says nothing
    bench.fail(bench.enter());
    drop(bench.enter());
    bench.fail(bench.enter());
    bench.assert_open();
}

#[test]
fn one_probe_after_each_pause_until_one_succeeds() {
    let bench = Bench::open(3);
    for _ in 0..4 {
        bench.pass(PAUSE.saturating_sub(INSTANT));
        bench.assert_open();
        bench.pass(INSTANT);
        let probe = bench.probe();
        bench.assert_open();
        bench.pass(Duration::from_millis(100));
        bench.assert_open();
        // one failed probe is enough
        bench.end(probe, StorageErrorKind::TimedOut);
        bench.assert_open();
    }
    bench.pass(PAUSE);
    bench.succeed(bench.probe());
    bench.assert_closed();
    // and the count begins anew
    bench.fail(bench.enter());
    bench.fail(bench.enter());
    bench.assert_closed();
    bench.fail(bench.enter());
    bench.assert_open();
}

#[test]
fn an_error_of_a_living_server_closes_it() {
    let bench = Bench::open(1);
    bench.pass(PAUSE);
    bench.end(bench.probe(), StorageErrorKind::Unauthorized);
    bench.assert_closed();
}

#[test]
fn it_says_since_when_and_what_the_last_probe_met() {
    let bench = Bench::open(1);
    bench.pass(PAUSE);
    let refused = StorageError::with_source(StorageErrorKind::TimedOut, "no answer in 500 ms");
    bench.probe().settle(&Err::<(), _>(refused), || bench.now());
    bench.pass(Duration::from_millis(7));
    let error = bench.try_enter().unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        source,
        "nothing was sent: the breaker opened 257 ms ago, and what failed last was: the storage did not answer in \
         time: what was asked may have been done, and counts as done: no answer in 500 ms"
    );
}

#[test]
fn a_probe_that_is_dropped_is_replaced_at_once() {
    let bench = Bench::open(1);
    bench.pass(PAUSE);
    for _ in 0..3 {
        let probe = bench.probe();
        bench.assert_open();
        drop(probe);
    }
    bench.succeed(bench.probe());
    bench.assert_closed();
}

#[test]
fn a_probe_that_nobody_drives_is_replaced_a_pause_after_its_time() {
    let bench = Bench::open(1);
    bench.pass(PAUSE);
    let stuck = bench.probe();
    bench.pass(PATIENCE);
    bench.assert_open();
    bench.pass(PAUSE.saturating_sub(INSTANT));
    bench.assert_open();
    bench.pass(INSTANT);
    let second = bench.probe();
    // what the first one says now counts for nothing
    bench.succeed(stuck);
    bench.assert_open();
    bench.succeed(second);
    bench.assert_closed();
}

#[test]
fn calls_that_began_before_it_opened_say_nothing_after() {
    let bench = Bench::new(2);
    let mut late = [(); 6].map(|()| bench.enter()).into_iter();
    let mut late = || late.next().unwrap();
    bench.fail(bench.enter());
    bench.fail(bench.enter());
    bench.assert_open();
    bench.succeed(late());
    bench.assert_open();
    // nor does it make the pause longer
    bench.pass(PAUSE / 2);
    bench.fail(late());
    bench.pass(PAUSE / 2);
    let probe = bench.probe();
    bench.fail(late());
    bench.succeed(probe);
    bench.fail(late());
    bench.fail(late());
    bench.assert_closed();
    // nor does it hide a failure of now
    bench.fail(bench.enter());
    bench.succeed(late());
    bench.fail(bench.enter());
    bench.assert_open();
}

#[test]
fn a_pause_without_end_overflows_nothing() {
    let circuit = Circuit::new(1, Duration::MAX);
    let now = Instant::now();
    let permit = circuit.enter(now, || now).unwrap();
    permit.settle(
        &Err::<(), _>(StorageError::new(StorageErrorKind::Unavailable)),
        || now,
    );
    let later = now + Duration::from_secs(1_000_000_000);
    assert!(circuit.enter(later, || later).is_err());
}
