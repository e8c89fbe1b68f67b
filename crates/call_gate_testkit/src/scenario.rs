//! Stories of gates in `testdata/scenarios/*.toml`, told to be read by people and checked step by step.
//!
//! A file describes a gate (`gate_size`, `frame_step`, `gate_limit`, `frame_limit`, `strict`, `credits`,
//! `limits_up_to`) and lists steps: when (`at`, a time since the start, which may go back), what (`act`), and what
//! must come of it (`expect`, and any of the numbers that such an answer has).

use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use crate::oracle::Caps;
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
        let steps = raw.steps.into_iter().map(|raw| {
            let line = text[..raw.act.span().start].matches('\n').count() + 1;
            Step::parse(raw, line).map_err(|what| failed(Some(line), what))
        });
        Ok(Self {
            name,
            title: raw.title,
            spec,
            steps: steps.collect::<Result<_, _>>()?,
        })
    }

    /// Plays the scenario on a stage.
    ///
    /// # Errors
    ///
    /// The first answer that is not the expected one, or that a gate and its oracle do not agree on.
    pub fn play(&self, stage: &mut dyn Stage) -> Result<(), ScenarioError> {
        let mut passes = Vec::new();
        for step in &self.steps {
            step.play(stage, &mut passes, self.spec.start)
                .map_err(|what| ScenarioError {
                    name: self.name,
                    line: Some(step.line),
                    what,
                })?;
        }
        Ok(())
    }
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

    fn play(
        &self,
        stage: &mut dyn Stage,
        passes: &mut Vec<String>,
        start: u64,
    ) -> Result<(), String> {
        let told = |mismatch: Mismatch| format!("`{}`: {mismatch}", self.text);
        if let Some(at) = self.at {
            stage.act(&crate::act::Act::SetTo(at)).map_err(told)?;
        }
        let Some(act) = self.deed.act(passes)? else {
            return Ok(());
        };
        let outcome = stage.act(&act).map_err(told)?;
        self.deed.remember(passes, &outcome);
        self.expectation
            .check(&outcome, start)
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
