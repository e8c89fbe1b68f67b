//! Worker processes on one gate in Redis, one of which is killed.
//!
//! `cargo run --release --features redis --example redis_workers`, or with a server of your own in `REDIS_URL`. It starts
//! itself several times. The workers ask the gate for themselves and report each admission; one is killed amid its work,
//! another takes its place, and the rest go on. Afterwards the joint record is judged against the limits by definition,
//! and compared with the gate's frames.

#![forbid(unsafe_code)]

#[path = "workers/crew.rs"]
mod crew;
#[path = "quickstart/record.rs"]
#[expect(dead_code, reason = "the replay of a log asks it more")]
mod record;
#[path = "redis_workers/server.rs"]
#[expect(dead_code, reason = "the example of a cluster asks it more")]
mod server;
#[path = "workers/shift.rs"]
mod shift;
#[path = "workers/witness.rs"]
mod witness;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::time::Duration;

use call_gate::{CallGate, RedisStorage};

use server::Server;
use shift::{FRAME_LIMIT, FRAME_STEP, GATE_LIMIT, GATE_SIZE};

/// Where the server is, if it is not one of this run alone. A url may hold a password, and so is no argument.
const URL: &str = "REDIS_URL";

/// A busy machine is no outage, and a call that ends without an answer would be missing in the record.
const DEADLINE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match *words {
        [] => run(),
        ["worker", name] => work(name, None),
        ["worker", name, url] => work(name, Some(url)),
        _ => Err(format!("it takes no arguments; {URL} says where the server is").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(io::stderr(), "redis_workers: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The same in every process: name, sizes and server are all that they have to agree on.
fn gate(name: &str, url: &str) -> Result<CallGate, Box<dyn Error>> {
    let storage = RedisStorage::from_url(url)?.deadline(DEADLINE);
    Ok(CallGate::builder(name, GATE_SIZE, FRAME_STEP)
        .gate_limit(GATE_LIMIT)
        .frame_limit(FRAME_LIMIT)
        .storage(storage)
        .build()?)
}

fn work(name: &str, url: Option<&str>) -> Result<(), Box<dyn Error>> {
    let url = url.map_or_else(|| env::var(URL), |url| Ok(url.to_owned()))?;
    shift::work(&gate(name, &url)?)
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    // its key goes by itself, a frame after its window
    let name = format!("redis_workers {}", process::id());
    if let Ok(url) = env::var(URL) {
        writeln!(out, "the server is the one of {URL}")?;
        return shift::run(&mut out, &gate(&name, &url)?, &[&name]);
    }
    let server = Server::start(&[]).map_err(|error| format!("{error}; or set {URL}"))?;
    let url = server.url();
    writeln!(
        out,
        "no {URL} is set: started a server of its own, {url}, for as long as this runs"
    )?;
    shift::run(&mut out, &gate(&name, &url)?, &[&name, &url])
}
