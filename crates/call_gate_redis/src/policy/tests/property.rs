//! Gates that go on alone, each with its part, admit together no more than the limits.

use super::*;
use crate::policy::fallback::HERE;
use call_gate_core::Booked;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One step of a history.
#[derive(Debug, Clone)]
enum Move {
    Update {
        who: usize,
        value: u64,
        awaited: bool,
    },
    /// Gives back the booking of that number, counted from the newest.
    Refund {
        back: usize,
    },
    Advance(u64),
    /// The server is back for one call.
    Back {
        who: usize,
    },
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        8 => (0..8usize, 0..9u64, any::<bool>())
            .prop_map(|(who, value, awaited)| Move::Update { who, value, awaited }),
        1 => (0..4usize).prop_map(|back| Move::Refund { back }),
        2 => (0..2500u64).prop_map(Move::Advance),
        1 => (0..8usize).prop_map(|who| Move::Back { who }),
    ]
}

/// A booking that stands.
struct Stands {
    who: usize,
    value: u64,
    reading: Reading,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn all_together_stay_within_the_limits(
        gates in 1..=8u32,
        limit in 1..120u64,
        frame in proptest::option::of(1..60u64),
        strict in any::<bool>(),
        history in proptest::collection::vec(moves(), 1..200),
    ) {
        let mut limits = Limits::gate(limit);
        if let Some(frame) = frame {
            limits = limits.with_frame(frame.min(limit));
        }
        let (server, clock) = (Server::away(limits), clock());
        let policy = local(gates);
        let all: Vec<Fallback> = (0..gates)
            .map(|_| {
                let (_, config) = gate(&server, policy, &clock, |builder| {
                    if strict { builder.strict() } else { builder }
                });
                let clock = Arc::new(clock.clone());
                Fallback::with_clock(server.clone(), policy, &config, PAUSE, clock)
            })
            .collect();
        let mut standing: Vec<Stands> = Vec::new();
        for step in history {
            match step {
                Move::Advance(millis) => clock.advance(Duration::from_millis(millis)),
                Move::Back { who } => {
                    server.come_back();
                    let update = Act::Update { value: 50 };
                    let told = ask(&all[who % all.len()], update.clone(), false).unwrap();
                    prop_assert_eq!(told, answer(&update));
                    server.fail(StorageErrorKind::TimedOut);
                }
                Move::Update { who, value, awaited } => {
                    let who = who % all.len();
                    match ask(&all[who], Act::Update { value }, awaited).unwrap() {
                        Answer::Admitted(reading) => standing.push(Stands { who, value, reading }),
                        Answer::Denied(denial) => {
                            prop_assert!(denial.retry_after() <= PAUSE);
                            prop_assert_eq!(denial.requested(), value);
                        }
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
                Move::Refund { back } => {
                    let Some(index) = standing.len().checked_sub(back + 1) else {
                        continue;
                    };
                    let Stands { who, value, reading } = &standing[index];
                    let booked = Some(Booked::new(reading.frame().start().into(), HERE));
                    let refund = Act::Refund { value: *value, booked };
                    match ask(&all[*who], refund, false).unwrap() {
                        Answer::Returned(_) => {
                            standing.remove(index);
                        }
                        told => prop_assert_eq!(told, Answer::Expired),
                    }
                }
            }
            let mut frames: BTreeMap<SystemTime, u64> = BTreeMap::new();
            for stands in &standing {
                *frames.entry(stands.reading.frame().start()).or_default() += stands.value;
            }
            let window = if strict { SIZE + STEP } else { SIZE };
            for (start, value) in &frames {
                let sum: u64 = frames.range(*start..*start + window).map(|(_, value)| value).sum();
                prop_assert!(sum <= limit, "{} in a window of {}", sum, limit);
                if let Some(most) = limits.frame_limit() {
                    prop_assert!(*value <= most, "{} in a frame of {}", value, most);
                }
            }
        }
    }
}
