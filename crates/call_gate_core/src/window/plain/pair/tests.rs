//! Two windows that admit together, against the list of all bookings.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use super::*;
use crate::geometry::{Geometry, Span as Shape};
use crate::window::plain::Closed;
use core::time::Duration;
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
struct Rule {
    step: u64,
    frames: u64,
    limit: u64,
}

/// All bookings and refunds, walked for every question; index 0 is requests, 1 is costs.
struct Naive {
    rules: [Vec<Rule>; 2],
    latest: u64,
    list: Vec<(u64, [i64; 2])>,
}

#[derive(Debug, PartialEq)]
enum Took {
    Returned,
    Expired,
    Underflow(u64),
}

impl Naive {
    fn sum(&self, part: usize, step: u64, frames: u64, at: u64) -> u64 {
        let newest = at / step;
        let counts = |booked: u64| booked <= newest && newest < booked + frames;
        let counted = self.list.iter().filter(|(at, _)| counts(at / step));
        let sum: i64 = counted.map(|(_, amounts)| amounts[part]).sum();
        u64::try_from(sum).expect("never below 0")
    }

    fn held(&self) -> Vec<(Option<u64>, u64)> {
        let held = |part: usize| {
            let used = move |rule: &Rule| self.sum(part, rule.step, rule.frames, self.latest);
            self.rules[part]
                .iter()
                .map(move |rule| (Some(rule.limit), used(rule)))
        };
        held(0).chain(held(1)).collect()
    }

    fn refusing(&self, amounts: [u64; 2], at: u64) -> Option<(usize, u64, u64)> {
        let rules = [0, 1]
            .into_iter()
            .flat_map(|part| self.rules[part].iter().map(move |rule| (part, rule)));
        rules.enumerate().find_map(|(index, (part, rule))| {
            let used = self.sum(part, rule.step, rule.frames, at);
            let full = amounts[part] > 0 && used + amounts[part] > rule.limit;
            full.then_some((index, rule.limit, used))
        })
    }

    /// Who refuses and until when; `None`: booked. A request above a limit has no time that it fits at.
    fn book(&mut self, amounts: [u64; 2]) -> Option<((usize, u64, u64), Option<u64>)> {
        let Some(refusing) = self.refusing(amounts, self.latest) else {
            let signed = amounts.map(|amount| i64::try_from(amount).expect("small"));
            self.list.push((self.latest, signed));
            return None;
        };
        let fits = |part: usize| {
            self.rules[part]
                .iter()
                .all(|rule| amounts[part] <= rule.limit)
        };
        let mut edges: Vec<u64> = self
            .rules
            .iter()
            .flatten()
            .flat_map(|rule| {
                (1..=rule.frames).map(|ahead| (self.latest / rule.step + ahead) * rule.step)
            })
            .collect();
        edges.sort_unstable();
        let retry = || {
            edges
                .into_iter()
                .find(|at| self.refusing(amounts, *at).is_none())
        };
        Some((refusing, (fits(0) && fits(1)).then(retry).flatten()))
    }

    /// What may be taken out of the frames of `at`; `None`: no window holds one any more.
    fn booked(&self, part: usize, at: u64, base: u64) -> Option<u64> {
        let rules = &self.rules[part];
        let current = (base, 1);
        let steps = rules
            .iter()
            .map(|rule| (rule.step, rule.frames))
            .chain([current]);
        let alive = steps.filter(|(step, frames)| self.latest / step < at / step + frames);
        let held = alive.map(|(step, _)| self.sum(part, step, 1, at / step * step + step - 1));
        held.min()
    }

    fn refund(&mut self, at: u64, amounts: [u64; 2], bases: [u64; 2]) -> Took {
        let booked = [0, 1].map(|part| self.booked(part, at, bases[part]));
        for part in [0, 1] {
            if let Some(booked) = booked[part].filter(|booked| amounts[part] > *booked) {
                return Took::Underflow(booked);
            }
        }
        let mut taken = [0; 2];
        for part in [0, 1] {
            if booked[part].is_some() {
                taken[part] = -i64::try_from(amounts[part]).expect("small");
            }
        }
        self.list.push((at, taken));
        let both = booked.iter().all(Option::is_some);
        let either = [0, 1]
            .into_iter()
            .any(|part| booked[part].is_some() && amounts[part] > 0);
        if both || either {
            Took::Returned
        } else {
            Took::Expired
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Book(u64, u64),
    /// Of an earlier booking: a part of it, or more.
    Refund(prop::sample::Index, u64, u64),
    Limit(prop::sample::Index, u64),
    Clear,
}

fn ops() -> impl Strategy<Value = Vec<(i64, Op)>> {
    let moved =
        prop_oneof![4 => Just(0_i64), 6 => 1_i64..=900, 2 => -700_i64..=0, 1 => 900_i64..=9_000];
    let op = prop_oneof![
        8 => (0_u64..=3, 0_u64..=40).prop_map(|(value, cost)| Op::Book(value, cost)),
        4 => (any::<prop::sample::Index>(), 0_u64..=3, 0_u64..=40).prop_map(|(which, value, cost)| Op::Refund(which, value, cost)),
        2 => (any::<prop::sample::Index>(), 1_u64..=60).prop_map(|(span, limit)| Op::Limit(span, limit)),
        1 => Just(Op::Clear),
    ];
    vec((moved, op), 1..60)
}

fn rules(most: u64) -> impl Strategy<Value = Vec<Rule>> {
    let step = prop::sample::select(vec![100_u64, 100, 200, 300, 600]);
    let rule = (step, 2_u64..=5, 1..=most).prop_map(|(step, frames, limit)| Rule {
        step,
        frames,
        limit,
    });
    vec(rule, 1..=3)
}

/// Steps are given in tens of nanoseconds, so that each is a µs at least.
fn window(rules: &[Rule], now: u64) -> (Plain, u64) {
    let shapes: Vec<Shape> = rules
        .iter()
        .map(|rule| Shape::new(Duration::from_nanos(rule.step), rule.frames).expect("a valid span"))
        .collect();
    let limits: Vec<Option<u64>> = rules.iter().map(|rule| Some(rule.limit)).collect();
    let geometry = Geometry::new(&shapes).expect("a valid geometry");
    (
        Plain::new(&geometry, &limits, now, Closed::Credited),
        geometry.base_nanos(),
    )
}

proptest! {
    #[test]
    fn a_pair_agrees_with_the_list(requests in rules(6), costs in rules(60), moves in ops()) {
        const UNIT: u64 = 10;
        let scaled = |rules: Vec<Rule>| -> Vec<Rule> {
            rules.into_iter().map(|rule| Rule { step: rule.step * UNIT, ..rule }).collect()
        };
        let start = 1_700_000_000_000_000_000;
        let rules = [scaled(requests), scaled(costs)];
        let (requests, base) = window(&rules[0], start);
        let (costs, cost_base) = window(&rules[1], start);
        let mut pair = Pair::new(requests, Some(Costs::new(costs, start)));
        let (first, spans) = (rules[0].len(), rules[0].len() + rules[1].len());
        let mut naive = Naive { rules, latest: start, list: Vec::new() };
        let mut tickets: Vec<(u64, Ticket, u32)> = Vec::new();
        let (mut now, mut era) = (start, 0);
        for (by, op) in moves {
            now = now.saturating_add_signed(by * 10);
            match op {
                Op::Book(value, cost) => {
                    naive.latest = naive.latest.max(now);
                    let (surveyed, _) = pair.survey(now, value, cost);
                    let (said, told) = (pair.book(now, value, cost), naive.book([value, cost]));
                    match (&said, told) {
                        (Verdict::Booked(booking), None) => {
                            prop_assert_eq!(booking.ticket.start, naive.latest);
                            tickets.push((naive.latest, booking.ticket, era));
                        }
                        (Verdict::Refused(refusal), Some(((span, limit, used), retry))) => {
                            prop_assert_eq!((refusal.span, refusal.limit, refusal.used), (span, limit, used));
                            if let Some(retry) = retry {
                                prop_assert_eq!(refusal.retry_at, retry);
                            }
                        }
                        (said, told) => prop_assert!(false, "{:?}, not {:?}", said, told),
                    }
                    let booked = |verdict: &Verdict| matches!(verdict, Verdict::Booked(_));
                    prop_assert_eq!(booked(&surveyed), booked(&said));
                }
                Op::Refund(which, value, cost) if !tickets.is_empty() => {
                    naive.latest = naive.latest.max(now);
                    let (at, ticket, of) = *which.get(&tickets);
                    let told = if of == era {
                        naive.refund(at, [value, cost], [base, cost_base])
                    } else {
                        Took::Expired
                    };
                    let said = match pair.refund(now, value, cost, Some(ticket)) {
                        Refunded::Returned(_) => Took::Returned,
                        Refunded::Expired => Took::Expired,
                        Refunded::Underflow { booked } => Took::Underflow(booked),
                    };
                    prop_assert_eq!(said, told);
                }
                Op::Refund(..) => {}
                Op::Limit(span, limit) => {
                    let span = span.index(spans);
                    pair.set_limits(|old, index| if index == span { Some(limit) } else { old });
                    let (part, at) = if span < first { (0, span) } else { (1, span - first) };
                    naive.rules[part][at].limit = limit;
                }
                Op::Clear => {
                    pair.clear();
                    naive.list.clear();
                    era += 1;
                }
            }
            naive.latest = naive.latest.max(now);
            let held: Vec<_> = pair.held(now).collect();
            prop_assert_eq!(held, naive.held());
        }
    }
}

#[test]
fn a_booking_is_credited_while_any_window_holds_it() {
    const SECOND: u64 = 1_000_000_000;
    let rules = [(1, 2), (60, 10)].map(|(step, frames)| Rule {
        step: step * SECOND,
        frames,
        limit: 9,
    });
    let start = 600 * SECOND;
    let mut pair = Pair::new(
        window(&rules, start).0,
        Some(Costs::new(window(&rules, start).0, start)),
    );
    let Verdict::Booked(Booking { ticket, .. }) = pair.book(start, 1, 5) else {
        panic!("there is room")
    };
    let later = start + 300 * SECOND;
    assert!(matches!(
        pair.refund(later, 2, 3, Some(ticket)),
        Refunded::Underflow { booked: 1 }
    ));
    let used = |pair: &mut Pair| pair.held(later).map(|(_, used)| used).collect::<Vec<_>>();
    assert_eq!(
        used(&mut pair),
        [0, 1, 0, 5],
        "a refund that is refused changes nothing"
    );
    assert!(matches!(
        pair.refund(later, 0, 3, Some(ticket)),
        Refunded::Returned(_)
    ));
    assert_eq!(used(&mut pair), [0, 1, 0, 2]);
    let too_late = start + 600 * SECOND;
    assert!(matches!(
        pair.refund(too_late, 1, 2, Some(ticket)),
        Refunded::Expired
    ));
}
