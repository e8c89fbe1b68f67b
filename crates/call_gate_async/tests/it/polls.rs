//! How often those who wait are polled, and that a crowd gets exactly what the oracle grants.

use crate::hand::counted;
use crate::{PLACEMENTS, SECOND, paused};
use call_gate_async::{AsyncCallGate, TokioClock};
use call_gate_core::{CallGateBuilder, Wait};
use call_gate_testkit::outcome::Outcome;
use call_gate_testkit::spec::{nanos, wall};
use call_gate_testkit::{Oracle, Spec};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::Instant;

const CROWD: u64 = 10_000;
/// Frames of 10 ms.
const STEP: u64 = 10_000_000;

/// What each frame took in, by its start.
type Frames = BTreeMap<u64, u64>;

/// What happened to a crowd.
#[derive(Debug, Default)]
struct Tally {
    frames: Frames,
    polls: u64,
    most: u64,
}

async fn crowd(gate: AsyncCallGate, wait: Wait) -> Tally {
    let mut tasks = JoinSet::new();
    for _ in 0..CROWD {
        let gate = gate.clone();
        tasks.spawn(async move { counted(gate.update_with(1, wait)).await });
    }
    let mut tally = Tally::default();
    while let Some(done) = tasks.join_next().await {
        let (reading, polls) = done.unwrap();
        let start = nanos(reading.unwrap().frame().start());
        *tally.frames.entry(start).or_default() += 1;
        tally.polls += polls;
        tally.most = tally.most.max(polls);
    }
    assert_eq!(gate.waiters(), 0);
    tally
}

/// What the oracle grants to a crowd that is there from the start and takes whatever room there is.
fn granted(spec: &Spec) -> Frames {
    let mut oracle = Oracle::new(spec.rules(), spec.start);
    let (mut left, mut frames) = (CROWD, Frames::new());
    for start in (spec.start..).step_by(usize::try_from(STEP).unwrap()) {
        let Outcome::Decision(decision) = oracle.peek(start, 1) else {
            panic!("1 is above no limit");
        };
        let taken = decision.remaining.min(left);
        if taken > 0 {
            assert!(matches!(
                oracle.try_update(start, taken),
                Outcome::Admitted(_)
            ));
            frames.insert(start, taken);
            left -= taken;
        }
        if left == 0 {
            break;
        }
    }
    frames
}

fn in_paused_time(spec: &Spec, place: fn(CallGateBuilder) -> CallGateBuilder, wait: Wait) {
    let granted = granted(spec);
    let (tally, elapsed) = paused().block_on(async {
        let clock = TokioClock::starting_at(wall(spec.start));
        let gate = place(spec.builder()).clock(clock).build().unwrap();
        let began = Instant::now();
        let tally = crowd(gate.into(), wait).await;
        (tally, began.elapsed())
    });
    assert!(tally.most <= 3, "somebody was polled {} times", tally.most);
    assert!(tally.polls <= 2 * CROWD, "{} polls in all", tally.polls);
    let (last, _) = granted.last_key_value().unwrap();
    assert_eq!(elapsed, Duration::from_nanos(last - spec.start));
    assert_eq!(tally.frames, granted);
}

#[test]
fn a_crowd_in_paused_time_is_polled_twice_on_average_and_admitted_as_the_oracle_says() {
    let even = Spec::new(STEP, 2).with_caps(None, 1000);
    // 1000, 1000, 500, nothing, and again
    let uneven = Spec::new(STEP, 4).with_caps(2500, 1000);
    for place in PLACEMENTS {
        in_paused_time(&even, place, Wait::Forever);
        in_paused_time(&uneven, place, Wait::Forever);
        // with a deadline everybody has a timer, which must not wake them either
        in_paused_time(&uneven, place, Wait::For(3600 * SECOND));
    }
}

#[test]
fn a_crowd_in_real_time_is_polled_twice_on_average_and_keeps_the_limits() {
    let spec = Spec::new(STEP, 4).with_caps(4000, 1000);
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let gate = spec.builder().build().unwrap();
    // a task of the runtime, as users have it, and not its main future
    let tally = runtime
        .block_on(runtime.spawn(crowd(gate.into(), Wait::Forever)))
        .unwrap();
    assert!(tally.most <= 3, "somebody was polled {} times", tally.most);
    // those who join while the queue moves may be woken for nothing
    let most = 2 * CROWD + CROWD / 50;
    assert!(tally.polls <= most, "{} polls in all", tally.polls);
    assert_eq!(tally.frames.values().sum::<u64>(), CROWD);
    let (first, _) = tally.frames.first_key_value().unwrap();
    let mut oracle = Oracle::new(spec.rules(), *first);
    for (start, value) in &tally.frames {
        let outcome = oracle.try_update(*start, *value);
        assert!(
            matches!(outcome, Outcome::Admitted(_)),
            "{value} in the frame at {start}: {outcome:?}"
        );
    }
    let (last, _) = tally.frames.last_key_value().unwrap();
    assert!(
        last - first < 5_000_000_000,
        "the crowd took {} frames of 10 ms",
        (last - first) / STEP
    );
}
