//! Gates in Redis, beside scripts that only count and beside trypema's.

use std::cell::RefCell;
use std::future::Future;
use std::hint;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use call_gate::{AsyncCallGate, CallGate, Lease, RedisStorage};
use tokio::runtime::Runtime;

use crate::candidate::{Candidate, nanos_per};
use crate::gates::{FRAMES, SECOND, roomy_named};
use crate::peers::RedisTrypema;
use crate::redis::{Redis, at_once, runtime};
use crate::rounds::{Figures, Group};

/// How much longer a round trip takes than a call of the other groups.
const LONGER: u64 = 400;

/// And a call of many tasks, which share round trips, or the wait for them.
const LESS_LONGER: u64 = 20;

/// Tasks that call at once.
const TASKS: u64 = 256;

/// What the slowest call of a hundred may take while a lease lasts.
const ALLOWED: Duration = Duration::from_micros(10);

/// A frame that is over before the next call.
const SHORT: Duration = Duration::from_micros(100);

/// One call after the other.
pub fn one() -> Group {
    let redis = Redis::start();
    let candidates = vec![
        count_awaited(&redis),
        gate_awaited(&redis),
        count(&redis),
        updates(
            &redis,
            "redis/gate/1",
            "call_gate, `update`",
            redis.storage(),
        ),
        trypema(&redis),
    ];
    Group {
        figures: Figures::PerCall,
        title: "Redis, one call after the other",
        about: "`update(1)` on a gate in Redis, beside an `EVALSHA` of a script that does one \
                `INCRBY` and nothing else, over a connection of the same kind: a multiplexed one \
                for one task, a blocking one for one thread. The server is on the same machine; \
                over a network the way there and back is nearly all of it.",
        candidates: slower(candidates, LONGER),
    }
}

/// Many tasks at once.
pub fn many() -> Group {
    let redis = Redis::start();
    let gate = |id, label, storage: RedisStorage| {
        let gate = AsyncCallGate::from(roomy(&redis, id, storage));
        crowd(&redis, id, label, runtime(), move |calls| {
            let gate = gate.clone();
            async move {
                for _ in 0..calls {
                    gate.update(1).await.expect("admitted");
                }
            }
        })
    };
    let managed = runtime();
    let trypema = Arc::new(RedisTrypema::roomy(managed.block_on(redis.managed())));
    let candidates = vec![
        gate(
            "redis/gate-alone/256",
            "call_gate, each call for itself",
            redis.storage().coalesce(false),
        ),
        gate("redis/gate/256", "call_gate", redis.storage()),
        crowd(
            &redis,
            "redis/trypema/256",
            "trypema, Redis",
            managed,
            move |calls| {
                let trypema = Arc::clone(&trypema);
                async move {
                    for _ in 0..calls {
                        assert!(trypema.inc().await, "denied");
                    }
                }
            },
        ),
    ];
    Group {
        figures: Figures::PerCall,
        title: "Redis, 256 tasks on one gate",
        about: "Time for one call of 256 tasks, each of which awaits one `update(1)` after the \
                other on one gate, all on one thread and one multiplexed connection. The base \
                sends each call by itself, `.coalesce(false)`; what is in flight is then still \
                pipelined.",
        candidates: slower(candidates, LESS_LONGER),
    }
}

/// Calls that ask nobody.
pub fn leases() -> Group {
    let redis = Redis::start();
    // any length of time does: it is a mark, not a measurement
    let allowed = nanos_per(ALLOWED, 1);
    let lease = || redis.storage().lease(Lease::new());
    let slowest = roomy(&redis, "slowest", lease());
    let candidates = vec![
        updates(
            &redis,
            "redis/gate-asking/1",
            "each call asks",
            redis.storage(),
        )
        .fewer(LONGER),
        updates(&redis, "redis/lease/1", "a lease", lease()),
        Candidate::timed("redis/lease-allowed", "10 µs", move |_| allowed),
        timed(
            &redis,
            "redis/lease-slowest/1",
            "a lease, the slowest call of a hundred",
            move |calls| {
                percentile(calls, || {
                    slowest.update(1).expect("admitted");
                })
            },
        ),
    ];
    Group {
        figures: Figures::PerCall,
        title: "Redis, leases",
        about: "`update(1)` from one thread, where each call asks the server and where the process \
                has leases: 10 frames of 1 s, of which it books ahead as much as it is about to \
                use. The time for the calls that fetch a lease is in it. The last row times each \
                call for itself, beside what 99 of 100 are to take at most.",
        candidates,
    }
}

/// What a call costs the server, by the length of the window.
pub fn frames() -> Group {
    let redis = Redis::start();
    let candidates = [60, 600, 3_600].map(|frames| {
        let name = format!("frames {frames}");
        let gate = redis.gate(roomy_named(&name, frames, SHORT), redis.storage());
        let server = Rc::clone(&redis);
        Candidate::timed(
            &format!("redis/server-{frames}/1"),
            &format!("{frames} frames"),
            move |calls| {
                server.forget_cost();
                for _ in 0..calls {
                    let start = Instant::now();
                    gate.update(1).expect("admitted");
                    while start.elapsed() < SHORT {
                        hint::spin_loop();
                    }
                }
                let (counted, nanos) = server.cost();
                assert_eq!(counted, calls, "one script for a call");
                nanos
            },
        )
    });
    Group {
        figures: Figures::PerCall,
        title: "Redis, what a call costs the server",
        about: "Time in the server for the script of one `update(1)`, by `INFO commandstats`, when a \
                frame has passed since the last one: 60, 600 and 3,600 frames of 100 µs.",
        candidates: slower(candidates, LONGER),
    }
}

fn slower(candidates: impl IntoIterator<Item = Candidate>, factor: u64) -> Vec<Candidate> {
    candidates
        .into_iter()
        .map(|one| one.fewer(factor))
        .collect()
}

fn roomy(redis: &Redis, name: &str, storage: RedisStorage) -> CallGate {
    redis.gate(roomy_named(name, FRAMES, SECOND), storage)
}

/// A candidate that keeps its server until it is done.
fn timed(
    redis: &Rc<Redis>,
    id: &str,
    label: &str,
    run: impl Fn(u64) -> f64 + 'static,
) -> Candidate {
    let redis = Rc::clone(redis);
    Candidate::timed(id, label, move |calls| {
        let _running = &redis;
        run(calls)
    })
}

/// One task that awaits one call after the other, in the runtime that its connection is of.
fn awaited(
    redis: &Rc<Redis>,
    id: &str,
    label: &str,
    runtime: Runtime,
    ask: impl AsyncFn() + 'static,
) -> Candidate {
    timed(redis, id, label, move |calls| {
        runtime.block_on(async {
            let start = Instant::now();
            for _ in 0..calls {
                ask().await;
            }
            nanos_per(start.elapsed(), calls)
        })
    })
}

/// Many tasks, each of which makes as many calls as it is told.
fn crowd<F>(
    redis: &Rc<Redis>,
    id: &str,
    label: &str,
    runtime: Runtime,
    task: impl Fn(u64) -> F + 'static,
) -> Candidate
where
    F: Future<Output = ()> + Send + 'static,
{
    timed(redis, id, label, move |calls| {
        let each = calls.div_ceil(TASKS);
        runtime.block_on(async {
            let start = Instant::now();
            at_once(TASKS, || task(each)).await;
            nanos_per(start.elapsed(), each * TASKS)
        })
    })
}

fn in_turn(calls: u64, mut ask: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        ask();
    }
    nanos_per(start.elapsed(), calls)
}

/// What 99 of 100 calls take at most.
fn percentile(calls: u64, mut ask: impl FnMut()) -> f64 {
    let mut times: Vec<Duration> = (0..calls)
        .map(|_| {
            let start = Instant::now();
            ask();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    nanos_per(times[times.len() * 99 / 100], 1)
}

fn updates(redis: &Rc<Redis>, id: &str, label: &str, storage: RedisStorage) -> Candidate {
    let gate = roomy(redis, id, storage);
    timed(redis, id, label, move |calls| {
        in_turn(calls, || {
            gate.update(1).expect("admitted");
        })
    })
}

fn gate_awaited(redis: &Rc<Redis>) -> Candidate {
    let gate = AsyncCallGate::from(roomy(redis, "awaited", redis.storage()));
    let (id, label) = ("redis/gate-awaited/1", "call_gate, `update` awaited");
    awaited(redis, id, label, runtime(), async move || {
        gate.update(1).await.expect("admitted");
    })
}

fn count(redis: &Rc<Redis>) -> Candidate {
    let (count, connection) = (redis.count("count"), RefCell::new(redis.blocking()));
    timed(redis, "redis/count/1", "one `INCRBY`", move |calls| {
        let mut connection = connection.borrow_mut();
        in_turn(calls, || {
            let counted: u64 = count.query(&mut *connection).expect("a number");
            assert!(counted > 0, "not counted");
        })
    })
}

fn count_awaited(redis: &Rc<Redis>) -> Candidate {
    let (count, runtime) = (redis.count("awaited count"), runtime());
    let connection = runtime.block_on(redis.multiplexed());
    let (id, label) = ("redis/count-awaited/1", "one `INCRBY`, awaited");
    awaited(redis, id, label, runtime, async move || {
        // clones are the way to share it
        let mut connection = connection.clone();
        let counted: u64 = count.query_async(&mut connection).await.expect("a number");
        assert!(counted > 0, "not counted");
    })
}

fn trypema(redis: &Rc<Redis>) -> Candidate {
    let runtime = runtime();
    let trypema = RedisTrypema::roomy(runtime.block_on(redis.managed()));
    let (id, label) = ("redis/trypema/1", "trypema, Redis, `inc` awaited");
    awaited(redis, id, label, runtime, async move || {
        assert!(trypema.inc().await, "denied");
    })
}
