//! Several threads through one gate, then an access log through another.
//!
//! `cargo run --release --example quickstart [-- LOG]`. Both parts keep their own record of what was
//! admitted and judge it against the limits by definition, so a gate that let too much through
//! would make this program fail.

#![forbid(unsafe_code)]

mod chart;
mod log;
#[cfg_attr(not(test), expect(dead_code, reason = "workers ask it more"))]
mod record;
mod replay;
mod threads;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use log::Log;

const SAMPLE: &str = include_str!("../data/access.log");

const HELP: &str = "\
Several threads through one rate limiter, then an access log through another.

usage: cargo run --release --example quickstart [-- LOG]

  LOG         an access log in Common or Combined Log Format (Apache, nginx);
              without it, a small sample that comes with the example
  -h, --help  this text

COLUMNS sets the width of the chart (80 without it), NO_COLOR takes its colours away.
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(io::stderr(), "quickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let path = arguments.next();
    if let Some(extra) = arguments.next() {
        return Err(format!(
            "one log at a time, {} is too many; try --help",
            extra.display()
        )
        .into());
    }
    let mut out = io::stdout();
    // A log that cannot be read should say so before the threads take their seconds.
    let (name, log) = match path {
        None => ("the sample log".to_owned(), Log::read(SAMPLE.as_bytes())?),
        Some(flag) if flag == "-h" || flag == "--help" => {
            return Ok(out.write_all(HELP.as_bytes())?);
        }
        Some(flag) if flag.as_encoded_bytes().starts_with(b"-") => {
            return Err(format!("{} is not an option here; try --help", flag.display()).into());
        }
        Some(path) => (path.display().to_string(), Log::open(Path::new(&path))?),
    };

    writeln!(out, "1. Threads through one gate")?;
    threads::run(&mut out)?;
    writeln!(out, "\n2. {name} through a gate, in event time")?;
    replay::run(&mut out, &log)
}
