//! The list against hand-computed tables, and core's window against the list.

use std::time::Duration;

use call_gate_core::{Geometry, Span, Verdict, Window};

use super::*;

fn rule(step: u64, frames: u64, limit: u64) -> SpanRule {
    SpanRule {
        step,
        frames,
        limit: Some(limit),
    }
}

#[test]
fn two_spans_by_hand() {
    // 3 in 4, and 4 in two frames of 6; the base step is 2.
    let mut oracle = SpanOracle::new(vec![rule(4, 1, 3), rule(6, 2, 4)], 0);
    assert_eq!(oracle.base, 2);
    assert_eq!(oracle.book(1, 2), Ok(1));
    assert_eq!(
        oracle.book(3, 2),
        Err(SpanRefusal {
            span: 0,
            limit: 3,
            used: 2,
            retry_at: 4
        })
    );
    assert_eq!(oracle.book(4, 2), Ok(0));
    // The first span has room again at 8, the second holds 4 until the frame from 0 to 6 leaves at 12.
    assert_eq!(
        oracle.book(4, 1),
        Err(SpanRefusal {
            span: 1,
            limit: 4,
            used: 4,
            retry_at: 12
        })
    );
    assert_eq!(
        oracle.book(4, 2),
        Err(SpanRefusal {
            span: 0,
            limit: 3,
            used: 2,
            retry_at: 12
        })
    );
    assert_eq!(
        oracle.book(11, 1),
        Err(SpanRefusal {
            span: 1,
            limit: 4,
            used: 4,
            retry_at: 12
        })
    );
    assert_eq!(oracle.book(12, 3), Ok(0));
    // Back in time, everything is in the newest frame.
    assert_eq!(
        oracle.book(5, 1),
        Err(SpanRefusal {
            span: 0,
            limit: 3,
            used: 3,
            retry_at: 16
        })
    );
}

#[test]
fn a_span_without_a_limit_does_not_limit() {
    let mut oracle = SpanOracle::new(
        vec![
            SpanRule {
                limit: None,
                ..rule(5, 1, 0)
            },
            rule(10, 1, 9),
        ],
        0,
    );
    assert_eq!(oracle.base, 5);
    assert_eq!(oracle.book(0, 9), Ok(0));
    assert_eq!(oracle.book(9, 0), Ok(0));
    assert_eq!(
        oracle.book(9, 1),
        Err(SpanRefusal {
            span: 1,
            limit: 9,
            used: 9,
            retry_at: 10
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// The lock-free window of core against the list.
    #[test]
    fn the_window_answers_as_the_list_does((rules, start, moves) in cases(60)) {
        let spans = rules.iter().map(|rule| Span::new(Duration::from_nanos(rule.step), rule.frames).unwrap());
        let geometry = Geometry::new(&spans.collect::<Vec<_>>()).unwrap();
        let limits: Vec<_> = rules.iter().map(|rule| rule.limit).collect();
        let window = Window::new(&geometry, &limits, Duration::from_nanos(start)).unwrap();
        let mut oracle = SpanOracle::new(rules, start);
        let mut now = start;
        for (by, value) in moves {
            now = now.saturating_add_signed(by);
            let told = match window.book(Duration::from_nanos(now), value).unwrap() {
                Verdict::Booked(booking) => Ok(booking.remaining()),
                Verdict::Refused(refusal) => Err(SpanRefusal {
                    span: refusal.span(),
                    limit: refusal.limit(),
                    used: refusal.used(),
                    retry_at: u64::try_from(refusal.retry_at().as_nanos()).unwrap(),
                }),
            };
            prop_assert_eq!(told, oracle.book(now, value), "{} at {}", value, now);
        }
    }
}
