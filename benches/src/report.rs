//! The report in Markdown.

use std::fmt::{self, Write};

use crate::machine::Machine;
use crate::rounds::{Figures, Plan, Table};
use crate::targets::{self, Verdict};

/// The whole of `docs/benchmarks.md`.
pub fn markdown(tables: &[Table], machine: &Machine, plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_report(&mut out, tables, machine, plan);
    out
}

fn write_report(out: &mut String, tables: &[Table], machine: &Machine, plan: &Plan) -> fmt::Result {
    writeln!(out, "# Benchmarks\n")?;
    writeln!(
        out,
        "Written by `cargo xtask bench --write`; do not edit. What carries over to another machine \
         are the ratios between rows of one table, and those only roughly; the nanoseconds do not.\n"
    )?;
    writeln!(
        out,
        "![Cost of one call as a multiple of governor's](benchmarks.svg)\n"
    )?;
    write_targets(out, tables, plan)?;
    write_machine(out, machine)?;
    for table in tables {
        write_table(out, table)?;
    }
    write_method(out, plan)
}

fn write_targets(out: &mut String, tables: &[Table], plan: &Plan) -> fmt::Result {
    writeln!(out, "## Targets\n")?;
    writeln!(out, "| one call | at most | measured | p10 to p90 | |")?;
    writeln!(out, "| --- | --- | --- | --- | --- |")?;
    for target in targets::ALL {
        let Some(verdict) = target.judge(tables) else {
            if plan.only.is_some() {
                continue;
            }
            writeln!(
                out,
                "| {} | {:.2} | | | not measured: machine too busy |",
                target.what, target.at_most
            )?;
            continue;
        };
        writeln!(
            out,
            "| {} | {:.2} | {} | {} to {} | {} |",
            target.what,
            target.at_most,
            two_digits(verdict.ratio.median),
            two_digits(verdict.ratio.p10),
            two_digits(verdict.ratio.p90),
            Shown(verdict),
        )?;
    }
    writeln!(out)
}

/// A verdict in words, which tell if most of the rounds could not be measured.
struct Shown(Verdict);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.met { "met" } else { "**missed**" })?;
        let (measured, rounds) = (self.0.ratio.rounds, self.0.rounds);
        if measured * 2 < rounds {
            write!(f, ", by {measured} of {rounds} rounds: machine too busy")?;
        }
        Ok(())
    }
}

fn write_machine(out: &mut String, machine: &Machine) -> fmt::Result {
    writeln!(out, "## Machine\n")?;
    writeln!(out, "| | |\n| --- | --- |")?;
    for (name, value) in &machine.facts {
        writeln!(out, "| {name} | {value} |")?;
    }
    writeln!(out)
}

fn write_table(out: &mut String, table: &Table) -> fmt::Result {
    writeln!(out, "## {}\n\n{}\n", table.title, table.about)?;
    let Some(base) = table.rows.first() else {
        return Ok(());
    };
    let (unit, nanos_in_unit) = match table.figures {
        Figures::PerCall => ("ns", 1.0),
        Figures::Total => ("ms", 1e6),
    };
    writeln!(
        out,
        "| candidate | id | × {} | p10 to p90 | mean | {unit} |",
        base.label
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    for row in &table.rows {
        write!(out, "| {} | `{}` |", row.label, row.id)?;
        match row.ratio_to(base).zip(row.cost()) {
            Some((ratio, cost)) => writeln!(
                out,
                " {} | {} to {} | {} | {} |",
                two_digits(ratio.median),
                two_digits(ratio.p10),
                two_digits(ratio.p90),
                two_digits(ratio.mean),
                three_digits(cost.median / nanos_in_unit),
            )?,
            None => writeln!(out, " machine too busy | | | |")?,
        }
    }
    writeln!(out)
}

/// A ratio, so that a small one can still be told from another.
fn two_digits(ratio: f64) -> String {
    if ratio < 0.1 {
        format!("{ratio:.4}")
    } else {
        format!("{ratio:.2}")
    }
}

/// Three digits or so.
fn three_digits(value: f64) -> String {
    if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn write_method(out: &mut String, plan: &Plan) -> fmt::Result {
    let (rounds, calls) = (plan.rounds, thousands(plan.calls));
    writeln!(out, "## How it is measured\n")?;
    writeln!(
        out,
        "- {rounds} rounds of {calls} calls a candidate, fewer where a call takes longer or two threads \
         make them. Every candidate of a table runs once in every round, in an order that moves on \
         by one from round to round, after one round that does not count. Tables in milliseconds \
         come from fewer rounds, one run a candidate."
    )?;
    writeln!(
        out,
        "- The result is the median of the ratios to the base within each round. A run of one \
         candidate after the other would compare moments of the machine: its frequency and its \
         neighbours change more between two minutes than the candidates differ. A slow moment here \
         hits a round, and its ratios with both sides; the median leaves the odd one out. The mean \
         keeps it in, and with it the rounds in which the hybrid clock reads the time twice because \
         a frame is about to end."
    )?;
    writeln!(
        out,
        "- Every call's outcome is checked in the loop: a roomy limiter must admit each, a full one \
         deny each. A run that sees anything else stops without a report."
    )?;
    writeln!(
        out,
        "- With two threads or processes, a measurement counts only if both were running at once for four \
         fifths of it, and is tried again otherwise. Two threads that take turns on one core, \
         because something else needs the other, do not contend, and every limiter then looks as \
         if it did not mind company. (Off the core is told on Linux only.)"
    )?;
    writeln!(
        out,
        "- Peers do equal work: one unit on one hot key through their cheapest public call. \
         leaky-bucket reads no clock unless it is empty; trypema has no form without a key."
    )?;
    writeln!(
        out,
        "- A Redis server runs on the same machine, on loopback and with nothing stored, and has one \
         of its cores while the client has another: what both cost is in the time of a call."
    )?;
    writeln!(
        out,
        "- Two threads' ratios move by a tenth or two from run to run, though little within one: \
         which cache lines a limiter shares is settled when it is allocated.\n\
         - Nanoseconds are those of calls in a tight loop, where neighbouring calls overlap in the \
         processor; a lone call costs more.\n"
    )?;
    writeln!(out, "## To repeat it\n")?;
    writeln!(
        out,
        "```text\n\
         cargo xtask bench                     # everything, to the terminal\n\
         cargo xtask bench --only denied       # some ids, beside their base\n\
         cargo xtask bench --smoke             # seconds: does everything still answer as it should\n\
         cargo xtask bench --write             # rewrites this page and its chart\n\
         cargo bench --manifest-path benches/Cargo.toml   # the essential calls, under criterion\n\
         ```\n"
    )?;
    writeln!(
        out,
        "Close what else is running first; on a laptop, plug it in. criterion tells how one call's \
         cost changed since the last run; it measures its functions one after the other, so take \
         ratios between them from the tables here."
    )
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
