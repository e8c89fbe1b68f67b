//! Crowds through the limiter of the seed's example, in virtual time: threads here, tasks in `tasks`.

use crate::{Closes, START, until};
use call_gate_core::clock::ManualClock;
use call_gate_limiter::{OwnedPermit, RateLimiter, RateLimiterBuilder};
use call_gate_testkit::limiter::{Ask, LimiterOracle, LimiterRules, Slip, Told};
use call_gate_testkit::spans::{Closed, SpanRule};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// 3 in 2 s, 15 a minute, 2 at once.
pub(crate) fn seed() -> RateLimiterBuilder {
    RateLimiter::builder()
        .per_second(3)
        .second_window(2)
        .per_minute(15)
        .max_burst(2)
}

/// How long number `number` holds its permit: 0.1 s to 2.9 s, by tenths.
pub(crate) fn hold(number: usize) -> Duration {
    Duration::from_millis(100 + (number as u64 * 700) % 2_900)
}

/// When each of a crowd that comes at `start` and holds for as long as [`hold`] says is admitted, by the oracle.
pub(crate) struct Foretold {
    oracle: LimiterOracle,
    pub(crate) now: u64,
    /// Number, ticket and time, in order.
    pub(crate) admitted: Vec<(usize, u64)>,
    tickets: HashMap<u64, usize>,
    /// Whose permits are out, and until when.
    out: Vec<(u64, usize, Slip)>,
}

impl Foretold {
    pub(crate) fn new(crowd: usize, start: u64) -> Self {
        let span = |step: u64, frames, limit| SpanRule {
            step: step * 1_000_000,
            frames,
            limit: Some(limit),
        };
        let rules = LimiterRules {
            windows: vec![span(100, 20, 3), span(1_000, 60, 15)],
            costs: Vec::new(),
            burst: Some(2),
            closed: Closed::Expires,
        };
        let mut oracle = LimiterOracle::new(rules, start);
        let one = Ask { value: 1, cost: 0 };
        let tickets = (0..crowd).map(|number| (oracle.stand(one, None), number));
        let tickets = tickets.collect();
        let mut foretold = Self {
            oracle,
            now: start,
            admitted: Vec::new(),
            tickets,
            out: Vec::new(),
        };
        foretold.serve();
        foretold
    }

    /// Goes on to the next time at which a permit comes back or a window has room; whose permits come back then.
    pub(crate) fn next(&mut self) -> Option<(u64, Vec<usize>)> {
        let back = self.out.iter().map(|(until, ..)| *until).min();
        let due = self.oracle.due();
        self.now = back.into_iter().chain(due).min()?;
        let mut numbers = Vec::new();
        for (until, number, slip) in std::mem::take(&mut self.out) {
            if until <= self.now {
                self.oracle.release(slip);
                numbers.push(number);
            } else {
                self.out.push((until, number, slip));
            }
        }
        self.serve();
        Some((self.now, numbers))
    }

    fn serve(&mut self) {
        for (ticket, told) in self.oracle.serve(self.now) {
            let Told::Admitted(slip) = told else {
                panic!("{told:?}")
            };
            let number = self.tickets[&ticket];
            let until = self.now + u64::try_from(hold(number).as_nanos()).unwrap();
            self.out.push((until, number, slip));
            self.admitted.push((number, self.now));
        }
    }
}

#[test]
fn two_hundred_threads_are_admitted_when_the_oracle_says_and_in_order() {
    const CROWD: usize = 200;
    let clock = ManualClock::new(START);
    let limiter = seed().clock(clock.clone()).build().unwrap();
    let out = AtomicU64::new(0);
    // whose permits are out; the test gives them back
    let permits: Mutex<HashMap<usize, OwnedPermit>> = Mutex::default();
    let admitted: Mutex<Vec<(usize, u64)>> = Mutex::default();
    // so that the first two stand in the queue as well
    let before = [(); 2].map(|()| limiter.try_acquire().unwrap());
    let nanos = || {
        let since = clock.time().duration_since(START).unwrap();
        u64::try_from(since.as_nanos()).unwrap()
    };
    thread::scope(|scope| {
        let _closes = Closes(&limiter);
        for number in 0..CROWD {
            let (limiter, out, permits, admitted) = (&limiter, &out, &permits, &admitted);
            let nanos = &nanos;
            scope.spawn(move || {
                let permit = limiter.acquire_owned().unwrap();
                let together = out.fetch_add(1, Ordering::SeqCst) + 1;
                assert!(together <= 2, "{together} at once");
                let mut permits = permits.lock().unwrap();
                permits.insert(number, permit);
                admitted.lock().unwrap().push((number, nanos()));
            });
            until(|| limiter.waiters() == number + 1);
        }
        for permit in before {
            permit.refund().unwrap();
        }
        let mut foretold = Foretold::new(CROWD, 0);
        let settled = |foretold: &Foretold| {
            let due = foretold.admitted.len();
            until(|| admitted.lock().unwrap().len() >= due);
            assert_eq!(limiter.waiters(), CROWD - due);
            // the next one may just be judged, which takes a place and gives it back
            until(|| limiter.permits_out() == Some(out.load(Ordering::SeqCst)));
        };
        settled(&foretold);
        loop {
            let (was, known) = (foretold.now, foretold.admitted.len());
            let Some((time, back)) = foretold.next() else {
                break;
            };
            if time > was {
                // until then nothing happens
                clock.advance(Duration::from_nanos(time - was - 1));
                thread::yield_now();
                assert_eq!(limiter.waiters(), CROWD - known);
                clock.advance(Duration::from_nanos(1));
            }
            for number in back {
                let permit = permits.lock().unwrap().remove(&number).unwrap();
                out.fetch_sub(1, Ordering::SeqCst);
                drop(permit);
            }
            settled(&foretold);
        }
        let mut admitted = std::mem::take(&mut *admitted.lock().unwrap());
        // two that are admitted at one time may write it down in any order
        admitted.sort_unstable_by_key(|(number, time)| (*time, *number));
        assert_eq!(admitted, foretold.admitted);
        assert_eq!(admitted.len(), CROWD);
    });
    assert_eq!((limiter.waiters(), limiter.permits_out()), (0, Some(0)));
}
