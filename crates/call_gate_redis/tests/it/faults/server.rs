//! The server forgets, halts, dies, and drops its clients.

use super::load::{DEADLINE, Form, Load, Seen, outage, storage};
use crate::checker::Outcome;
use call_gate_core::CallGate;
use call_gate_testkit::servers::Server;
use std::thread;
use std::time::{Duration, Instant};

/// What happened, and when it began and was over.
struct Story {
    seen: Vec<Seen>,
    from: Instant,
    to: Instant,
}

/// Callers before, during and after `fault`.
fn story(server: &Server, fault: impl FnOnce()) -> Story {
    story_of(Load::start(&server.url()), fault)
}

fn story_of(load: Load, fault: impl FnOnce()) -> Story {
    let from = Instant::now();
    fault();
    let to = Instant::now();
    load.until_served(20);
    Story {
        seen: load.stop(),
        from,
        to,
    }
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_scripts_are_flushed_under_load() {
    let server = Server::start(&[]);
    let story = story_of(Load::patient(&server.url()), || {
        for _ in 0..30 {
            server.command(&["SCRIPT", "FLUSH"]).unwrap();
            thread::sleep(Duration::from_millis(20));
        }
    });
    for seen in story.seen {
        seen.assert_exact_there();
        seen.assert_held(story.from, story.to);
        for calls in [&seen.counting, &seen.binding] {
            let failed = calls.count(|o| matches!(o, Outcome::Unknown | Outcome::NotDone));
            assert_eq!(failed, 0, "{:?}", seen.form);
        }
    }
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_clients_are_paused() {
    stalls(|server, time| {
        let millis = time.as_millis().to_string();
        server
            .command(&["CLIENT", "PAUSE", &millis, "ALL"])
            .unwrap();
        thread::sleep(time);
    });
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_server_sleeps() {
    stalls(|server, time| {
        server.keep_busy(time);
        thread::sleep(time);
    });
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_server_is_stopped() {
    stalls(|server, time| {
        server.stop();
        thread::sleep(time);
        server.cont();
    });
}

/// Who is held by a server that answers nobody for 1.5 s is told so at the deadline, and the unknown count as booked.
fn stalls(stall: impl FnOnce(&Server, Duration)) {
    let server = Server::start(&[]);
    let story = story(&server, || stall(&server, Duration::from_millis(1_500)));
    for seen in story.seen {
        seen.assert_exact_there();
        seen.assert_held(story.from, story.to);
        seen.assert_recovered(story.to, Duration::from_secs(1));
        assert!(
            seen.counting.unknown() + seen.binding.unknown() > 0,
            "{:?}: nobody was waiting when it halted",
            seen.form
        );
    }
}

/// With an append-only file the sums are exact; without one the server forgets, which no client can help.
#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_server_is_killed() {
    let server = Server::start(&["--appendonly", "yes", "--appendfsync", "everysec"]);
    let story = story(&server, || {
        server.kill();
        thread::sleep(outage());
        server.restart();
    });
    for seen in story.seen {
        seen.assert_exact_there();
        seen.assert_held(story.from, story.to);
        seen.assert_fails_fast(story.from, story.to);
        seen.assert_recovered(story.to, Duration::from_secs(1));
    }
}

/// What is acknowledged after a server forgot all is within the limits again, by itself.
#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_server_is_killed_and_forgets() {
    let server = Server::start(&[]);
    let load = Load::start(&server.url());
    let killed = Instant::now();
    server.kill();
    server.restart();
    let back = Instant::now();
    load.until_served(20);
    for seen in load.stop() {
        seen.assert_held(killed, back);
        seen.assert_recovered(back, Duration::from_secs(1));
        seen.assert_lives(killed, back);
    }
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_connections_are_killed_under_load() {
    let server = Server::start(&[]);
    let story = story(&server, || {
        let mut wire = server.wire();
        for _ in 0..40 {
            let words = ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"];
            wire.ask(&words).unwrap().text().unwrap();
            thread::sleep(Duration::from_millis(25));
        }
    });
    for seen in story.seen {
        seen.assert_exact_there();
        seen.assert_held(story.from, story.to);
        seen.assert_recovered(story.to, Duration::from_secs(1));
    }
}

/// Of threads that queue while a call is on its way one sends the next, for all of them: until its own deadline, and
/// not until that of who came last.
#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_who_sends_for_others_is_held_no_longer_than_they_are() {
    let server = Server::start(&[]);
    let form = Form {
        tasks: false,
        coalesce: true,
    };
    let minute = Duration::from_secs(60);
    let gate = CallGate::builder("leader", 10 * minute, minute)
        .storage(storage(&server.url(), form))
        .build()
        .unwrap();
    gate.update(1).unwrap();
    server.stop();
    let start = Instant::now();
    // who comes when: the first sends, the second queues and is called when the first gives up, with others behind it
    let held = thread::scope(|scope| {
        let calls = [0, 10, 30, 60, 90].map(|percent| {
            let gate = &gate;
            scope.spawn(move || {
                let due = start + DEADLINE * percent / 100;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let begun = Instant::now();
                assert!(gate.try_update(1).is_err(), "a server that is stopped");
                begun.elapsed()
            })
        });
        calls.map(|call| call.join().unwrap())
    });
    server.cont();
    eprintln!("held for {held:?}");
    // by those who came last the second would be held for nearly twice its deadline
    for held in held {
        assert!(held < DEADLINE * 3 / 2, "held for {held:?}");
    }
}
