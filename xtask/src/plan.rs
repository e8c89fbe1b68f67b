//! Named steps, each with a time budget, run in order with a closing table.

use std::time::{Duration, Instant};

use crate::process::Deadline;

/// How a step that did not fail ended.
pub(crate) enum Outcome {
    Passed,
    /// Passed with something the reader has to know, such as a number or a part not run.
    Noted(String),
}

type Action = Box<dyn FnOnce(Deadline) -> Result<Outcome, String>>;

pub(crate) struct Step {
    name: String,
    budget: Duration,
    advice: String,
    action: Action,
}

impl Step {
    /// `advice` is what to do next when the step fails.
    pub(crate) fn new(
        name: &str,
        budget: Duration,
        advice: &str,
        action: impl FnOnce(Deadline) -> Result<Outcome, String> + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            budget,
            advice: advice.to_owned(),
            action: Box::new(action),
        }
    }
}

pub(crate) const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Whether the steps after a failed one are run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    Stop,
    KeepGoing,
}

/// Runs the steps and prints a table of them; an error names those that failed.
///
/// A step has its own budget, or what is left of `total` if that is less.
pub(crate) fn run(
    steps: Vec<Step>,
    after_failure: AfterFailure,
    total: Duration,
) -> Result<(), String> {
    let count = steps.len();
    let began = Instant::now();
    let mut table = Vec::new();
    let mut failed = Vec::new();
    for (at, step) in steps.into_iter().enumerate() {
        if !failed.is_empty() && after_failure == AfterFailure::Stop {
            table.push((step.name, None, step.budget, "not reached".to_owned()));
            continue;
        }
        println!("\n[{}/{count}] {}", at + 1, step.name);
        let start = Instant::now();
        let left = total.saturating_sub(began.elapsed());
        let result = (step.action)(Deadline::after(step.budget.min(left)));
        let took = start.elapsed();
        let verdict = match result {
            Ok(Outcome::Passed) => "ok".to_owned(),
            Ok(Outcome::Noted(note)) => format!("ok: {note}"),
            Err(reason) => {
                println!("failed: {}: {reason}", step.name);
                println!("  next: {}", step.advice);
                failed.push(step.name.clone());
                "FAILED".to_owned()
            }
        };
        println!(
            "[{}/{count}] {}: {verdict} ({})",
            at + 1,
            step.name,
            show(took)
        );
        table.push((step.name, Some(took), step.budget, verdict));
    }
    print_table(&table, began.elapsed(), total);
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

fn print_table(
    rows: &[(String, Option<Duration>, Duration, String)],
    took: Duration,
    budget: Duration,
) {
    let width = rows.iter().map(|row| row.0.len()).max().unwrap_or(0).max(5);
    println!(
        "\n{:width$}  {:>8}  {:>8}  result",
        "step", "time", "budget"
    );
    for (name, took, budget, verdict) in rows {
        let took = took.map_or_else(|| "-".to_owned(), show);
        let budget = show(*budget);
        println!("{name:width$}  {took:>8}  {budget:>8}  {verdict}");
    }
    println!("{:width$}  {:>8}  {:>8}", "total", show(took), show(budget));
}

/// A duration as a reader wants it: `0.4 s`, `12.0 s`, `3m 05s`.
pub(crate) fn show(time: Duration) -> String {
    if time < Duration::from_secs(100) {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{}m {:02}s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::{AfterFailure, Outcome, Step, minutes, run};

    fn steps() -> Vec<Step> {
        ["one", "two"]
            .into_iter()
            .map(|name| {
                Step::new(name, minutes(1), "mend it", |_| {
                    Err::<Outcome, _>("broken".to_owned())
                })
            })
            .collect()
    }

    #[test]
    fn stops_at_the_first_failure_unless_told_to_go_on() {
        assert_eq!(
            run(steps(), AfterFailure::Stop, minutes(1)),
            Err("failed: one".to_owned())
        );
        assert_eq!(
            run(steps(), AfterFailure::KeepGoing, minutes(1)),
            Err("failed: one, two".to_owned())
        );
    }
}
