//! The script's numbers as answers of the contract.

use super::counter::Counter;
use crate::desk::Told;
use crate::protocol::{Held, MOST, Refund, Refused, Shape, Stand};
use call_gate_core::{Answer, Decision, Demand, Denial, Frame, Moment, Reading};
use std::time::Duration;

/// The start of frame `number`.
pub(super) fn start_of(shape: &Shape, number: u64) -> Moment {
    let micros = number.saturating_mul(shape.base());
    Moment::from_nanos(micros.saturating_mul(1_000))
}

impl Held {
    pub(super) fn limit(&self) -> u64 {
        self.limit.unwrap_or(MOST)
    }

    pub(super) fn room(&self) -> u64 {
        self.limit().saturating_sub(self.used)
    }
}

/// A reading of a counter whose spans hold `used`.
fn reading_of(shape: &Shape, frame: u64, used: impl Fn(usize) -> Option<u64>) -> (Frame, u64) {
    // a gate's frame, and its window
    let first = used(0).unwrap_or(0);
    let frame = Frame::new(start_of(shape, frame), first);
    (frame, used(1).unwrap_or(first))
}

/// How the gate stands, as a booking or a refund shows it.
pub(super) fn reading(counter: &Counter, stand: &Stand) -> Option<Reading> {
    let remaining = stand.spans.iter().map(Held::room).min()?;
    let used = |span: usize| stand.spans.get(span).map(|held| held.used);
    let (frame, sum) = reading_of(&counter.shape, stand.frame, used);
    Some(Reading::new(frame, sum, remaining).of_era(stand.era))
}

/// What became of an update of `value`.
pub(super) fn told(counter: &Counter, value: u64, told: &Told) -> Answer {
    match told {
        Told::Admitted(admitted) => {
            let used = |span: usize| admitted.used.get(span);
            let (frame, sum) = reading_of(&counter.shape, admitted.frame, used);
            Answer::Admitted(Reading::new(frame, sum, admitted.remaining).of_era(admitted.era))
        }
        Told::Denied(denied) => {
            let held = (denied.limit, denied.used);
            Answer::Denied(counter.denial(denied.span, held, value, denied.retry_after))
        }
    }
}

fn denial(counter: &Counter, stand: &Stand, refused: Refused, requested: u64) -> Option<Denial> {
    let Refused { span, retry_after } = refused.within(counter.spans());
    let held = stand.spans.get(span)?;
    let wait = Duration::from_micros(retry_after);
    Some(counter.denial(span, (held.limit(), held.used), requested, wait))
}

/// What a refund of one counter shows.
pub(super) fn returned(counter: &Counter, stand: &Stand, refund: Refund) -> Option<Answer> {
    Some(match refund {
        Refund::Returned => Answer::Returned(reading(counter, stand)?),
        Refund::Expired => Answer::Expired,
        Refund::Underflow(holds) => Answer::Underflow(holds),
    })
}

/// What the refunds of both counters show together: expired where neither had anything to take back.
pub(super) fn both_returned(demand: Demand, requests: Answer, costs: Answer) -> Answer {
    match (requests, costs) {
        (_, Answer::Underflow(holds)) => Answer::Underflow(holds),
        (Answer::Expired, Answer::Returned(reading)) if demand.cost() > 0 => {
            Answer::Returned(reading)
        }
        (Answer::Returned(_), Answer::Expired) if demand.value() == 0 => Answer::Expired,
        (requests, _) => requests,
    }
}

/// The denial by one of two counters or by both, whose requests come first. One that never has room goes before one that
/// is full.
pub(super) fn both_denied(requests: &Refusing<'_>, costs: &Refusing<'_>) -> Option<Denial> {
    let retry_after = requests.wait().max(costs.wait());
    let named = if requests.refused.is_none() || costs.never() && !requests.never() {
        costs
    } else {
        requests
    };
    let refused = Refused {
        retry_after,
        ..named.refused?
    };
    denial(named.counter, named.stand, refused, named.requested)
}

/// What one of two counters says to its part.
pub(super) struct Refusing<'a> {
    pub(super) counter: &'a Counter,
    pub(super) stand: &'a Stand,
    pub(super) requested: u64,
    pub(super) refused: Option<Refused>,
}

impl Refusing<'_> {
    fn wait(&self) -> u64 {
        self.refused.map_or(0, |refused| refused.retry_after)
    }

    /// Whether it never has room.
    fn never(&self) -> bool {
        let span = self
            .refused
            .map(|refused| refused.within(self.counter.spans()).span);
        let held = span.and_then(|span| self.stand.spans.get(span));
        held.is_some_and(|held| self.requested > held.limit())
    }
}

/// What each span holds.
pub(super) fn spans(stand: &Stand) -> impl Iterator<Item = call_gate_core::Held> {
    stand.spans.iter().map(|held| call_gate_core::Held {
        limit: held.limit,
        used: held.used,
    })
}

/// What a peek at `value` shows.
pub(super) fn decided(
    counter: &Counter,
    stand: &Stand,
    (refused, reset_after): (Option<Refused>, u64),
    value: u64,
) -> Option<Answer> {
    let denial = match refused {
        Some(refused) => Some(denial(counter, stand, refused, value)?),
        None => None,
    };
    // the first of those that are as near; the gate's stands for what no limit is set for
    let last = stand.spans.len().saturating_sub(1);
    let told = |held: &Held| held.limit.unwrap_or(u64::MAX);
    let tightest = stand
        .spans
        .iter()
        .enumerate()
        .filter(|(span, held)| held.limit.is_some() || *span == last)
        .min_by_key(|(_, held)| told(held).saturating_sub(held.used))
        .map_or(u64::MAX, |(_, held)| told(held));
    let decision = Decision::new(
        denial.is_none(),
        denial.map_or(tightest, |denial| denial.limit()),
        stand.spans.iter().map(Held::room).min()?,
        denial.map_or(Duration::ZERO, |denial| denial.retry_after()),
        Duration::from_micros(reset_after),
    );
    Some(Answer::Decided(decision, denial))
}

/// Whether a gate is full that refuses a value of 1; its own limit is named before its frame's.
pub(super) fn full(counter: &Counter, stand: &Stand, refused: Option<Refused>) -> Option<Answer> {
    let Some(refused) = refused else {
        return Some(Answer::Done);
    };
    let span = stand.spans.iter().rposition(|held| held.room() == 0)?;
    denial(counter, stand, Refused { span, ..refused }, 1).map(Answer::Denied)
}

/// A gate's limits in words.
pub(super) fn of_a_gate(limits: &[Option<u64>]) -> String {
    let show = |span: usize| shown(limits.get(span).copied().flatten());
    format!(
        "a gate_limit of {} and a frame_limit of {}",
        show(1),
        show(0)
    )
}

/// A limiter's limits in words.
pub(super) fn listed(limits: &[Option<u64>]) -> String {
    let limits: Vec<String> = limits.iter().map(|limit| shown(*limit)).collect();
    format!("limits of {}", limits.join(", "))
}

fn shown(limit: Option<u64>) -> String {
    limit.map_or("none".to_owned(), |limit| limit.to_string())
}
