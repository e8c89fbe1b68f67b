//! The plain window with several spans, against the list of all bookings.

use super::*;
use crate::geometry::Span as Shape;
use call_gate_testkit::spans::{SpanOracle, SpanRefusal, cases};
use core::time::Duration;
use proptest::prelude::*;

proptest! {
    #[test]
    fn several_spans_agree_with_the_list((rules, start, requests) in cases(60)) {
        let shapes: Vec<Shape> = rules
            .iter()
            .map(|rule| Shape::new(Duration::from_nanos(rule.step), rule.frames).expect("a valid span"))
            .collect();
        let limits: Vec<Option<u64>> = rules.iter().map(|rule| rule.limit).collect();
        let geometry = Geometry::new(&shapes).expect("a valid geometry");
        let mut plain = Plain::new(&geometry, &limits, start, Closed::Expires);
        let mut oracle = SpanOracle::new(rules, start);
        let mut now = start;
        for (by, value) in requests {
            now = now.saturating_add_signed(by);
            let said = match plain.book(now, value) {
                Verdict::Booked(booking) => Ok(booking.remaining),
                Verdict::Refused(Refusal { span, limit, used, retry_at }) => {
                    Err(SpanRefusal { span, limit, used, retry_at })
                }
            };
            prop_assert_eq!(said, oracle.book(now, value), "{} at {}", value, now);
        }
    }
}
