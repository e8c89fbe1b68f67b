//! The script's numbers as answers of the contract.

use crate::desk::Told;
use crate::protocol::{Held, MOST, Refused, Reply, Shape, Stand};
use call_gate_core::{
    Answer, Decision, Denial, Frame, Moment, Reading, Scope, StorageError, StorageErrorKind,
};
use std::time::Duration;

/// The start of frame `number`.
pub(super) fn start_of(shape: &Shape, number: u64) -> Moment {
    let micros = number.saturating_mul(shape.base());
    Moment::from_nanos(micros.saturating_mul(1_000))
}

impl Held {
    fn limit(&self) -> u64 {
        self.limit.unwrap_or(MOST)
    }

    fn room(&self) -> u64 {
        self.limit().saturating_sub(self.used)
    }
}

/// How the gate stands, as a booking or a refund shows it.
pub(super) fn reading(shape: &Shape, stand: &Stand) -> Option<Reading> {
    let remaining = stand.spans.iter().map(Held::room).min()?;
    let frame = Frame::new(start_of(shape, stand.frame), stand.spans.first()?.used);
    Some(Reading::new(frame, stand.spans.last()?.used, remaining).of_era(stand.era))
}

/// What became of an update of `value`.
pub(super) fn told(shape: &Shape, value: u64, told: &Told) -> Answer {
    match told {
        Told::Admitted(admitted) => {
            let used = |span| admitted.used.get(span).unwrap_or(0);
            let frame = Frame::new(start_of(shape, admitted.frame), used(0));
            let sum = used(shape.spans().len().saturating_sub(1));
            Answer::Admitted(Reading::new(frame, sum, admitted.remaining).of_era(admitted.era))
        }
        Told::Denied(denied) => Answer::Denied(Denial::new(
            scope(denied.span),
            denied.limit,
            denied.used,
            value,
            denied.retry_after,
        )),
    }
}

fn denial(stand: &Stand, refused: Refused, requested: u64) -> Option<Denial> {
    let held = stand.spans.get(refused.span)?;
    Some(Denial::new(
        scope(refused.span),
        held.limit(),
        held.used,
        requested,
        Duration::from_micros(refused.retry_after),
    ))
}

fn scope(span: usize) -> Scope {
    if span == 0 { Scope::Frame } else { Scope::Gate }
}

/// What a peek at `value` shows.
pub(super) fn decided(
    stand: &Stand,
    (refused, reset_after): (Option<Refused>, u64),
    value: u64,
) -> Option<Answer> {
    let denial = match refused {
        Some(refused) => Some(denial(stand, refused, value)?),
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
pub(super) fn full(stand: &Stand, refused: Option<Refused>) -> Option<Answer> {
    let Some(refused) = refused else {
        return Some(Answer::Done);
    };
    let span = stand.spans.iter().rposition(|held| held.room() == 0)?;
    denial(stand, Refused { span, ..refused }, 1).map(Answer::Denied)
}

/// Why the script did nothing.
pub(super) fn refused(reply: Reply<'_>, ours: &Shape, limits: &[Option<u64>]) -> StorageError {
    match reply {
        Reply::Done(..) => StorageError::new(StorageErrorKind::Protocol),
        Reply::Foreign => StorageError::with_source(
            StorageErrorKind::Corrupt,
            "the gate's key holds what no gate of this version writes: delete it, or use another prefix",
        ),
        Reply::OtherShape(theirs) => {
            let theirs = theirs.map_or("of a shape that cannot be read".to_owned(), |shape| {
                shape.to_string()
            });
            StorageError::with_source(
                StorageErrorKind::Mismatch,
                format!("this gate has frames of {ours}; the living one has {theirs}"),
            )
        }
        Reply::OtherLimits(theirs) => StorageError::with_source(
            StorageErrorKind::Mismatch,
            format!(
                "this gate requires {}; the living one has {}",
                shown(limits),
                shown(&theirs)
            ),
        ),
    }
}

fn shown(limits: &[Option<u64>]) -> String {
    let show = |limit: Option<&Option<u64>>| match limit {
        Some(Some(limit)) => limit.to_string(),
        _ => "none".to_owned(),
    };
    format!(
        "a gate_limit of {} and a frame_limit of {}",
        show(limits.get(1)),
        show(limits.first())
    )
}
