//! What lies in a server: keys that are mortal at every moment, outlast what they count, and leave nothing behind.

mod idle;

use crate::checker::{is_long, until};
use crate::place;
use call_gate_core::{CallGate, CallGateBuilder, Limits, Snapshot};
use call_gate_redis::{Lease, RedisStorage};
use call_gate_testkit::servers::{Reply, Server};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long limits that were set live outlast the counters.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);
const STEP: Duration = Duration::from_millis(40);

fn of(name: &str, storage: &RedisStorage) -> CallGateBuilder {
    CallGate::builder(name, 8 * STEP, STEP)
        .limits(Limits::gate(60).with_frame(25))
        .storage(storage.clone())
}

/// One life of a gate with all acts in it; what is denied or expired is as good as what is not.
fn life(server: &Server, number: usize) {
    let storage = RedisStorage::from_url(server.url()).unwrap();
    let storage = storage.deadline(Duration::from_secs(10));
    let storage = match number % 3 {
        0 => storage,
        1 => storage.coalesce(false),
        _ => storage.lease(Lease::new()),
    };
    let name = format!("mix {}", number % 5);
    let mut builder = of(&name, &storage);
    if number.is_multiple_of(2) {
        builder = builder.credits();
    }
    if number.is_multiple_of(7) {
        let seed =
            Snapshot::new(&name, 8 * STEP, STEP).with_frames(SystemTime::now(), vec![1, 2, 3]);
        builder = builder.restore(seed);
    }
    let gate = builder.build().unwrap();
    for turn in 0..30 {
        drop(gate.try_update(turn % 4));
        if let Ok(pass) = gate.enter_with(2, call_gate_core::Wait::Never) {
            drop(pass.refund());
        }
        drop(gate.refund(1));
        gate.peek(1).unwrap();
        gate.state().unwrap();
        if turn % 10 == 3 {
            // by a gate of its own, whose key is made so or after its counters are gone
            let live = of(&format!("live {}", number % 3), &storage)
                .build()
                .unwrap();
            live.set_limits(Limits::gate(60 + turn)).unwrap();
            drop(live.try_update(1));
        }
        if turn % 10 == 7 {
            gate.clear().unwrap();
        }
    }
}

#[test]
fn keys_are_mortal_at_every_moment() {
    let server = Server::start(&[]);
    let time = Duration::from_secs(if is_long() { 20 } else { 2 });
    let end = Instant::now() + time;
    let (numbers, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (looks, seen) = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let (mut looks, mut seen) = (0, 0);
            while !stop.load(Ordering::SeqCst) {
                for key in server.keys() {
                    let longest = if key.name.contains("live") {
                        KEEP
                    } else {
                        9 * STEP
                    };
                    let ttl = key.ttl.unwrap_or_else(|| panic!("{key:?} lives for ever"));
                    // to the next whole millisecond, and one more for the server's own
                    assert!(ttl <= longest + Duration::from_millis(2), "{key:?}");
                    seen += 1;
                }
                looks += 1;
            }
            (looks, seen)
        });
        let workers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    while Instant::now() < end {
                        life(&server, numbers.fetch_add(1, Ordering::SeqCst));
                    }
                })
            })
            .collect();
        let ended: Vec<_> = workers
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        stop.store(true, Ordering::SeqCst);
        let scanned = watcher.join().unwrap();
        for worker in ended {
            worker.unwrap();
        }
        scanned
    });
    let lives = numbers.load(Ordering::SeqCst);
    eprintln!("{lives} lives of gates, {looks} looks, {seen} keys seen");
    assert!(lives > 5 && looks > 20 && seen > 50);
    until("what only counted is gone", || {
        server.keys().iter().all(|key| key.name.contains("live"))
    });
}

/// A server's time in milliseconds since the Unix epoch, a key's life in milliseconds, and how long it is.
const LOOK: &str = "local t = redis.call('TIME') return {t[1] * 1000 + math.floor(t[2] / 1000), \
                    redis.call('PTTL', KEYS[1]), redis.call('STRLEN', KEYS[1])}";

#[test]
fn a_key_outlasts_its_window_by_a_frame_at_most() {
    let server = place::server();
    for (name, strict, step) in [
        ("short", false, 60),
        ("strict", true, 60),
        ("odd", false, 37),
    ] {
        let step = Duration::from_millis(step);
        let builder = CallGate::builder(format!("life, {name}"), 5 * step, step)
            .gate_limit(100)
            .storage(place::storage());
        let builder = if strict { builder.strict() } else { builder };
        let gate = builder.build().unwrap();
        // in the middle of a life too, where the head has moved since the key was made
        for value in [3, 4, 0, 5] {
            let reading = gate.update(value).unwrap();
            let frame = reading.frame().start();
            until("the next frame begins", || {
                gate.current_frame().unwrap().start() > frame
            });
        }
        let reading = gate.update(7).unwrap();
        let begun = reading.frame().start().duration_since(UNIX_EPOCH).unwrap();
        let window = 5 * step + if strict { step } else { Duration::ZERO };
        let (over, gone) = (begun + window, begun + window + step);
        let key = format!("cg:{{life, {name}}}");
        let mut wire = server.wire();
        loop {
            let Reply::List(told) = wire.ask(&["EVAL", LOOK, "1", &key]).unwrap() else {
                panic!("no list");
            };
            let number = |at: usize| match told[at] {
                Reply::Number(number) => number,
                ref other => panic!("{other:?}"),
            };
            let now = Duration::from_millis(u64::try_from(number(0)).unwrap());
            let Ok(left) = u64::try_from(number(1)) else {
                assert_eq!((number(1), number(2)), (-2, 0), "{name}: it lives for ever");
                assert!(now >= over, "{name}: gone at {now:?}, before {over:?}");
                let late = now.saturating_sub(gone);
                eprintln!("{name}: gone {late:?} after its last frame");
                break;
            };
            // the server tells both to the millisecond, each from a reading of its own
            let dies = now + Duration::from_millis(left);
            let slack = Duration::from_millis(5);
            assert!(
                dies + slack >= over,
                "{name}: dies at {dies:?}, before {over:?}"
            );
            assert!(
                dies <= gone + slack,
                "{name}: dies at {dies:?}, after {gone:?}"
            );
            let sum = gate.sum().unwrap();
            if server.time().duration_since(UNIX_EPOCH).unwrap() < over {
                assert!(sum >= 7, "{name}: what is counted is gone: {sum}");
            }
            assert!(now <= gone + slack, "{name}: still there");
        }
        assert_eq!(gate.sum().unwrap(), 0);
    }
}

#[test]
fn live_limits_outlive_the_counters() {
    let server = Server::start(&[]);
    let storage = RedisStorage::from_url(server.url()).unwrap();
    let build = |name| of(name, &storage).build().unwrap();
    // set before anything is counted, while something is, and after it is gone
    for (name, before) in [("before", true), ("after", false)] {
        let gate = build(name);
        let set = || gate.set_limits(Limits::gate(7).with_frame(3)).unwrap();
        if before {
            set();
        }
        gate.update(2).unwrap();
        if !before {
            set();
        }
        until("the counters are gone", || gate.sum().unwrap() == 0);
        // longer than the key would live without limits of its own
        thread::sleep(3 * STEP);
        let other = build(name);
        other.peek(1).unwrap();
        assert_eq!(other.limits(), Limits::gate(7).with_frame(3), "{name}");
        let ttl = server
            .keys()
            .into_iter()
            .find(|key| key.name.contains(name));
        let ttl = ttl.and_then(|key| key.ttl).expect("a mortal key");
        assert!(
            ttl + Duration::from_secs(60) > KEEP && ttl <= KEEP,
            "{name}: {ttl:?}"
        );
        // a clear is of counters
        other.clear().unwrap();
        assert_eq!(build(name).peek(1).map(|seen| seen.limit).unwrap(), 3);
    }
    // limits that were only built with go with the counters
    let plain = build("plain");
    plain.update(1).unwrap();
    until("its key is gone", || {
        server.keys().iter().all(|key| !key.name.contains("plain"))
    });
}

#[test]
fn a_key_costs_eight_bytes_a_frame() {
    let server = place::server();
    for frames in [60, 600, 3_600] {
        let name = format!("size {frames}");
        let second = Duration::from_secs(1);
        let builder = CallGate::builder(&name, frames * second, second);
        let gate = builder
            .gate_limit(100)
            .storage(place::storage())
            .build()
            .unwrap();
        gate.update(1).unwrap();
        // whatever frame it is, the ring is written to its end by a seed of a full window
        gate.clear().unwrap();
        let values = vec![1; usize::try_from(frames).unwrap() / 2];
        let seed =
            Snapshot::new(&name, frames * second, second).with_frames(SystemTime::now(), values);
        let seeded = CallGate::builder(&name, frames * second, second)
            .storage(place::storage())
            .restore(seed)
            .build()
            .unwrap();
        assert!(seeded.sum().unwrap() > 0);
        let key = format!("cg:{{{name}}}");
        let ask = |words: &[&str]| server.command(words).unwrap().parse::<u64>().unwrap();
        let (length, memory) = (ask(&["STRLEN", &key]), ask(&["MEMORY", "USAGE", &key]));
        eprintln!("{frames} frames: {length} bytes, {memory} in memory");
        let frames = u64::from(frames);
        assert_eq!(length, 144 + 8 * frames);
        // the server's own: the name, the entry, and how allocators round
        assert!(
            memory <= 8 * frames + 150 + 8 * frames / 4 + 200,
            "{memory}"
        );
    }
}
