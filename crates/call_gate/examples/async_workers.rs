//! Workers that share the quota of a service: tokens, reserved before a call and settled after it.
//!
//! `cargo run --release --features tokio --example async_workers`. Some of the jobs are in a hurry and are given up
//! when they wait too long; when enough is done the gate is closed, which is how the workers end. Afterwards the bookings
//! are judged against the limits by definition, and compared with what the gate itself holds.

#![forbid(unsafe_code)]

#[path = "quickstart/record.rs"]
#[expect(dead_code, reason = "the replay of a log asks it more")]
mod record;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use call_gate::{AsyncCallGate, CallGate, Refund, UpdateError, Wait};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use record::Record;

const GATE_SIZE: Duration = Duration::from_secs(1);
const FRAME_STEP: Duration = Duration::from_millis(100);
const GATE_LIMIT: u64 = 200;
const FRAME_LIMIT: u64 = 60;
const WORKERS: u64 = 8;
/// How long a job in a hurry waits.
const PATIENCE: Duration = Duration::from_millis(120);
/// The service closes after so many calls and so many that were given up.
const CALLS: u64 = 40;
const GIVEN_UP: u64 = 5;
/// Only a fault takes as long.
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

/// A call that was made: the frame it is booked in, and what it came to.
struct Call {
    frame: SystemTime,
    tokens: u64,
}

/// What a worker did until the gate was closed.
#[derive(Default)]
struct Tally {
    asked: u64,
    called: u64,
    given_up: u64,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(io::stderr(), "async_workers: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let gate = CallGate::builder("tokens", GATE_SIZE, FRAME_STEP)
        .gate_limit(GATE_LIMIT)
        .frame_limit(FRAME_LIMIT)
        // a call may outlast the frame it was booked in
        .credits()
        .build()?;
    let gate = AsyncCallGate::from(gate);
    writeln!(
        out,
        "{WORKERS} workers; at most {FRAME_LIMIT} tokens in a frame of {FRAME_STEP:?} and {GATE_LIMIT} in {GATE_SIZE:?}"
    )?;

    let begun = Instant::now();
    let given_up = Arc::new(AtomicU64::new(0));
    let (report, mut calls) = mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for number in 0..WORKERS {
        workers.spawn(work(
            number,
            gate.clone(),
            report.clone(),
            Arc::clone(&given_up),
        ));
    }
    drop(report);

    let mut booked: BTreeMap<SystemTime, u64> = BTreeMap::new();
    let mut called = 0;
    let mut show = interval(Duration::from_millis(if out.is_terminal() {
        50
    } else {
        800
    }));
    loop {
        tokio::select! {
            call = calls.recv() => match call {
                Some(Call { frame, tokens }) => {
                    *booked.entry(frame).or_default() += tokens;
                    called += 1;
                }
                // the last worker has hung up
                None => break,
            },
            _ = show.tick() => status(&mut out, &gate, called, given_up.load(Relaxed)).await?,
            () = sleep(FAR_TOO_LONG.saturating_sub(begun.elapsed())) => return Err("it takes far too long".into()),
        }
        if called >= CALLS && given_up.load(Relaxed) >= GIVEN_UP {
            // whoever waits returns, and so does whoever asks after it
            gate.close();
        }
    }
    let took = begun.elapsed();

    let mut sum = Tally::default();
    while let Some(worker) = workers.join_next().await {
        let tally = worker??;
        sum.asked += tally.asked;
        sum.called += tally.called;
        sum.given_up += tally.given_up;
    }
    chart(&mut out, &booked)?;
    let tokens: u64 = booked.values().sum();
    writeln!(
        out,
        "{called} calls for {tokens} tokens in {:.1} s, {} given up, {WORKERS} ended by the close",
        took.as_secs_f64(),
        sum.given_up
    )?;
    judge(&mut out, &gate, &booked).await?;
    if (sum.called, sum.asked) == (called, called + sum.given_up + WORKERS) {
        Ok(())
    } else {
        Err("some of what was asked for was neither called, nor given up, nor closed".into())
    }
}

/// Works until the gate is closed.
async fn work(
    number: u64,
    gate: AsyncCallGate,
    report: UnboundedSender<Call>,
    given_up: Arc<AtomicU64>,
) -> Result<Tally, UpdateError> {
    let mut tally = Tally::default();
    loop {
        let job = number + WORKERS * tally.asked;
        let most = 10 + job * 7 % 30;
        tally.asked += 1;

        let turn = gate.enter_with(most, Wait::Forever);
        let pass = if job.is_multiple_of(3) {
            // dropped when the time is up, it leaves the queue and has booked nothing
            let Ok(pass) = timeout(PATIENCE, turn).await else {
                given_up.fetch_add(1, Relaxed);
                tally.given_up += 1;
                continue;
            };
            pass
        } else {
            turn.await
        };
        let pass = match pass {
            Err(UpdateError::Closed) => return Ok(tally),
            pass => pass?,
        };
        tally.called += 1;

        let frame = pass.reading().frame().start();
        let cost = ask_the_service(most).await;
        let tokens = match pass.settle(cost).await {
            Ok(Refund::Returned(_)) => cost,
            // the frame has left the window, or the gate was closed: the reservation stands
            Ok(_) | Err(UpdateError::Closed) => most,
            Err(error) => return Err(error),
        };
        // nobody listens any more after a fault, which is reported there
        let _ = report.send(Call { frame, tokens });
    }
}

/// Stands for a call over a network, which takes a while and costs less than the most it may.
async fn ask_the_service(most: u64) -> u64 {
    sleep(Duration::from_millis(5 + most)).await;
    most / 2 + most % 5
}

async fn status(
    out: &mut impl Write,
    gate: &AsyncCallGate,
    called: u64,
    given_up: u64,
) -> Result<(), Box<dyn Error>> {
    let (before, after) = if io::stdout().is_terminal() {
        ("\r", "")
    } else {
        ("", "\n")
    };
    write!(
        out,
        "{before}  {:3} of {GATE_LIMIT} tokens in the window, {} waiting, {called:2} calls, {given_up:2} given up{after}",
        gate.sum().await?,
        gate.waiters(),
    )?;
    Ok(out.flush()?)
}

/// A row for each frame from the first to the last.
fn chart(out: &mut impl Write, booked: &BTreeMap<SystemTime, u64>) -> io::Result<()> {
    if io::stdout().is_terminal() {
        writeln!(out)?;
    }
    let (Some((first, _)), Some((last, _))) = (booked.first_key_value(), booked.last_key_value())
    else {
        return Ok(());
    };
    writeln!(out, "  start  tokens booked in the frame")?;
    let mut start = *first;
    while start <= *last {
        let tokens = booked.get(&start).copied().unwrap_or(0);
        let since = start.duration_since(*first).unwrap_or_default();
        let bar = "█".repeat(usize::try_from(tokens).unwrap_or(0));
        let row = format!("  {:3.1} s  {tokens:2}  {bar}", since.as_secs_f64());
        writeln!(out, "{}", row.trim_end())?;
        start += FRAME_STEP;
    }
    Ok(())
}

/// Judges what was booked, and asks the gate whether it holds the same.
async fn judge(
    out: &mut impl Write,
    gate: &AsyncCallGate,
    booked: &BTreeMap<SystemTime, u64>,
) -> Result<(), Box<dyn Error>> {
    let mut record = Record::new(GATE_SIZE, FRAME_STEP, GATE_LIMIT, FRAME_LIMIT);
    for (frame, tokens) in booked {
        record.book(*frame, *tokens)?;
    }
    writeln!(out, "{}", record.check()?)?;

    // A job that was given up or closed out must have left nothing behind.
    let state = gate.state().await?;
    let mut start = state.current_frame().start();
    for held in state.frames() {
        let recorded = booked.get(&start).copied().unwrap_or(0);
        if *held != recorded {
            return Err(
                format!("the gate holds {held} in a frame where {recorded} were booked").into(),
            );
        }
        start -= FRAME_STEP;
    }
    if gate.waiters() > 0 {
        return Err(format!("{} still wait", gate.waiters()).into());
    }
    writeln!(
        out,
        "the gate holds the same, frame by frame, and nobody waits"
    )?;
    Ok(())
}
