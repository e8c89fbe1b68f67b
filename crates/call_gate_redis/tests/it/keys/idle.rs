//! Very many gates that are used once.

use crate::checker::{is_long, until};
use call_gate_core::CallGate;
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Server;
use std::thread;
use std::time::{Duration, Instant};

/// So many questions are on their way at a time.
const PIPE: usize = 500;
const FRAMES: u64 = 4;

fn words(numbers: &[u64]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

fn number(server: &Server, command: &[&str]) -> u64 {
    server.command(command).unwrap().parse().unwrap()
}

fn used_memory(server: &Server) -> u64 {
    let info = server.command(&["INFO", "memory"]).unwrap();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().parse().unwrap()
}

/// One update of each of many gates, asked for as `docs/redis-protocol.md` has it.
fn use_gates(server: &Server, sha: &str, gates: usize, base: u64) {
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let shape = words(&[base, 2, 1, 1, 1, FRAMES]);
    let ask = words(&[1, 0, 5, 10, 0, 0, 1, 1]);
    let numbers: Vec<usize> = (0..gates).collect();
    for some in numbers.chunks(PIPE) {
        let mut pipe = redis::pipe();
        for gate in some {
            let command = pipe.cmd("EVALSHA").arg(sha).arg(1);
            command
                .arg(format!("cg:{{idle {gate}}}"))
                .arg(&shape)
                .arg(&ask);
        }
        let told: Vec<Vec<u8>> = pipe.query(&mut connection).unwrap();
        // booked: no error, and one request admitted
        let booked = |told: &Vec<u8>| told.len() == 80 && told[..8] == [0; 8] && told[72] == 1;
        assert!(told.len() == some.len() && told.iter().all(booked));
    }
}

#[test]
fn idle_gates_leave_nothing_behind() {
    let server = Server::start(&[]);
    let gates = if is_long() { 1_000_000 } else { 100_000 };
    let step = Duration::from_secs(if is_long() { 8 } else { 1 });
    // the storage teaches the server the script
    let storage = RedisStorage::from_url(server.url()).unwrap();
    let window = step * u32::try_from(FRAMES).unwrap();
    let of = |name: &str| CallGate::builder(name, window, step).storage(storage.clone());
    of("idle")
        .gate_limit(10)
        .build()
        .unwrap()
        .update(1)
        .unwrap();
    let script = redis::Script::new(include_str!("../../../src/gate.lua"));
    let before = used_memory(&server);
    let start = Instant::now();
    let base = u64::try_from(step.as_micros()).unwrap();
    use_gates(&server, script.get_hash(), gates, base);
    let made = start.elapsed();
    let (there, full) = (number(&server, &["DBSIZE"]), used_memory(&server));
    assert!(
        there > gates as u64 / 10,
        "{there} are there after {made:?}"
    );
    // what they are is what the crate reads
    let name = format!("idle {}", gates - 1);
    let one = of(&name).gate_limit(99).build().unwrap();
    assert_eq!((one.sum().unwrap(), one.gate_limit()), (1, Some(10)));
    // how long a window lasts is what is tested
    let over = start + made + window + step;
    thread::sleep(over.saturating_duration_since(Instant::now()));
    until("nothing is left", || number(&server, &["DBSIZE"]) == 0);
    let (last, after) = (over.elapsed(), used_memory(&server));
    eprintln!(
        "{gates} gates made in {made:?}, all gone {last:?} after the last could be; {} bytes each, {} left of all",
        (full - before) / there,
        after.saturating_sub(before)
    );
    assert!(
        after < before + (full - before) / 10,
        "{before} {full} {after}"
    );
}
