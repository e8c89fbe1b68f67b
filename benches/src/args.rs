//! The command line.

use call_gate_benches::rounds::Plan;

/// What `--help` prints.
pub const HELP: &str = "\
Measures call_gate beside its peers, in interleaved rounds.

usage: cargo xtask bench [--smoke] [--rounds N] [--only FILTER] [--write]

  --smoke        2 rounds of 5,000 calls: checks every outcome, reports nothing
  --rounds N     rounds that count, 1 to 200 (default 41)
  --only FILTER  only ids that contain FILTER, beside their group's base
  --write        rewrite docs/benchmarks.md and docs/benchmarks.svg";

const ROUNDS: usize = 41;
/// More would run the roomy gates into their limits.
const MOST_ROUNDS: usize = 200;
const CALLS: u64 = 400_000;
const SMOKE_ROUNDS: usize = 2;
const SMOKE_CALLS: u64 = 5_000;

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Print the help.
    Help,
    /// Measure.
    Measure(Args),
}

/// What to measure, and what to do with it.
#[derive(Debug)]
pub struct Args {
    /// How much to measure.
    pub plan: Plan,
    /// Whether only the outcomes matter.
    pub smoke: bool,
    /// Whether to write the report into `docs`.
    pub write: bool,
}

impl Args {
    /// Parses what follows the program's name.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
        let (mut smoke, mut write, mut rounds, mut only) = (false, false, None, None);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--smoke" => smoke = true,
                "--write" => write = true,
                "--rounds" => rounds = Some(parse_rounds(words.next())?),
                "--only" => only = Some(words.next().ok_or("--only needs a part of an id")?),
                _ => return Err(format!("unknown argument {word:?}")),
            }
        }
        if write && (smoke || only.is_some()) {
            return Err("--write takes a whole run, without --smoke and --only".to_owned());
        }
        let (usual, calls) = if smoke {
            (SMOKE_ROUNDS, SMOKE_CALLS)
        } else {
            (ROUNDS, CALLS)
        };
        let rounds = rounds.unwrap_or(usual);
        let plan = Plan {
            rounds,
            calls,
            only,
        };
        Ok(Command::Measure(Self { plan, smoke, write }))
    }
}

fn parse_rounds(word: Option<String>) -> Result<usize, String> {
    let word = word.ok_or("--rounds needs a number")?;
    match word.parse() {
        Ok(rounds @ 1..=MOST_ROUNDS) => Ok(rounds),
        _ => Err(format!(
            "--rounds {word:?} must be a number from 1 to {MOST_ROUNDS}"
        )),
    }
}
