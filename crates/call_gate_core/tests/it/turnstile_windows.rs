//! Several windows of one turnstile, in both placements, against the list of all bookings and against each other.

use crate::SECOND;
use call_gate_core::clock::ManualClock;
use call_gate_core::{
    Demand, Moment, Reading, Refund, Scope, Turnstile, TurnstileState, UpdateError, Way, at_once,
};
use call_gate_testkit::spans::{SpanOracle, SpanRefusal, SpanRule};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::time::Duration;

const START: u64 = 1_700_000_000_000_000_000;
const UNIT: u64 = 10_000;

/// Windows of one to four lengths: limit, step and frames.
fn windows() -> impl Strategy<Value = Vec<(u64, u64, u64)>> {
    let step = select(vec![1_u64, 1, 2, 3, 4, 6, 9]).prop_map(|step| step * UNIT);
    let windows = vec((1_u64..=12, step, 2_u64..=6), 1..=4);
    windows.prop_map(|mut windows| {
        let mut seen = Vec::new();
        windows.retain(|(_, step, frames)| {
            let new = !seen.contains(&(step * frames));
            seen.push(step * frames);
            new
        });
        windows
    })
}

#[derive(Debug, Clone, Copy)]
enum Keeps {
    Packed,
    Locked,
    Strict,
}

fn turnstile(windows: &[(u64, u64, u64)], keeps: Keeps, clock: &ManualClock) -> Turnstile {
    let mut turnstile = Turnstile::builder().clock(clock.clone());
    for (limit, step, frames) in windows {
        let length = Duration::from_nanos(step * frames);
        turnstile = turnstile.window(*limit, length, Duration::from_nanos(*step));
    }
    match keeps {
        Keeps::Packed => turnstile,
        Keeps::Locked => turnstile.limits_up_to(u64::MAX),
        Keeps::Strict => turnstile.strict(),
    }
    .build()
    .unwrap()
}

fn clock_at(nanos: u64) -> ManualClock {
    ManualClock::new(Moment::from_nanos(nanos).into())
}

fn state(turnstile: &Turnstile) -> TurnstileState {
    at_once(turnstile.state(Way::Blocking)).unwrap()
}

fn moves() -> impl Strategy<Value = i64> {
    let unit = i64::try_from(UNIT).unwrap();
    let ticks = prop_oneof![4 => Just(0_i64), 8 => 1_i64..=8, 2 => -6_i64..=0, 1 => 9_i64..=60];
    (ticks, -1_i64..=1).prop_map(move |(ticks, odd)| ticks * (unit / 3) + odd)
}

/// A turnstile's answer in the words of the oracle; which window denied is told by its length.
fn said(
    outcome: Result<Reading, UpdateError>,
    windows: &[(u64, u64, u64)],
    now: u64,
) -> Result<u64, SpanRefusal> {
    outcome.map(|reading| reading.remaining()).map_err(|error| {
        let denial = error.denial().expect("a denial");
        assert_eq!(denial.scope(), Scope::Window);
        let length = denial.window().expect("its window");
        let span = windows
            .iter()
            .position(|(_, step, frames)| Duration::from_nanos(step * frames) == length);
        SpanRefusal {
            span: span.expect("one of them"),
            limit: denial.limit(),
            used: denial.used(),
            retry_at: now + u64::try_from(denial.retry_after().as_nanos()).unwrap(),
        }
    })
}

proptest! {
    #[test]
    fn several_windows_agree_with_the_list(
        windows in windows(),
        requests in vec((moves(), 0_u64..=6), 1..60),
    ) {
        let most = windows.iter().map(|(limit, ..)| *limit).min().unwrap();
        for keeps in [Keeps::Packed, Keeps::Locked, Keeps::Strict] {
            let more = u64::from(matches!(keeps, Keeps::Strict));
            let rules = windows.iter().map(|(limit, step, frames)| SpanRule {
                step: *step,
                frames: frames + more,
                limit: Some(*limit),
            });
            let clock = clock_at(START);
            let turnstile = turnstile(&windows, keeps, &clock);
            let mut oracle = SpanOracle::new(rules.collect(), START);
            let mut now = START;
            for (by, value) in &requests {
                now = now.saturating_add_signed(*by);
                clock.set(Moment::from_nanos(now).into());
                let value = (*value).min(most);
                let told = oracle.book(now, value);
                // the wait is told from the clock's time, however far that was set back
                let said = said(turnstile.try_take(Demand::new(value)), &windows, now);
                prop_assert_eq!(said, told, "{:?}: {} at {}", keeps, value, now);
            }
        }
    }

    /// Live limits, refunds of the newest booking and looks: the packed window and the locked one never differ.
    #[test]
    fn packed_and_locked_windows_say_the_same(
        windows in windows(),
        ops in vec((moves(), 0_u8..8, any::<Index>(), 0_u64..=14), 1..60),
    ) {
        let clock = clock_at(START);
        let both = [Keeps::Packed, Keeps::Locked].map(|keeps| turnstile(&windows, keeps, &clock));
        let mut newest: Option<([Reading; 2], u64)> = None;
        let mut now = START;
        for (by, op, which, number) in ops {
            now = now.saturating_add_signed(by);
            clock.set(Moment::from_nanos(now).into());
            match op {
                0 => {
                    let (_, step, frames) = *which.get(&windows);
                    let length = Duration::from_nanos(step * frames);
                    for turnstile in &both {
                        let set = turnstile.set_limit(Way::Blocking, length, number.max(1));
                        at_once(set).unwrap();
                        let set = state(turnstile).windows;
                        let set = set.iter().find(|window| window.length == length).unwrap();
                        prop_assert_eq!(set.limit, number.max(1));
                    }
                }
                1 => {
                    let Some((readings, left)) = &mut newest else { continue };
                    let value = number.min(*left);
                    let [packed, locked] = [0, 1].map(|at| {
                        let back = both[at].take_back(Way::Blocking, Demand::new(value), &readings[at]);
                        at_once(back).unwrap()
                    });
                    prop_assert_eq!(packed, locked);
                    if let Refund::Returned(value) = packed {
                        *left -= value;
                    }
                }
                _ => {
                    let demand = Demand::new(number / 2);
                    let [packed, locked] = both.each_ref().map(|turnstile| turnstile.try_take(demand));
                    match (packed, locked) {
                        (Ok(packed), Ok(locked)) => {
                            prop_assert_eq!(packed.remaining(), locked.remaining());
                            newest = Some(([packed, locked], demand.value()));
                        }
                        (Err(packed), Err(locked)) => {
                            prop_assert_eq!(packed.to_string(), locked.to_string());
                        }
                        (packed, locked) => {
                            prop_assert!(false, "{:?}, {:?}", packed, locked);
                        }
                    }
                }
            }
            prop_assert_eq!(state(&both[0]), state(&both[1]));
        }
    }
}

#[test]
fn one_windows_limit_changes_and_the_others_stay() {
    let clock = clock_at(START);
    let windows = [(5, UNIT, 4), (8, 2 * UNIT, 6), (9, UNIT, 60)];
    for keeps in [Keeps::Packed, Keeps::Locked, Keeps::Strict] {
        let turnstile = turnstile(&windows, keeps, &clock);
        turnstile.try_take(Demand::new(5)).unwrap();
        let length = Duration::from_nanos(12 * UNIT);
        at_once(turnstile.set_limit(Way::Blocking, length, 3)).unwrap();
        let state = state(&turnstile);
        let held: Vec<_> = state
            .windows
            .iter()
            .map(|window| (window.limit, window.used))
            .collect();
        assert_eq!(held, [(5, 5), (3, 5), (9, 5)], "{keeps:?}");
        clock.advance(Duration::from_nanos(5 * UNIT));
        let error = turnstile.try_take(Demand::new(1)).unwrap_err();
        assert_eq!(
            error.denial().unwrap().window(),
            Some(length),
            "{keeps:?}: {error}"
        );
    }
}

#[test]
fn a_strict_window_counts_one_frame_more() {
    for (strict, admitted) in [(false, true), (true, false)] {
        let clock = clock_at(START / 1_000_000_000 * 1_000_000_000);
        clock.advance(Duration::from_millis(990));
        let turnstile = Turnstile::builder()
            .window(1, 10 * SECOND, SECOND)
            .clock(clock.clone());
        let turnstile = if strict {
            turnstile.strict()
        } else {
            turnstile
        };
        let turnstile = turnstile.build().unwrap();
        turnstile.try_take(Demand::new(1)).unwrap();
        clock.advance(Duration::from_millis(9_010));
        assert_eq!(turnstile.try_take(Demand::new(1)).is_ok(), admitted);
        let denied = turnstile.try_take(Demand::new(1)).unwrap_err();
        assert_eq!(denied.denial().unwrap().window(), Some(10 * SECOND));
    }
}

#[test]
fn costs_alone_are_a_limit() {
    let turnstile = Turnstile::builder()
        .cost_window(100, 10 * SECOND, SECOND)
        .clock(clock_at(START))
        .build()
        .unwrap();
    assert!(turnstile.counts_costs());
    for _ in 0..10 {
        turnstile.try_take(Demand::new(7).costing(10)).unwrap();
    }
    turnstile.try_take(Demand::new(7)).unwrap();
    let error = turnstile.try_take(Demand::new(1).costing(1)).unwrap_err();
    assert_eq!(error.denial().unwrap().scope(), Scope::Cost);
    assert_eq!(error.denial().unwrap().window(), Some(10 * SECOND));
    at_once(turnstile.set_cost_limit(Way::Blocking, 10 * SECOND, 101)).unwrap();
    turnstile.try_take(Demand::new(1).costing(1)).unwrap();
    let state = state(&turnstile);
    assert!(state.windows.is_empty());
    assert_eq!((state.costs[0].limit, state.costs[0].used), (101, 101));
}

#[test]
fn a_booking_is_credited_while_any_window_holds_it() {
    let clock = clock_at(START);
    let turnstile = Turnstile::builder()
        .cost_window(1_000, 60 * SECOND, SECOND)
        .cost_window(1_000, 24 * 3_600 * SECOND, 1_800 * SECOND)
        .clock(clock.clone())
        .build()
        .unwrap();
    let reading = turnstile.try_take(Demand::new(1).costing(500)).unwrap();
    clock.advance(90 * SECOND);
    let back = Demand::new(0).costing(400);
    let refund = at_once(turnstile.take_back(Way::Blocking, back, &reading)).unwrap();
    assert_eq!(refund, Refund::Returned(400));
    let used: Vec<u64> = state(&turnstile)
        .costs
        .iter()
        .map(|window| window.used)
        .collect();
    assert_eq!(used, [0, 100]);
}
