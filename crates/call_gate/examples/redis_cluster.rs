//! Gates spread over the nodes of a Redis Cluster, whose slots move while tasks and threads call.
//!
//! `cargo run --release --features redis-cluster,tokio --example redis_cluster`. It starts three masters of its own, says
//! which node holds which gate, and moves each gate's slot to another node while it is in use. Nobody who calls notices.
//! Afterwards the record of every gate is judged against its limits by definition.
//!
//! With `REDIS_CLUSTER_URLS`, urls with commas between them, it calls in that cluster and leaves its slots alone.

#![forbid(unsafe_code)]

#[path = "redis_cluster/callers.rs"]
mod callers;
#[path = "redis_cluster/nodes.rs"]
mod nodes;
#[path = "quickstart/record.rs"]
#[expect(dead_code, reason = "the replay of a log asks it more")]
mod record;
#[path = "redis_workers/server.rs"]
mod server;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use call_gate::{CallGate, RedisStorage};

use callers::Callers;
use nodes::Nodes;

const URLS: &str = "REDIS_CLUSTER_URLS";

const GATE_SIZE: Duration = Duration::from_secs(1);
const FRAME_STEP: Duration = Duration::from_millis(100);
const GATE_LIMIT: u64 = 60;
const FRAME_LIMIT: u64 = 10;
const NAMES: [&str; 6] = ["gmail", "github", "maps", "search", "llm", "billing"];

/// When the first slot moves, and how long after it each of the others.
const FIRST: Duration = Duration::from_millis(1500);
const NEXT: Duration = Duration::from_millis(400);
/// How long there is calling in all.
const END_AT: Duration = Duration::from_secs(5);

/// A busy machine is no outage.
const DEADLINE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed too.
            let _ = writeln!(io::stderr(), "redis_cluster: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let (nodes, urls) = if let Ok(urls) = env::var(URLS) {
        writeln!(out, "the cluster is the one of {URLS}; its slots stay")?;
        (None, urls.split(',').map(str::to_owned).collect())
    } else {
        let nodes = Nodes::start().map_err(|error| format!("{error}; or set {URLS}"))?;
        let urls = nodes.urls();
        writeln!(
            out,
            "no {URLS} is set: started three masters of its own, {}, for as long as this runs",
            urls.join(" ")
        )?;
        (Some(nodes), urls)
    };
    let gates = gates(&urls)?;
    writeln!(
        out,
        "{} gates; at most {FRAME_LIMIT} in a frame of {FRAME_STEP:?} and {GATE_LIMIT} in {GATE_SIZE:?}, each",
        gates.len()
    )?;

    let begun = Instant::now();
    let callers = Callers::start(&gates)?;
    if let Some(nodes) = &nodes {
        thread::sleep(FIRST);
        nodes.show(&mut out, &gates)?;
        for (number, gate) in gates.iter().enumerate() {
            let moved = nodes.move_slot_of(gate)?;
            writeln!(out, "  {moved}, while {}", callers.so_far(number))?;
            thread::sleep(NEXT);
        }
        nodes.show(&mut out, &gates)?;
    }
    thread::sleep(END_AT.saturating_sub(begun.elapsed()));
    callers.end(&mut out, &gates)
}

fn gates(urls: &[String]) -> Result<Vec<CallGate>, Box<dyn Error>> {
    let storage = RedisStorage::from_cluster(urls)?.deadline(DEADLINE);
    let mut gates = Vec::new();
    for name in NAMES {
        // a name of this run; its key goes by itself, a frame after its window
        let name = format!("{name} {}", process::id());
        let gate = CallGate::builder(name, GATE_SIZE, FRAME_STEP)
            .gate_limit(GATE_LIMIT)
            .frame_limit(FRAME_LIMIT)
            .storage(storage.clone())
            .build()?;
        gates.push(gate);
    }
    Ok(gates)
}
