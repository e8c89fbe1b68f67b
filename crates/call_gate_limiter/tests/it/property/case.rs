//! Limiters and lives to be lived, made up.

use call_gate_testkit::limiter::{Ask, LimiterRules};
use call_gate_testkit::spans::{Closed, SpanRule};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Where the windows are counted, and what that brings with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// One word in this process.
    Packed,
    /// Under a lock, with credits.
    Credits,
    /// Under a lock, for limits of any size.
    Wide,
    /// Under a lock, for costs.
    Costs,
    /// In shared memory.
    Shared,
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) place: Place,
    pub(crate) rules: LimiterRules,
    pub(crate) strict: bool,
    pub(crate) start: u64,
    pub(crate) acts: Vec<Act>,
}

#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// The clock moves, back when that is negative.
    Move(i64),
    /// A request that does not wait.
    Try(Ask),
    /// A task that waits, for so long at most.
    Wait(Ask, Option<u64>),
    /// A task that waits goes away.
    Leave(Index),
    /// A permit is dropped.
    Drop(Index),
    /// A request is taken back.
    Refund(Index),
    /// A request ends with what it really was.
    Settle(Index, u64),
    /// A permit's places are gone for good.
    Forget(Index),
    /// A window gets another limit.
    Limit(Index, u64),
    /// A window of cost does.
    CostLimit(Index, u64),
    /// So many permits may be out.
    Burst(u64),
    /// The end of it.
    Close,
}

/// Limiters in `place`, each with up to `acts` of a life.
pub(crate) fn cases(place: Place, acts: usize) -> impl Strategy<Value = Case> {
    let base = select(vec![1_000_000_u64, 100_000_000, 1_000_003]);
    let costs = match place {
        Place::Costs => 1..=3,
        _ => 0..=0,
    };
    let least = usize::from(place == Place::Shared);
    (
        base,
        vec(window(), least..=4),
        vec(window(), costs),
        weighted(0.6, 1_u64..=5),
        proptest::bool::weighted(0.2),
        (0_u64..100, 0_u64..3),
    )
        .prop_flat_map(
            move |(base, windows, costs, burst, strict, (frame, third))| {
                let start = 1_700_000_000_000_000_000 / base * base + base * frame;
                let rules = LimiterRules {
                    windows: of_lengths(windows, base),
                    costs: of_lengths(costs, base),
                    burst,
                    closed: match place {
                        Place::Credits | Place::Costs => Closed::Credited,
                        _ => Closed::Expires,
                    },
                };
                let rules = if rules.windows.is_empty() && rules.costs.is_empty() {
                    let burst = burst.or(Some(2));
                    LimiterRules { burst, ..rules }
                } else {
                    rules
                };
                vec(act(base), 1..=acts).prop_map(move |acts| Case {
                    place,
                    rules: rules.clone(),
                    strict,
                    start: start + base / 3 * third,
                    acts,
                })
            },
        )
}

/// A window of at most 30 base frames: its step in them, its frames, its limit.
fn window() -> impl Strategy<Value = (u64, u64, u64)> {
    (
        select(vec![1_u64, 1, 2, 3, 4, 6]),
        2_u64..=5,
        prop_oneof![1_u64..=12, 1_u64..=4],
    )
}

/// The windows in steps of `base`, one of each length.
fn of_lengths(windows: Vec<(u64, u64, u64)>, base: u64) -> Vec<SpanRule> {
    let mut made: Vec<SpanRule> = Vec::new();
    for (step, frames, limit) in windows {
        let length = step * base * frames;
        if made.iter().all(|other| other.step * other.frames != length) {
            made.push(SpanRule {
                step: step * base,
                frames,
                limit: Some(limit),
            });
        }
    }
    made
}

fn act(base: u64) -> impl Strategy<Value = Act> {
    let third = i64::try_from(base / 3).unwrap();
    let frames = prop_oneof![8 => 1_i64..=12, 3 => -9_i64..=0, 1 => 13_i64..=120];
    let by = (frames, -1_i64..=1).prop_map(move |(thirds, odd)| thirds * third + odd);
    let ask = || {
        let value = prop_oneof![8 => Just(1_u64), 4 => 0_u64..=4, 1 => 5_u64..=13];
        let cost = prop_oneof![2 => 0_u64..=6, 1 => 0_u64..=13];
        (value, cost).prop_map(|(value, cost)| Ask { value, cost })
    };
    let wait = weighted(
        0.4,
        (0_u64..=20).prop_map(move |thirds| thirds * (base / 3)),
    );
    let one = any::<Index>;
    prop_oneof![
        30 => by.prop_map(Act::Move),
        30 => ask().prop_map(Act::Try),
        20 => (ask(), wait).prop_map(|(ask, wait)| Act::Wait(ask, wait)),
        4 => one().prop_map(Act::Leave),
        15 => one().prop_map(Act::Drop),
        8 => one().prop_map(Act::Refund),
        8 => (one(), 0_u64..=14).prop_map(|(slip, actual)| Act::Settle(slip, actual)),
        1 => one().prop_map(Act::Forget),
        3 => (one(), 1_u64..=12).prop_map(|(window, limit)| Act::Limit(window, limit)),
        3 => (one(), 1_u64..=12).prop_map(|(window, limit)| Act::CostLimit(window, limit)),
        3 => (1_u64..=6).prop_map(Act::Burst),
        1 => weighted(0.2, Just(Act::Close)).prop_map(|close| close.unwrap_or(Act::Move(0))),
    ]
}
