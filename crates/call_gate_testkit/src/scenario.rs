//! Stories of gates in `testdata/scenarios/*.toml`, told to be read by people and checked step by step.
//!
//! A file describes a gate (`gate_size`, `frame_step`, `gate_limit`, `frame_limit`, `strict`, `credits`,
//! `limits_up_to`) and lists steps: when (`at`, a time since the start, which may go back), what (`act`), and what
//! must come of it (`expect`, and any of the numbers that such an answer has).
//!
//! Where gates differ in what makes them see the time, `sees` (`always` or `changes`) says which the story is about.
//!
//! A story told to the nanosecond is also true on a clock that goes in coarser ticks: there the time of a step is that
//! of the last tick, and what it says of times to come is longer by what the clock is late.

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use crate::act::Act;
use crate::oracle::{Caps, Sees};
use crate::run::{Mismatch, Stage};
use crate::spec::{Credits, Spec};

mod act;
mod expect;
mod number;
#[cfg(test)]
mod tests;

use act::Deed;
use expect::Expectation;

/// A scenario.
#[derive(Debug)]
pub struct Scenario {
    /// The file's name without its ending.
    pub name: &'static str,
    /// What it shows.
    pub title: String,
    /// The gate.
    pub spec: Spec,
    /// What makes the gate see the time, if that matters.
    pub sees: Option<Sees>,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    line: usize,
    text: String,
    at: Option<u64>,
    deed: Deed,
    expectation: Expectation,
}

/// What is wrong with a scenario, or with a gate in it.
#[derive(Debug)]
pub struct ScenarioError {
    name: &'static str,
    line: Option<usize>,
    what: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scenario {}", self.name)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for ScenarioError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    title: String,
    gate_size: String,
    frame_step: String,
    gate_limit: Option<number::Number>,
    frame_limit: Option<number::Number>,
    limits_up_to: Option<number::Number>,
    #[serde(default)]
    strict: bool,
    credits: Option<bool>,
    sees: Option<String>,
    steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    at: Option<String>,
    act: Spanned<String>,
    expect: Option<String>,
    sum: Option<number::Number>,
    frame: Option<number::Number>,
    frame_start: Option<String>,
    remaining: Option<number::Number>,
    limit: Option<number::Number>,
    used: Option<number::Number>,
    booked: Option<number::Number>,
    retry_after: Option<String>,
    reset_after: Option<String>,
    returned: Option<number::Number>,
    frames: Option<Vec<number::Number>>,
}

impl Scenario {
    /// Reads one scenario.
    ///
    /// # Errors
    ///
    /// If the text is not a scenario; the error names the line and what is wrong with it.
    pub fn parse(name: &'static str, text: &str) -> Result<Self, ScenarioError> {
        let failed = |line, what: String| ScenarioError { name, line, what };
        let raw: RawScenario =
            toml::from_str(text).map_err(|error| failed(None, error.to_string()))?;
        let head = |what: String| failed(None, what);
        let (size, step) = (
            number::span(&raw.gate_size).map_err(|what| head(format!("gate_size: {what}")))?,
            number::span(&raw.frame_step).map_err(|what| head(format!("frame_step: {what}")))?,
        );
        if step == 0 || size % step != 0 {
            return Err(head(format!(
                "gate_size {} is no multiple of frame_step {}",
                raw.gate_size, raw.frame_step
            )));
        }
        let plain = |value: Option<number::Number>| {
            value.map(number::Number::plain).transpose().map_err(head)
        };
        let mut spec = Spec::new(step, size / step);
        spec.caps = Caps {
            gate: plain(raw.gate_limit)?,
            frame: plain(raw.frame_limit)?,
        };
        spec.ceiling = plain(raw.limits_up_to)?;
        spec.strict = raw.strict;
        spec.credits = match raw.credits {
            Some(true) => Credits::On,
            Some(false) => Credits::Off,
            None => Credits::Either,
        };
        let sees = match raw.sees.as_deref() {
            None => None,
            Some("always") => Some(Sees::Always),
            Some("changes") => Some(Sees::Changes),
            Some(other) => return Err(head(format!("sees: `{other}` is not always or changes"))),
        };
        let steps = raw.steps.into_iter().map(|raw| {
            let line = text[..raw.act.span().start].matches('\n').count() + 1;
            Step::parse(raw, line).map_err(|what| failed(Some(line), what))
        });
        Ok(Self {
            name,
            title: raw.title,
            spec,
            sees,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }

    /// Whether it is about gates that see the time so, and can be told on a clock that goes in ticks of so many
    /// nanoseconds: frames must begin with a tick, and so must the spans that pass within an act.
    #[must_use]
    pub fn is_for(&self, sees: Sees, tick: u64) -> bool {
        let mut late = 0;
        self.sees.unwrap_or(sees) == sees
            && self.spec.frame_step.is_multiple_of(tick)
            && self.steps.iter().all(|step| {
                late = step.at.map_or(late, |at| at % tick);
                match step.deed {
                    Deed::Plain(Act::SnapshotRestore(gap)) => gap.is_multiple_of(tick),
                    // it may move the clock on to the next frame, where it is late no more
                    Deed::Plain(Act::FollowRetry(_)) => late == 0,
                    _ => true,
                }
            })
    }

    /// Plays the scenario on a stage whose clock goes in ticks of so many nanoseconds.
    ///
    /// # Errors
    ///
    /// The first answer that is not the expected one, or that a gate and its oracle do not agree on.
    pub fn play(&self, stage: &mut dyn Stage, tick: u64) -> Result<(), ScenarioError> {
        let mut told = Told {
            passes: Vec::new(),
            start: self.spec.start,
            late: 0,
        };
        for step in &self.steps {
            told.late = step.at.map_or(told.late, |at| at % tick);
            step.play(stage, &mut told).map_err(|what| ScenarioError {
                name: self.name,
                line: Some(step.line),
                what,
            })?;
        }
        Ok(())
    }
}

/// How far a story was told.
struct Told {
    /// The passes held, by name.
    passes: Vec<String>,
    start: u64,
    /// By how much the clock is behind the story.
    late: u64,
}

impl Step {
    fn parse(raw: RawStep, line: usize) -> Result<Self, String> {
        let at = raw
            .at
            .as_deref()
            .map(number::span)
            .transpose()
            .map_err(|what| format!("at: {what}"))?;
        let text = raw.act.get_ref().clone();
        let deed = Deed::parse(&text)?;
        Ok(Self {
            line,
            text,
            at,
            deed,
            expectation: Expectation::parse(raw)?,
        })
    }

    fn play(&self, stage: &mut dyn Stage, so_far: &mut Told) -> Result<(), String> {
        let told = |mismatch: Mismatch| format!("`{}`: {mismatch}", self.text);
        if let Some(at) = self.at {
            stage.act(&Act::SetTo(at)).map_err(told)?;
        }
        let Some(act) = self.deed.act(&mut so_far.passes)? else {
            return Ok(());
        };
        let outcome = stage.act(&act).map_err(told)?;
        self.deed.remember(&mut so_far.passes, &outcome);
        self.expectation
            .check(&outcome, so_far.start, so_far.late)
            .map_err(|what| format!("`{}`: {what}", self.text))
    }
}

/// Every scenario of the kit.
///
/// # Panics
///
/// If one of them cannot be read.
#[must_use]
pub fn all() -> Vec<Scenario> {
    files()
        .iter()
        .map(|&(name, text)| Scenario::parse(name, text).unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

macro_rules! embed {
    ($($name:literal),* $(,)?) => {
        /// The scenario files, held in the kit so that a storage outside this folder can be judged by them.
        fn files() -> &'static [(&'static str, &'static str)] {
            &[$(($name, include_str!(concat!("../testdata/scenarios/", $name, ".toml")))),*]
        }
    };
}

embed!(
    "age_of_twenty_years",
    "check_limits_gate_first",
    "clear",
    "clear_ends_passes",
    "clock_steps_back",
    "clock_steps_back_a_window",
    "clock_steps_back_for_years",
    "credits",
    "edge_of_the_window",
    "frame_limit_first",
    "frames_of_a_day",
    "frames_of_a_microsecond",
    "jump_far_ahead",
    "largest_values",
    "limits_removed",
    "live_limits",
    "refund_expired",
    "refunds",
    "restore_with_gap",
    "strict",
    "too_large",
    "unlimited",
    "values_of_64_bits",
    "weights",
);
