//! The script by itself, with spans that no gate has.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::{Call, Script};
use crate::link::Link;
use crate::link::client::Client;
use crate::protocol::{Ask, Batch, Group, Head, OnOther, Refused, Reply, Shape, read};
use call_gate_core::{Geometry, Span};
use call_gate_testkit::servers::Server;
use call_gate_testkit::spans::{SpanOracle, SpanRule, cases};
use call_gate_testkit::spec::fresh_name;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;
use std::time::{Duration, Instant};

fn shape_of(rules: &[SpanRule]) -> Option<Shape> {
    let span = |rule: &SpanRule| Span::new(Duration::from_nanos(rule.step), rule.frames).unwrap();
    let spans: Vec<Span> = rules.iter().map(span).collect();
    Shape::new(&Geometry::new(&spans).unwrap()).ok()
}

#[test]
fn many_spans_admit_or_refuse_as_their_oracle_does() {
    let server = Server::start(&[]);
    let client = Client::new(redis::Client::open(server.url()).unwrap());
    let script = Script::told_the_time();
    let played = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&cases(60), |(rules, start, moves)| {
        let Some(shape) = shape_of(&rules) else {
            // parts of microseconds
            return Ok(());
        };
        let mut limits: Vec<Option<u64>> = rules.iter().map(|rule| rule.limit).collect();
        limits.resize(shape.spans().len(), None);
        let key = fresh_name().into_bytes();
        let mut now = start / 1_000 * 1_000;
        let mut oracle = SpanOracle::new(rules, now);
        for (by, value) in moves {
            // a look leaves no trace of the time here, so that the clock only moves on
            now += u64::try_from(by).unwrap_or(0) / 1_000 * 1_000;
            let batch = Batch {
                groups: vec![Group { value, count: 1 }],
                lease: None,
            };
            let call = Call {
                script: script.clone(),
                key: key.clone().into(),
                shape: shape.to_bytes(),
                ask: Ask::Update(&batch).to_bytes(Head {
                    limits: &limits,
                    on_other: OnOther::Adopt,
                    live: false,
                }),
                second: None,
                now: Some(now / 1_000),
            };
            let bytes = client
                .run(&call, Instant::now() + Duration::from_secs(20))
                .unwrap();
            let Some(Reply::Done(stand, tail)) = read(&bytes, shape.spans().len()) else {
                panic!("{bytes:?}");
            };
            let booked = tail.booked(stand, &batch).unwrap();
            let outcome = booked.outcomes.first().unwrap();
            match oracle.book(now, value) {
                Ok(remaining) => {
                    prop_assert_eq!(outcome.admitted, 1);
                    let spans = booked.stand.spans.iter();
                    let left = spans.filter_map(|held| Some(held.limit? - held.used - value));
                    prop_assert_eq!(left.min(), Some(remaining));
                }
                Err(refusal) => {
                    prop_assert_eq!(outcome.admitted, 0);
                    let retry_after = (refusal.retry_at - now) / 1_000;
                    let span = refusal.span;
                    prop_assert_eq!(outcome.refused, Some(Refused { span, retry_after }));
                    let used = booked.stand.spans.get(span).map(|held| held.used);
                    prop_assert_eq!(used, Some(refusal.used));
                }
            }
        }
        played.set(played.get() + 1);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let played = played.get();
    assert!(played > 200, "only {played} cases had whole microseconds");
}
