//! Turnstiles in Redis, told the time, against those in this process's memory.

use crate::place;
use call_gate_core::{
    Demand, ManualClock, OnLimits, Reading, Storage, Turnstile, TurnstileState, UpdateError, Way,
    at_once,
};
use call_gate_testkit::spec::fresh_name;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;
use std::time::{Duration, SystemTime};

/// One window: its limit, its step in base steps, and its frames.
type Window = (u64, u32, u32);

#[derive(Debug, Clone)]
struct Rules {
    base: Duration,
    windows: Vec<Window>,
    costs: Vec<Window>,
    strict: bool,
    credits: bool,
}

#[derive(Debug, Clone)]
enum Move {
    /// So many thirds of a base step.
    Advance(u32),
    Take(Demand),
    /// Gives back a part of the booking of that number, counted from the newest.
    GiveBack(usize, Demand),
    More(Demand),
    SetLimit(usize, u64),
    SetCostLimit(usize, u64),
}

fn windows(least: usize) -> impl Strategy<Value = Vec<Window>> {
    let window = (1..=12_u64, select(vec![1_u32, 1, 2, 3, 4, 6]), 2..=6_u32);
    vec(window, least..=3).prop_map(|mut windows| {
        let mut lengths = Vec::new();
        // no two of one length
        windows.retain(|(_, step, frames)| {
            let is_new = !lengths.contains(&(step * frames));
            lengths.push(step * frames);
            is_new
        });
        windows
    })
}

fn rules() -> impl Strategy<Value = Rules> {
    let windows = prop_oneof![
        3 => (windows(1), Just(Vec::new())),
        3 => (windows(1), windows(1)),
        1 => (Just(Vec::new()), windows(1)),
    ];
    let base = select(vec![21_u64, 1_200, 60_000]);
    (base, windows, any::<bool>(), any::<bool>()).prop_map(
        |(base, (windows, costs), strict, credits)| Rules {
            base: Duration::from_micros(base),
            windows,
            costs,
            strict,
            credits,
        },
    )
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let demand =
        || (0..=5_u64, 0..=5_u64).prop_map(|(value, cost)| Demand::new(value).costing(cost));
    let step = prop_oneof![
        3 => prop_oneof![6 => 1..=8_u32, 1 => 9..=120_u32].prop_map(Move::Advance),
        5 => demand().prop_map(Move::Take),
        2 => (0..4_usize, demand()).prop_map(|(back, demand)| Move::GiveBack(back, demand)),
        1 => demand().prop_map(Move::More),
        1 => (0..3_usize, 1..=14_u64).prop_map(|(window, limit)| Move::SetLimit(window, limit)),
        1 => (0..3_usize, 1..=14_u64).prop_map(|(window, limit)| Move::SetCostLimit(window, limit)),
    ];
    vec(step, 1..=40)
}

impl Rules {
    fn length(&self, (_, step, frames): Window) -> Duration {
        self.base * step * frames
    }

    fn build(&self, name: &str, storage: impl Storage + 'static, clock: &ManualClock) -> Turnstile {
        let mut builder = Turnstile::builder()
            .name(name)
            .storage(storage)
            .clock(clock.clone())
            .limits_up_to(1_000)
            .on_limits(OnLimits::Adopt);
        for window in &self.windows {
            builder = builder.window(window.0, self.length(*window), self.base * window.1);
        }
        for window in &self.costs {
            builder = builder.cost_window(window.0, self.length(*window), self.base * window.1);
        }
        if self.strict {
            builder = builder.strict();
        }
        if self.credits {
            builder = builder.credits();
        }
        builder.build().unwrap()
    }
}

/// What became of a request, in numbers.
fn outcome(result: Result<Reading, UpdateError>) -> (Option<Reading>, String) {
    match result {
        Ok(reading) => (Some(reading), String::new()),
        Err(error) => (None, error.to_string()),
    }
}

fn state(turnstile: &Turnstile) -> TurnstileState {
    at_once(turnstile.state(Way::Blocking)).unwrap()
}

/// As much as no window refuses for ever.
fn admissible(demand: Demand, state: &TurnstileState) -> Demand {
    let least = |windows: &[call_gate_core::WindowState]| {
        windows
            .iter()
            .map(|window| window.limit)
            .min()
            .unwrap_or(u64::MAX)
    };
    let value = demand.value().min(least(&state.windows));
    Demand::new(value).costing(demand.cost().min(least(&state.costs)))
}

fn play(rules: &Rules, moves: Vec<Move>, taken: &Cell<u32>) -> Result<(), TestCaseError> {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let storage = || {
        let storage = place::storage().deadline(Duration::from_secs(20));
        storage.told_the_time(clock.clone())
    };
    let name = fresh_name();
    let memory = rules.build(&name, call_gate_core::Memory::new(), &clock);
    // two handles of one limiter, used in turn
    let handles = [(); 2].map(|()| rules.build(&name, storage(), &clock));
    let mut bookings: Vec<(Demand, Reading, Reading)> = Vec::new();
    for (turn, step) in moves.into_iter().enumerate() {
        let redis = &handles[turn % 2];
        match step {
            Move::Advance(thirds) => clock.advance(rules.base / 3 * thirds),
            Move::Take(demand) => {
                let demand = admissible(demand, &state(&memory));
                let (ours, why) = outcome(redis.try_take(demand));
                let (theirs, why_there) = outcome(memory.try_take(demand));
                prop_assert_eq!(why, why_there);
                if let (Some(ours), Some(theirs)) = (ours, theirs) {
                    if !rules.windows.is_empty() {
                        prop_assert_eq!(ours.remaining(), theirs.remaining());
                    }
                    bookings.push((demand, ours, theirs));
                    taken.set(taken.get() + 1);
                }
            }
            Move::GiveBack(back, part) => {
                let Some(index) = bookings.len().checked_sub(back + 1) else {
                    continue;
                };
                let (demand, ours, theirs) = bookings.remove(index);
                let value = part.value().min(demand.value());
                let part = Demand::new(value).costing(part.cost().min(demand.cost()));
                let counted = part.value() > 0 || !rules.costs.is_empty();
                if !counted {
                    // what books nothing leaves no key
                    continue;
                }
                let ours = at_once(redis.take_back(Way::Blocking, part, &ours)).unwrap();
                let theirs = at_once(memory.take_back(Way::Blocking, part, &theirs)).unwrap();
                prop_assert_eq!(ours, theirs);
            }
            Move::More(demand) => {
                let demand = admissible(demand, &state(&memory));
                let why = |turnstile: &Turnstile| {
                    let more = at_once(turnstile.take_more(Way::Blocking, demand));
                    more.map_err(|error| error.to_string())
                };
                prop_assert_eq!(why(redis), why(&memory));
            }
            Move::SetLimit(window, limit) => {
                if let Some(window) = rules.windows.get(window) {
                    let length = rules.length(*window);
                    for turnstile in [redis, &memory] {
                        at_once(turnstile.set_limit(Way::Blocking, length, limit)).unwrap();
                    }
                }
            }
            Move::SetCostLimit(window, limit) => {
                if let Some(window) = rules.costs.get(window) {
                    let length = rules.length(*window);
                    for turnstile in [redis, &memory] {
                        at_once(turnstile.set_cost_limit(Way::Blocking, length, limit)).unwrap();
                    }
                }
            }
        }
        prop_assert_eq!(state(redis), state(&memory));
        let wait = |turnstile: &Turnstile| at_once(turnstile.wait_time(Way::Blocking)).unwrap();
        prop_assert_eq!(wait(redis), wait(&memory));
    }
    Ok(())
}

#[test]
fn limiters_in_redis_answer_as_those_in_memory_do() {
    let taken = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: if crate::checker::is_long() {
            2_000
        } else {
            120
        },
        failure_persistence: None,
        ..Config::default()
    });
    let played = runner.run(&(rules(), moves()), |(rules, moves)| {
        play(&rules, moves, &taken)
    });
    if let Err(error) = played {
        panic!("{error}");
    }
    assert!(
        taken.get() > 300,
        "only {} requests were admitted",
        taken.get()
    );
}
