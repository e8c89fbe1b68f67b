//! Policies around a limiter's server that is there or away as the test says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use super::Spans;
use crate::policy::{LimiterFallback, OnStorageError};
use call_gate_core::{
    Act, Answer, Booked, BoxFuture, ConfigError, Deadline, Demand, Denial, Frame, GateConfig, Held,
    Key, Limits, ManualClock, Moment, Opened, Reading, Refund, Remote, Scope, Snapshot, Storage,
    StorageError, StorageErrorKind, StorageKind, Turnstile, UpdateError, Way, at_once,
};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const PAUSE: Duration = Duration::from_millis(250);
const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);
/// Of bookings that the server makes.
const ERA: u64 = 7;

/// Answers each act with success, or is away.
#[derive(Debug)]
struct Server {
    away: Mutex<Option<StorageErrorKind>>,
    limits: Mutex<Vec<Option<u64>>>,
    asked: Mutex<Vec<Act>>,
}

impl Server {
    fn serve(&self, act: &Act) -> Result<Answer, StorageError> {
        self.asked.lock().unwrap().push(act.clone());
        if let Some(kind) = *self.away.lock().unwrap() {
            return Err(StorageError::with_source(kind, "told to fail"));
        }
        let reading = Reading::new(Frame::new(Moment::default(), 3), 5, 95).of_era(ERA);
        Ok(match act {
            Act::Update { .. } => Answer::Admitted(reading),
            Act::Take(_) => {
                Answer::Admitted(reading.with_cost_at(Booked::new(Moment::default(), ERA)))
            }
            Act::Refund { .. } | Act::GiveBack { .. } => Answer::Returned(reading),
            Act::Spans => {
                let limits = self.limits.lock().unwrap();
                let held = |limit: &Option<u64>| Held {
                    limit: *limit,
                    used: 0,
                };
                Answer::Spans(limits.iter().map(held).collect())
            }
            _ => Answer::Done,
        })
    }

    fn is(&self, kind: Option<StorageErrorKind>) {
        *self.away.lock().unwrap() = kind;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Remote for Server {
    fn call(&self, _: &Key, act: &Act, _: Deadline) -> Result<Answer, StorageError> {
        self.serve(act)
    }

    fn call_async<'a>(
        &'a self,
        _: &'a Key,
        act: Act,
        _: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(async move { self.serve(&act) })
    }

    fn limits(&self, _: &Key) -> Limits {
        Limits::none()
    }
}

impl Spans for Server {
    fn span_limits(&self) -> Vec<Option<u64>> {
        self.limits.lock().unwrap().clone()
    }
}

/// Opens the server under a policy.
#[derive(Debug)]
struct Under(Arc<Server>, OnStorageError, ManualClock);

impl Storage for Under {
    fn kind(&self) -> StorageKind {
        StorageKind::Redis
    }

    fn open(&self, config: &GateConfig, _: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        *self.0.limits.lock().unwrap() = config.span_limits().to_vec();
        let clock = Arc::new(self.2.clone());
        let inner: Arc<dyn Spans> = self.0.clone();
        let fallback = LimiterFallback::with_clock(inner, self.1, config, PAUSE, clock);
        Ok(Opened::Remote(Arc::new(fallback)))
    }
}

struct Limiter {
    server: Arc<Server>,
    clock: ManualClock,
    turnstile: Turnstile,
}

/// 8 in a second and 20 in 10 s, at a cost of 100 in 2 s if `costs`; its server is away.
fn limiter(policy: OnStorageError, costs: bool) -> Limiter {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000));
    let server = Arc::new(Server {
        away: Mutex::new(Some(StorageErrorKind::Unavailable)),
        limits: Mutex::default(),
        asked: Mutex::default(),
    });
    let mut builder = Turnstile::builder()
        .name("limiter")
        .window(8, SECOND, TENTH)
        .window(20, 10 * SECOND, SECOND)
        .clock(clock.clone())
        .storage(Under(server.clone(), policy, clock.clone()));
    if costs {
        builder = builder.cost_window(100, 2 * SECOND, TENTH);
    }
    Limiter {
        server,
        clock,
        turnstile: builder.build().unwrap(),
    }
}

impl Limiter {
    fn take(&self, value: u64, cost: u64) -> Result<Reading, UpdateError> {
        let demand = Demand::new(value).costing(cost);
        // in turn on both ways
        if self.server.asked().is_multiple_of(2) {
            return self.turnstile.try_take(demand);
        }
        at_once(self.turnstile.try_take_awaited(demand))
    }

    fn denied(&self, value: u64, cost: u64) -> Denial {
        match self.take(value, cost) {
            Err(UpdateError::WindowLimit(denial)) => denial,
            outcome => panic!("{outcome:?}"),
        }
    }

    /// Whether it came back.
    fn give_back(&self, value: u64, cost: u64, reading: &Reading) -> bool {
        let demand = Demand::new(value).costing(cost);
        let back = self.turnstile.take_back(Way::Blocking, demand, reading);
        at_once(back).unwrap() != Refund::Expired
    }

    fn wait(&self) -> Option<Duration> {
        at_once(self.turnstile.wait_time(Way::Blocking)).unwrap()
    }
}

fn local(parts: u32) -> OnStorageError {
    OnStorageError::local(parts).unwrap()
}

#[test]
fn an_error_is_an_error_and_so_is_what_is_no_outage() {
    for costs in [false, true] {
        let plain = limiter(OnStorageError::Error, costs);
        assert!(matches!(plain.take(1, 1), Err(UpdateError::Storage(_))));
        for policy in [OnStorageError::Allow, OnStorageError::Deny, local(2)] {
            let limiter = limiter(policy, costs);
            limiter.server.is(Some(StorageErrorKind::Unauthorized));
            assert!(matches!(limiter.take(1, 1), Err(UpdateError::Storage(_))));
            limiter.server.is(Some(StorageErrorKind::TimedOut));
            // what looks and what changes has no answer
            assert!(at_once(limiter.turnstile.state(Way::Blocking)).is_err());
            let set = limiter.turnstile.set_limit(Way::Blocking, SECOND, 3);
            assert!(at_once(set).is_err());
        }
    }
}

#[test]
fn allowed_is_counted_nowhere_and_denied_is_denied() {
    for costs in [false, true] {
        let allow = limiter(OnStorageError::Allow, costs);
        let reading = allow.take(1_000, 1_000).unwrap();
        assert_eq!(reading.remaining(), 8);
        assert_eq!(allow.wait(), None);
        let asked = allow.server.asked();
        assert!(!allow.give_back(1_000, 1_000, &reading));
        assert_eq!(allow.server.asked(), asked, "nothing of it is the server's");

        let deny = limiter(OnStorageError::Deny, costs);
        let denial = deny.denied(1, 1);
        assert_eq!((denial.scope(), denial.limit()), (Scope::Window, 8));
        assert_eq!(
            (denial.window(), denial.retry_after()),
            (Some(SECOND), PAUSE)
        );
        assert_eq!(deny.wait(), Some(PAUSE));
        let never = deny.take(9, 1).unwrap_err();
        assert!(matches!(never, UpdateError::TooLarge(error) if error.limit() == 8));
        deny.take(0, 0).unwrap();
        if costs {
            let denial = deny.denied(0, 7);
            assert_eq!((denial.scope(), denial.requested()), (Scope::Cost, 7));
            let never = deny.take(1, 101).unwrap_err();
            assert!(matches!(never, UpdateError::TooLarge(error) if error.limit() == 100));
        }
    }
}

#[test]
fn a_part_of_each_window_is_held_here() {
    for costs in [false, true] {
        let limiter = limiter(local(4), costs);
        // 8 / 4, 20 / 4 and 100 / 4
        limiter.take(2, 10).unwrap();
        let denial = limiter.denied(1, 0);
        assert_eq!(
            (denial.limit(), denial.used(), denial.window()),
            (8, 8, Some(SECOND))
        );
        assert_eq!(denial.retry_after(), PAUSE);
        assert_eq!(limiter.wait(), Some(PAUSE));
        limiter.clock.advance(9 * TENTH);
        assert_eq!(limiter.denied(1, 0).retry_after(), TENTH);
        assert_eq!(limiter.wait(), Some(TENTH));
        limiter.clock.advance(TENTH);
        assert_eq!(limiter.wait(), None);
        limiter.take(2, 10).unwrap();
        // above the part, not above the limit
        assert_eq!(limiter.denied(8, 0).limit(), 8);
        limiter.clock.advance(SECOND);
        let denial = limiter.denied(2, 0);
        assert_eq!((denial.limit(), denial.used()), (20, 19));
        assert_eq!(denial.window(), Some(10 * SECOND));
        if costs {
            let denial = limiter.denied(1, 16);
            assert_eq!(
                (denial.scope(), denial.limit(), denial.used()),
                (Scope::Cost, 100, 85)
            );
        }
        let never = limiter.take(9, 0).unwrap_err();
        assert!(matches!(never, UpdateError::TooLarge(error) if error.limit() == 8));
    }
}

#[test]
fn bookings_come_back_to_where_they_were_made() {
    for costs in [false, true] {
        let limiter = limiter(local(4), costs);
        let reading = limiter.take(2, 20).unwrap();
        limiter.denied(1, 0);
        limiter.server.is(None);
        let asked = limiter.server.asked();
        assert!(limiter.give_back(1, 5, &reading));
        assert_eq!(limiter.server.asked(), asked);
        // booked by the server, and given back to it
        let theirs = limiter.take(1, 1).unwrap();
        assert!(limiter.give_back(1, 1, &theirs));
        assert_eq!(limiter.server.asked(), asked + 2);
        limiter.server.is(Some(StorageErrorKind::TimedOut));
        limiter.take(1, 10).unwrap();
        limiter.denied(1, 0);
        if costs {
            limiter.clock.advance(SECOND);
            assert_eq!(limiter.denied(1, 1).used(), 100);
        }
        limiter.clock.advance(30 * SECOND);
        assert!(!limiter.give_back(1, 5, &reading));
    }
}

#[test]
fn limits_that_the_server_told_are_shared_out() {
    let limiter = limiter(local(2), true);
    limiter.take(4, 50).unwrap();
    *limiter.server.limits.lock().unwrap() = vec![Some(12), Some(20), Some(120)];
    limiter.take(2, 10).unwrap();
    let denial = limiter.denied(1, 1);
    assert_eq!((denial.limit(), denial.used()), (12, 12));
    // a part of one that is nothing
    *limiter.server.limits.lock().unwrap() = vec![Some(12), Some(20), Some(1)];
    let denial = limiter.denied(1, 1);
    assert_eq!(
        (denial.limit(), denial.used(), denial.retry_after()),
        (12, 12, PAUSE)
    );
}
