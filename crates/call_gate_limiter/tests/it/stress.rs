//! Threads that really run at once: what may never happen, counted while it does not.

use crate::{MILLI, SECOND, START};
use call_gate_core::clock::{Clock, ManualClock};
use call_gate_core::{Demand, SystemClock, UpdateError, Wait};
use call_gate_limiter::{OwnedPermit, RateLimiter, RateLimiterBuilder};
use call_gate_testkit::history::History;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: u64 = 4;
const MOST: u64 = 5;
const STEP: Duration = Duration::from_millis(10);
/// How long each window is, in steps, and its limit.
const WINDOWS: [(u32, u64); 2] = [(3, 6), (20, 25)];

/// A permit that was taken between two looks at the clock.
struct Admitted {
    before: u64,
    after: u64,
    value: u64,
}

/// What the threads share.
struct Field<'l> {
    limiter: &'l RateLimiter,
    clock: &'l (dyn Clock + 'l),
    stop: AtomicBool,
    /// The places of all permits that are out.
    inside: AtomicU64,
    /// Permits that another thread than their own gives back.
    handed: Mutex<Vec<OwnedPermit>>,
    admitted: Mutex<Vec<Admitted>>,
}

fn builder() -> RateLimiterBuilder {
    let builder = RateLimiter::builder().max_burst(MOST);
    WINDOWS
        .into_iter()
        .fold(builder, |builder, (steps, limit)| {
            builder.limit_in_steps(limit, STEP * steps, STEP)
        })
}

impl Field<'_> {
    /// Asks in every way there is until it is time to stop; what stayed booked is noted.
    fn asks(&self, seed: u64) {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = |most: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % most
        };
        while !self.stop.load(Ordering::Relaxed) {
            let demand = Demand::new(1 + next(3)).costing(next(4));
            let wait = match next(6) {
                0 => Wait::Forever,
                1 => Wait::For(STEP * 2),
                2 => Wait::For(Duration::ZERO),
                _ => Wait::Never,
            };
            let before = self.clock.now().as_nanos();
            let permit = match self.limiter.acquire_owned_with(demand, wait) {
                Ok(permit) => permit,
                Err(error) => {
                    assert!(error.is_denied(), "{error:?}");
                    thread::yield_now();
                    continue;
                }
            };
            let after = self.clock.now().as_nanos();
            let value = demand.value();
            let inside = self.inside.fetch_add(value, Ordering::SeqCst) + value;
            assert!(inside <= MOST, "{inside} places of {MOST}");
            if next(4) == 0 {
                // it may be taken back, so nothing is to be said of it
                self.inside.fetch_sub(value, Ordering::SeqCst);
                permit.refund().unwrap();
                continue;
            }
            self.admitted.lock().unwrap().push(Admitted {
                before,
                after,
                value,
            });
            if next(2) == 0 {
                thread::yield_now();
            }
            self.hands(permit, next(3) == 0);
        }
        self.empties();
    }

    /// Gives a permit back, or leaves it to others and gives theirs back.
    fn hands(&self, permit: OwnedPermit, over: bool) {
        if !over {
            return self.gives_back(permit);
        }
        self.empties();
        self.handed.lock().unwrap().push(permit);
        if self.stop.load(Ordering::Relaxed) {
            self.empties();
        }
    }

    fn empties(&self) {
        let handed = std::mem::take(&mut *self.handed.lock().unwrap());
        for permit in handed {
            self.gives_back(permit);
        }
    }

    fn gives_back(&self, permit: OwnedPermit) {
        self.inside
            .fetch_sub(permit.demand().value(), Ordering::SeqCst);
        drop(permit);
    }
}

/// Runs the threads for so long, while `moves` is called again and again; it still is until all have come back.
fn run(limiter: &RateLimiter, clock: &dyn Clock, moves: impl Fn(u64)) -> Vec<Admitted> {
    let field = Field {
        limiter,
        clock,
        stop: AtomicBool::new(false),
        inside: AtomicU64::new(0),
        handed: Mutex::default(),
        admitted: Mutex::default(),
    };
    let began = Instant::now();
    thread::scope(|scope| {
        let threads: Vec<_> = (1..=THREADS)
            .map(|seed| {
                scope.spawn({
                    let field = &field;
                    move || field.asks(seed)
                })
            })
            .collect();
        let mut turn = 0;
        while threads.iter().any(|thread| !thread.is_finished()) {
            assert!(began.elapsed() < 60 * SECOND, "somebody is left waiting");
            if began.elapsed() > 700 * MILLI {
                field.stop.store(true, Ordering::Relaxed);
            }
            if turn % 4 == 0 {
                // all threads may wait for what was handed over
                field.empties();
            }
            moves(turn);
            turn += 1;
            thread::yield_now();
        }
    });
    field.empties();
    assert_eq!(field.inside.into_inner(), 0);
    assert_eq!((limiter.waiters(), limiter.permits_out()), (0, Some(0)));
    field.admitted.into_inner().unwrap()
}

/// By a clock that is moved while they ask: what was surely booked in a frame breaks no window, nor does the sum of all.
fn by_hand(builder: RateLimiterBuilder) {
    let clock = ManualClock::new(START + 1_000 * SECOND);
    let limiter = builder.clock(clock.clone()).build().unwrap();
    let from = clock.now().as_nanos();
    let admitted = run(&limiter, &clock, |turn| {
        for _ in 0..20 {
            thread::yield_now();
        }
        limiter
            .set_max_burst(if turn % 3 == 0 { 3 } else { MOST })
            .unwrap();
        clock.advance(STEP / 4);
    });
    let step = u64::try_from(STEP.as_nanos()).unwrap();
    let frames = (clock.now().as_nanos() - from) / step + 1;
    let total: u64 = admitted.iter().map(|one| one.value).sum();
    assert!(total > 0);
    for (steps, limit) in WINDOWS {
        let windows = frames.div_ceil(u64::from(steps));
        assert!(
            total <= windows * limit,
            "{total} in {windows} times {limit}"
        );
        let mut history = History::new(step, u64::from(steps)).with_limits(Some(limit), None);
        let sure = admitted
            .iter()
            .filter(|one| one.before / step == one.after / step);
        for one in sure {
            history.record(one.after, one.value);
        }
        assert!(!history.is_empty());
        assert_eq!(history.check(), Ok(()));
    }
    // once all windows are empty again, there is as much room as ever
    clock.advance(60 * SECOND);
    limiter.set_max_burst(MOST).unwrap();
    drop(
        limiter
            .acquire_with(Demand::new(MOST), Wait::Never)
            .unwrap(),
    );
    assert!(matches!(
        limiter.acquire_many(MOST + 1),
        Err(UpdateError::TooLarge(_))
    ));
}

#[test]
fn packed() {
    by_hand(builder());
}

#[test]
fn under_a_lock() {
    by_hand(builder().credits());
}

#[test]
fn with_costs() {
    by_hand(builder().cost_limit_in_steps(20, STEP * 7, STEP));
}

#[test]
fn in_real_time() {
    let clock = SystemClock::precise();
    let limiter = builder().build().unwrap();
    let began = Instant::now();
    let admitted = run(&limiter, &clock, |_| thread::sleep(MILLI));
    let frames = began.elapsed().as_nanos() / STEP.as_nanos() + 2;
    let total: u64 = admitted.iter().map(|one| one.value).sum();
    for (steps, limit) in WINDOWS {
        let windows = frames.div_ceil(u128::from(steps)) + 1;
        assert!(u128::from(total) <= windows * u128::from(limit));
    }
    assert!(total >= 25, "{total} in {:?}", began.elapsed());
}
