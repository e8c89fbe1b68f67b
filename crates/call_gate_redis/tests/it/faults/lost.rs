//! Requests arrive and their answers do not: what was asked may have been done, and is not asked again.

use super::load::{AMPLE, DEADLINE, Load};
use super::proxy::Proxy;
use crate::checker::until;
use call_gate_core::{CallGate, StorageErrorKind, UpdateError};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Server;
use std::thread;
use std::time::{Duration, Instant};

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_answers_are_lost_under_load() {
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port());
    let load = Load::start(&proxy.url());
    let from = Instant::now();
    proxy.lose(true);
    thread::sleep(Duration::from_secs(1));
    proxy.lose(false);
    let to = Instant::now();
    load.until_served(20);
    for seen in load.stop() {
        seen.assert_exact(&server.url());
        seen.assert_held(from, to);
        // an attempt to connect that lost its answers is given up after a second
        seen.assert_recovered(to, Duration::from_secs(2));
        assert!(
            seen.counting.unknown() + seen.binding.unknown() > 0,
            "{:?}: nothing was lost",
            seen.form
        );
    }
}

/// How many scripts the server was asked to run so far.
fn scripts(server: &Server) -> u64 {
    let stats = server.command(&["INFO", "commandstats"]).unwrap();
    let calls = |name: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(name));
        let calls = line.and_then(|line| line.split(',').next());
        calls.map_or(0, |calls| calls.parse::<u64>().unwrap())
    };
    calls("cmdstat_evalsha:calls=") + calls("cmdstat_eval:calls=")
}

/// One lost act: it is told as unknown in time, ran once, and is not sent again, not even when answers come again.
/// What the server has counted after it.
fn lost(server: &Server, proxy: &Proxy, there: &CallGate, act: &dyn Fn() -> UpdateError) -> u64 {
    let before = scripts(server);
    proxy.lose(true);
    let from = Instant::now();
    let error = act();
    let held = from.elapsed();
    let UpdateError::Storage(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), StorageErrorKind::TimedOut, "{error:?}");
    eprintln!("a lost act was held for {held:?}");
    // a single one on a machine that is busy; many are judged by the test above
    assert!(
        held < DEADLINE + Duration::from_secs(1),
        "held for {held:?}"
    );
    // what would be sent again would be within a deadline or two
    thread::sleep(2 * DEADLINE);
    proxy.lose(false);
    thread::sleep(DEADLINE / 2);
    assert_eq!(scripts(server) - before, 1, "it was not sent once");
    there.sum().unwrap()
}

/// A gate whose frame outlasts the test.
fn of(url: &str, deadline: Duration, coalesce: bool) -> CallGate {
    let storage = RedisStorage::from_url(url).unwrap();
    let storage = storage.deadline(deadline).coalesce(coalesce);
    let days = |count: u64| Duration::from_secs(count * 24 * 3600);
    CallGate::builder("lost", days(30), days(10))
        .gate_limit(1_000)
        .credits()
        .storage(storage)
        .build()
        .unwrap()
}

/// A new gate that holds 20, seen past the proxy.
fn fresh(server: &Server) -> CallGate {
    let there = of(&server.url(), AMPLE, true);
    there.clear().unwrap();
    there.update(20).unwrap();
    there
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_lost_refunds_are_done_once_and_lost_updates_count() {
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port());
    for coalesce in [true, false] {
        let there = fresh(&server);
        let gate = of(&proxy.url(), DEADLINE, coalesce);
        let run = |act: &dyn Fn() -> UpdateError| {
            // the connection of the act before is dead, and a new one must be there before this one
            until("answers come", || gate.state().is_ok());
            lost(&server, &proxy, &there, act)
        };
        assert_eq!(run(&|| gate.refund(3).unwrap_err()), 17);
        assert_eq!(run(&|| gate.try_update(5).unwrap_err()), 22);
        let booked = there.update(4).unwrap();
        assert_eq!(run(&|| gate.pass(4, booked).refund().unwrap_err()), 22);
        let booked = there.update(4).unwrap();
        assert_eq!(run(&|| gate.pass(4, booked).settle(1).unwrap_err()), 23);
    }
}

#[cfg(feature = "tokio")]
#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_lost_refunds_of_tasks_are_done_once() {
    let server = Server::start(&[]);
    let proxy = Proxy::start(server.port());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    for coalesce in [true, false] {
        let there = fresh(&server);
        let gate = of(&proxy.url(), DEADLINE, coalesce);
        let run = |act: &dyn Fn() -> UpdateError| {
            until("tasks are answered", || {
                runtime.block_on(gate.awaited().state()).is_ok()
            });
            lost(&server, &proxy, &there, act)
        };
        let refund = || runtime.block_on(gate.awaited().refund(3)).unwrap_err();
        assert_eq!(run(&refund), 17);
        let update = || runtime.block_on(gate.awaited().try_update(5)).unwrap_err();
        assert_eq!(run(&update), 22);
        let booked = there.update(4).unwrap();
        let give_back = || {
            let pass = gate.pass(4, booked);
            runtime.block_on(pass.refund_awaited()).unwrap_err()
        };
        assert_eq!(run(&give_back), 22);
    }
}
