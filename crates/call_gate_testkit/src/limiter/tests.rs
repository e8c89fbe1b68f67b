//! The oracle for limiters against tables by hand.

use super::*;

fn rule(step: u64, frames: u64, limit: u64) -> SpanRule {
    SpanRule {
        step,
        frames,
        limit: Some(limit),
    }
}

fn limiter(burst: Option<u64>, costs: Vec<SpanRule>) -> LimiterOracle {
    let rules = LimiterRules {
        windows: vec![rule(1, 2, 2), rule(4, 2, 3)],
        costs,
        burst,
        closed: Closed::Expires,
    };
    LimiterOracle::new(rules, 0)
}

const fn of(value: u64, cost: u64) -> Ask {
    Ask { value, cost }
}

fn slip(told: Told) -> Slip {
    match told {
        Told::Admitted(slip) => slip,
        other => panic!("{other:?}"),
    }
}

#[test]
fn permits_come_before_windows_and_windows_before_costs() {
    let mut oracle = limiter(Some(2), vec![rule(2, 2, 10)]);
    let first = slip(oracle.ask(0, of(1, 8)));
    let no = |bound, limit, used, requested, wait| {
        Told::Denied(No {
            bound,
            limit,
            used,
            requested,
            wait,
        })
    };
    assert_eq!(oracle.ask(0, of(2, 0)), no(Bound::Burst, 2, 1, 2, 0));
    assert_eq!(oracle.ask(0, of(1, 3)), no(Bound::Cost(0), 10, 8, 3, 4));
    oracle.release(first);
    assert_eq!(oracle.ask(0, of(2, 3)), no(Bound::Window(0), 2, 1, 2, 4));
    assert_eq!(oracle.ask(0, of(2, 2)), no(Bound::Window(0), 2, 1, 2, 2));
    assert_eq!(oracle.permits(), Some((2, 0)));
    assert_eq!(oracle.wait_time(0), None);
    slip(oracle.ask(0, of(1, 0)));
    assert_eq!(oracle.wait_time(0), Some(2));
    slip(oracle.ask(2, of(1, 0)));
    assert_eq!(oracle.wait_time(2), Some(6));
    let large = |bound, limit, requested| Told::TooLarge {
        bound,
        limit,
        requested,
    };
    assert_eq!(oracle.ask(2, of(3, 11)), large(Bound::Burst, 2, 3));
    assert_eq!(oracle.ask(2, of(1, 11)), large(Bound::Cost(0), 10, 11));
}

#[test]
fn the_first_in_the_line_is_overtaken_by_nobody() {
    let mut oracle = limiter(Some(2), Vec::new());
    let held = slip(oracle.ask(0, of(1, 0)));
    let first = oracle.stand(of(2, 0), None);
    let second = oracle.stand(of(1, 0), Some(5));
    assert_eq!(oracle.serve(2), []);
    assert!(matches!(oracle.ask(2, of(1, 0)), Told::Queued(_)));
    oracle.release(held);
    assert_eq!(oracle.due(), None);
    let served = oracle.serve(3);
    assert_eq!(served.len(), 1);
    assert_eq!(served[0].0, first);
    assert_eq!(oracle.serve(5), [(second, Told::Exhausted)]);
    assert_eq!(oracle.waiting(), 0);
}

#[test]
fn credits_reach_as_far_as_any_window() {
    let mut oracle = limiter(None, vec![rule(1, 2, 10)]);
    let early = slip(oracle.ask(1, of(1, 5)));
    let other = slip(oracle.ask(1, of(1, 1)));
    assert_eq!(oracle.settle(3, early, 2), Back::Expired);
    // The window of 8 still has it.
    assert_eq!(oracle.refund(5, early), Back::Returned(1));
    assert_eq!(oracle.held(5).0, [(2, 0), (3, 1)]);
    assert_eq!(oracle.refund(8, other), Back::Expired);
    oracle.close();
    assert_eq!(oracle.refund(8, other), Back::Refused(Told::Closed));
    let mut plain = limiter(None, Vec::new());
    let early = slip(plain.ask(1, of(2, 0)));
    assert_eq!(plain.settle(1, early, 1), Back::Returned(1));
    assert_eq!(plain.refund(2, early), Back::Expired);
}
