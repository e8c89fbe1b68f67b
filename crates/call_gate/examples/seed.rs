//! The example of the Python package `call_gate`: thirty requests through one gate, sync and then async.
//!
//! `cargo run --release --features tokio --example seed`. It takes its sixteen seconds: no ten frames may hold more
//! than ten requests and no frame more than two, which is what the program checks when it is done.

#![forbid(unsafe_code)]

#[path = "quickstart/record.rs"]
#[expect(dead_code, reason = "the replay of a log asks it more")]
mod record;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use call_gate::{AsyncCallGate, CallGate, State};

use record::Record;

const GATE_SIZE: Duration = Duration::from_secs(3);
const FRAME_STEP: Duration = Duration::from_millis(300);
const GATE_LIMIT: u64 = 10;
const FRAME_LIMIT: u64 = 2;
const REQUESTS: u64 = 30;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(io::stderr(), "seed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let gate = CallGate::builder("my_gate", GATE_SIZE, FRAME_STEP)
        .gate_limit(GATE_LIMIT)
        .frame_limit(FRAME_LIMIT)
        .build()?;
    let mut screen = Screen::new();
    let begun = Instant::now();

    screen.say("Starting sync")?;
    let mut booked = dummy_func(&gate, &mut screen)?;
    let sync_took = begun.elapsed();

    screen
        .say("Starting async: the same gate, so the first of these wait for the last of those")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    booked.extend(runtime.block_on(async_dummy(&gate.into(), &mut screen))?);
    let took = begun.elapsed();

    let mut record = Record::new(GATE_SIZE, FRAME_STEP, GATE_LIMIT, FRAME_LIMIT);
    for frame in &booked {
        record.book(*frame, 1)?;
    }
    let checked = record.check()?;
    screen.say(&checked.to_string())?;
    at_least(&mut screen, "sync", REQUESTS, sync_took)?;
    at_least(&mut screen, "sync and async", 2 * REQUESTS, took)?;
    if checked.admitted == 2 * REQUESTS {
        Ok(())
    } else {
        Err(format!("{} of {} were admitted", checked.admitted, 2 * REQUESTS).into())
    }
}

fn dummy_func(gate: &CallGate, screen: &mut Screen) -> Result<Vec<SystemTime>, Box<dyn Error>> {
    let mut booked = Vec::new();
    for requests in 1..=REQUESTS {
        let pass = gate.enter(1)?;
        booked.push(pass.reading().frame().start());
        screen.show(&gate.state()?, requests)?;
    }
    Ok(booked)
}

async fn async_dummy(
    gate: &AsyncCallGate,
    screen: &mut Screen,
) -> Result<Vec<SystemTime>, Box<dyn Error>> {
    let mut booked = Vec::new();
    for requests in 1..=REQUESTS {
        let reading = gate.update(1).await?;
        booked.push(reading.frame().start());
        screen.show(&gate.state().await?, requests)?;
    }
    Ok(booked)
}

/// Fails if `requests` took less than the limits demand.
///
/// Ten requests fill five frames, two in each, and then the window: the next ten begin when ten frames have passed since the
/// last ten began. So the thirtieth is 24 frames after the first at least. The first may come at the very end of its
/// frame, which takes nearly one frame off what a watch shows.
fn at_least(
    screen: &mut Screen,
    what: &str,
    requests: u64,
    took: Duration,
) -> Result<(), Box<dyn Error>> {
    let (windows, rest) = ((requests - 1) / GATE_LIMIT, (requests - 1) % GATE_LIMIT);
    let window = u32::try_from(windows)?;
    let frame = u32::try_from(rest / FRAME_LIMIT)?;
    let least = (GATE_SIZE * window + FRAME_STEP * frame).saturating_sub(FRAME_STEP);
    screen.say(&format!(
        "{what}: {requests} requests in {:.2} s; the limits demand more than {:.2} s",
        took.as_secs_f64(),
        least.as_secs_f64()
    ))?;
    if took > least {
        Ok(())
    } else {
        Err(format!("{what} took {took:?}, and the limits demand more than {least:?}").into())
    }
}

/// One line that is written over on a terminal, and every fifth of them elsewhere.
struct Screen {
    out: io::Stdout,
    is_live: bool,
}

impl Screen {
    fn new() -> Self {
        let out = io::stdout();
        let is_live = out.is_terminal();
        Self { out, is_live }
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    fn show(&mut self, state: &State, requests: u64) -> io::Result<()> {
        let (before, after) = match (self.is_live, requests == REQUESTS) {
            (true, false) => ("\r", ""),
            (true, true) => ("\r", "\n"),
            (false, _) if requests.is_multiple_of(5) => ("", "\n"),
            (false, _) => return Ok(()),
        };
        let (data, sum) = (state.frames(), state.sum());
        write!(
            self.out,
            "{before}  data = {data:?}, sum = {sum:2}, requests = {requests:2}{after}"
        )?;
        self.out.flush()
    }
}
