//! The words for answers.

use super::RawStep;
use super::number::{Number, span};
use crate::outcome::{Outcome, Rule};

/// What an answer must be, and the numbers that it must have.
#[derive(Debug)]
pub(super) struct Expectation {
    answer: &'static str,
    numbers: Vec<(&'static str, u64)>,
    frames: Option<Vec<u64>>,
}

/// The answers there are, each with the numbers it has.
const ANSWERS: &[(&str, &[&str])] = &[
    ("admitted", &["sum", "frame", "frame_start", "remaining"]),
    ("frame limit", &["limit", "used", "retry_after"]),
    ("gate limit", &["limit", "used", "retry_after"]),
    ("too large", &["limit"]),
    ("underflow", &["booked"]),
    ("returned", &["returned"]),
    ("expired", &[]),
    (
        "allowed",
        &["limit", "remaining", "retry_after", "reset_after"],
    ),
    (
        "not allowed",
        &["limit", "remaining", "retry_after", "reset_after"],
    ),
    ("holds", &["sum", "frame_start"]),
    ("done", &[]),
    ("rejected", &[]),
];

impl Expectation {
    pub(super) fn parse(raw: RawStep) -> Result<Self, String> {
        let act = raw.act.get_ref();
        let answer = match raw.expect.as_deref() {
            Some(answer) => answer,
            None if act == "state" => "holds",
            None => "done",
        };
        let Some(&(answer, known)) = ANSWERS.iter().find(|(name, _)| *name == answer) else {
            let names: Vec<&str> = ANSWERS.iter().map(|&(name, _)| name).collect();
            return Err(format!(
                "expect: `{answer}` is no answer: {}",
                names.join(", ")
            ));
        };
        let mut numbers = Vec::new();
        let plain = [
            ("sum", raw.sum),
            ("frame", raw.frame),
            ("remaining", raw.remaining),
            ("limit", raw.limit),
            ("used", raw.used),
            ("booked", raw.booked),
            ("returned", raw.returned),
        ];
        for (name, value) in plain {
            if let Some(value) = value {
                numbers.push((
                    name,
                    value.plain().map_err(|what| format!("{name}: {what}"))?,
                ));
            }
        }
        let spans = [
            ("frame_start", raw.frame_start),
            ("retry_after", raw.retry_after),
            ("reset_after", raw.reset_after),
        ];
        for (name, value) in spans {
            if let Some(value) = value {
                numbers.push((
                    name,
                    span(&value).map_err(|what| format!("{name}: {what}"))?,
                ));
            }
        }
        if let Some((name, _)) = numbers.iter().find(|(name, _)| !known.contains(name)) {
            return Err(format!("`{answer}` has no `{name}`"));
        }
        let frames = raw
            .frames
            .map(|frames| frames.into_iter().map(Number::plain).collect())
            .transpose()?;
        if frames.is_some() && answer != "holds" {
            return Err(format!("`{answer}` has no `frames`"));
        }
        Ok(Self {
            answer,
            numbers,
            frames,
        })
    }

    /// Whether `outcome` is as expected, told by a clock that started at `start` and is `late` nanoseconds late.
    pub(super) fn check(&self, outcome: &Outcome, start: u64, late: u64) -> Result<(), String> {
        let (answer, numbers) = told(outcome, start);
        if answer != self.answer {
            return Err(format!("expected `{}`, got {outcome:?}", self.answer));
        }
        for (name, expected) in &self.numbers {
            let to_come = ["retry_after", "reset_after"].contains(name) && *expected > 0;
            let expected = expected + if to_come { late } else { 0 };
            if numbers
                .iter()
                .find(|(told, _)| told == name)
                .map(|(_, value)| *value)
                != Some(i128::from(expected))
            {
                return Err(format!("expected {name} {expected}, got {outcome:?}"));
            }
        }
        match (&self.frames, outcome) {
            (Some(expected), Outcome::Held(held)) if *expected != held.frames => Err(format!(
                "expected frames {expected:?}, got {:?}",
                held.frames
            )),
            _ => Ok(()),
        }
    }
}

/// The word and the numbers of an answer, times told since the start.
fn told(outcome: &Outcome, start: u64) -> (&'static str, Vec<(&'static str, i128)>) {
    let since = |time: u64| i128::from(time) - i128::from(start);
    match outcome {
        Outcome::Admitted(reading) => (
            "admitted",
            vec![
                ("sum", reading.sum.into()),
                ("frame", reading.frame_value.into()),
                ("frame_start", since(reading.frame_start)),
                ("remaining", reading.remaining.into()),
            ],
        ),
        Outcome::Denied(denial) => (
            match denial.rule {
                Rule::Frame => "frame limit",
                Rule::Gate => "gate limit",
                Rule::Queue => "queued",
            },
            vec![
                ("limit", denial.limit.into()),
                ("used", denial.used.into()),
                ("retry_after", denial.retry_after.into()),
            ],
        ),
        Outcome::Decision(decision) => (
            if decision.allowed {
                "allowed"
            } else {
                "not allowed"
            },
            vec![
                ("limit", decision.limit.into()),
                ("remaining", decision.remaining.into()),
                ("retry_after", decision.retry_after.into()),
                ("reset_after", decision.reset_after.into()),
            ],
        ),
        Outcome::Held(held) => (
            "holds",
            vec![
                ("sum", held.sum.into()),
                ("frame_start", since(held.frame_start)),
            ],
        ),
        Outcome::Returned(value) => ("returned", vec![("returned", (*value).into())]),
        Outcome::TooLarge { limit, .. } => ("too large", vec![("limit", (*limit).into())]),
        Outcome::Underflow { booked, .. } => ("underflow", vec![("booked", (*booked).into())]),
        Outcome::Expired => ("expired", vec![]),
        Outcome::Done => ("done", vec![]),
        Outcome::Rejected => ("rejected", vec![]),
        Outcome::Nothing | Outcome::Failed(_) => ("failed", vec![]),
    }
}
