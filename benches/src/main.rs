//! Measures everything and reports; see `docs/benchmarks.md`.

mod args;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use args::{Args, Command};
use call_gate_benches::machine::Machine;
use call_gate_benches::rounds::{self, Progress, Table};
use call_gate_benches::{chart, groups, report, second};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, job @ ..] = &*words
        && first == second::ARGUMENT
    {
        second::serve(job);
        return ExitCode::SUCCESS;
    }
    match Args::parse(words.into_iter()) {
        Ok(Command::Help) => {
            println!("{}", args::HELP);
            ExitCode::SUCCESS
        }
        Ok(Command::Measure(args)) => measure(&args),
        Err(wrong) => {
            eprintln!("error: {wrong}\n\n{}", args::HELP);
            ExitCode::from(2)
        }
    }
}

fn measure(args: &Args) -> ExitCode {
    if cfg!(debug_assertions) {
        eprintln!("warning: built without optimisation; run it with --release");
    }
    let machine = Machine::read();
    let progress = Progress::default();
    let tables: Vec<Table> = groups::ALL
        .iter()
        .filter_map(|group| rounds::run(group(), &args.plan, &progress))
        .collect();
    if tables.is_empty() {
        eprintln!("error: no candidate's id contains what --only asks for");
        return ExitCode::from(2);
    }
    if args.smoke {
        println!("every call came to what it should; nothing was written");
        return ExitCode::SUCCESS;
    }
    let report = report::markdown(&tables, &machine, &args.plan);
    if !args.write {
        println!("{report}");
        return ExitCode::SUCCESS;
    }
    match write(&report, &chart::svg(&tables)) {
        Ok(()) => {
            println!("wrote docs/benchmarks.md and docs/benchmarks.svg");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: cannot write the report into docs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(report: &str, chart: &str) -> io::Result<()> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    fs::create_dir_all(&docs)?;
    fs::write(docs.join("benchmarks.md"), report)?;
    fs::write(docs.join("benchmarks.svg"), chart)
}
