//! Interleaved rounds and what is told from them.
//!
//! A machine changes its mind while it measures: frequency, neighbours, where
//! memory landed. So every candidate of a group runs once in every round, in an
//! order that moves on from round to round, and what is compared are ratios
//! within one round; the median over the rounds is the result.

use std::io::{IsTerminal, Write, stderr};

use crate::candidate::Candidate;

/// Rounds that do where one candidate takes a second.
const FEW_ROUNDS: usize = 15;

/// What the figures of a group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figures {
    /// Nanoseconds per call.
    PerCall,
    /// Milliseconds in all; such rounds are long, and there are fewer.
    Total,
}

/// Candidates that are compared with each other; the first is the base.
#[derive(Debug)]
pub struct Group {
    /// What the candidates measure.
    pub figures: Figures,
    /// Heading in the report.
    pub title: &'static str,
    /// What is measured, in a sentence or two.
    pub about: &'static str,
    /// The base, then the others.
    pub candidates: Vec<Candidate>,
}

/// How much to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Rounds that count; one more goes before them and does not.
    pub rounds: usize,
    /// Calls of each candidate in each round.
    pub calls: u64,
    /// Only candidates whose id contains this, and their group's base.
    pub only: Option<String>,
}

/// What a group came to.
#[derive(Debug)]
pub struct Table {
    /// What the rows hold.
    pub figures: Figures,
    /// Heading in the report.
    pub title: &'static str,
    /// What was measured.
    pub about: &'static str,
    /// One row a candidate; the first is the base.
    pub rows: Vec<Row>,
}

/// What one candidate came to.
#[derive(Debug)]
pub struct Row {
    /// `op/storage/threads`.
    pub id: String,
    /// What it is, in words.
    pub label: String,
    /// Nanoseconds per call or in all, one entry a round; `None`: the machine
    /// was too busy.
    pub nanos: Vec<Option<f64>>,
}

/// Where the values of a row lie.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// A tenth of them lie below.
    pub p10: f64,
    /// A tenth of them lie above.
    pub p90: f64,
    /// Their mean, which the rare slow round moves and the median hides.
    pub mean: f64,
    /// How many rounds they are from.
    pub rounds: usize,
}

impl Row {
    /// Nanoseconds; `None`: no round could be measured.
    pub fn cost(&self) -> Option<Spread> {
        Spread::of(self.nanos.iter().flatten().copied().collect())
    }

    /// Cost as a multiple of another row's in the same round.
    ///
    /// `None`: there is no round in which both could be measured.
    pub fn ratio_to(&self, base: &Self) -> Option<Spread> {
        let pairs = self.nanos.iter().zip(&base.nanos);
        Spread::of(
            pairs
                .filter_map(|(mine, base)| Some((*mine)? / (*base)?))
                .collect(),
        )
    }
}

impl Spread {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a handful of rounds"
    )]
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| values[(last as f64 * share).round() as usize];
        Some(Self {
            median: at(0.5),
            p10: at(0.1),
            p90: at(0.9),
            mean: values.iter().sum::<f64>() / values.len() as f64,
            rounds: values.len(),
        })
    }
}

/// Runs a group; `None` if the plan leaves out all of it.
pub fn run(mut group: Group, plan: &Plan, progress: &Progress) -> Option<Table> {
    if let Some(only) = &plan.only {
        let base = group.candidates.first()?.id.clone();
        let wanted = |candidate: &Candidate| candidate.id.contains(only.as_str());
        if !group.candidates.iter().any(wanted) {
            return None;
        }
        group
            .candidates
            .retain(|candidate| candidate.id == base || wanted(candidate));
    }
    let count = group.candidates.len();
    let rounds = match group.figures {
        Figures::PerCall => plan.rounds,
        Figures::Total => plan.rounds.min(FEW_ROUNDS),
    };
    let mut nanos = vec![Vec::with_capacity(rounds); count];
    for round in 0..=rounds {
        progress.show(group.title, round, rounds);
        for place in 0..count {
            let which = (place + round) % count;
            let cost = group.candidates[which].run(plan.calls);
            if round > 0 {
                nanos[which].push(cost);
            }
        }
    }
    progress.end_line();
    let rows = group.candidates.into_iter().zip(nanos);
    Some(Table {
        figures: group.figures,
        title: group.title,
        about: group.about,
        rows: rows
            .map(|(candidate, nanos)| Row {
                id: candidate.id,
                label: candidate.label,
                nanos,
            })
            .collect(),
    })
}

/// The live line on standard error: rewritten on a terminal, otherwise one line
/// a group.
#[derive(Debug)]
pub struct Progress {
    live: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            live: stderr().is_terminal(),
        }
    }
}

impl Progress {
    fn show(&self, title: &str, round: usize, rounds: usize) {
        if self.live {
            eprint!("\r\x1b[K{title}: round {round} of {rounds}");
            // A progress line that cannot be shown is no reason to stop.
            let _ = stderr().flush();
        } else if round == 0 {
            eprintln!("{title}: {rounds} rounds");
        }
    }

    fn end_line(&self) {
        if self.live {
            eprintln!();
        }
    }
}
