//! A limiter's keys with bytes changed at random: every act ends with an answer or a typed error, and both stay mortal.

use crate::checker::is_long;
use crate::hostile::Random;
use call_gate_core::{
    ConfigError, Demand, Reading, StorageError, StorageErrorKind, Turnstile, UpdateError, Way,
    at_once,
};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::{Reply, Server};
use std::error::Error;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const KEYS: [&str; 2] = ["cg:{tampered}", "cg:{tampered}:costs"];
const SECOND: Duration = Duration::from_secs(1);

type Outcome = Result<(), Option<StorageErrorKind>>;

fn limiter(server: &Server) -> Turnstile {
    let storage = RedisStorage::from_url(server.url()).unwrap();
    Turnstile::builder()
        .name("tampered")
        .window(20, 60 * SECOND, SECOND)
        .window(50, 600 * SECOND, 10 * SECOND)
        .cost_window(1_000, 60 * SECOND, 2 * SECOND)
        .cost_window(5_000, 3_600 * SECOND, 3 * SECOND)
        .storage(storage.deadline(5 * SECOND))
        .build()
        .unwrap()
}

fn judged<T>(outcome: Result<T, UpdateError>) -> Outcome {
    match outcome {
        Err(UpdateError::Storage(error)) => Err(Some(error.kind())),
        _ => Ok(()),
    }
}

fn set(outcome: Result<(), ConfigError>) -> Outcome {
    outcome.map_err(|error| {
        let source = error.source()?.downcast_ref::<StorageError>();
        source.map(StorageError::kind)
    })
}

fn act(limiter: &Turnstile, number: usize, booked: &Reading) -> Outcome {
    let demand = Demand::new(2).costing(30);
    let (way, hour) = (Way::Blocking, 3_600 * SECOND);
    match number {
        0 => judged(limiter.try_take(demand)),
        1 => judged(at_once(limiter.take_back(way, demand, booked))),
        2 => at_once(limiter.state(way))
            .map(drop)
            .map_err(|error| Some(error.kind())),
        3 => judged(limiter.try_take(Demand::new(19).costing(990))),
        4 => at_once(limiter.wait_time(way))
            .map(drop)
            .map_err(|error| Some(error.kind())),
        5 => set(at_once(limiter.set_limit(way, 60 * SECOND, 21))),
        _ => set(at_once(limiter.set_cost_limit(way, hour, 5_001))),
    }
}

#[test]
fn tampered_keys_are_answered_for_or_refused() {
    let server = Server::start(&[]);
    let mut wire = server.wire();
    let mut random = Random(0xfedc_ba98_7654_3210);
    let limiter = limiter(&server);
    let booked = limiter.try_take(Demand::new(5).costing(300)).unwrap();
    limiter.try_take(Demand::new(1).costing(1)).unwrap();
    let whole = KEYS.map(|key| match wire.ask(&["GET", key]).unwrap() {
        Reply::Bytes(bytes) => bytes,
        other => panic!("{other:?} is no string"),
    });
    let (mut answered, mut refused) = (0, 0);
    for case in 0..if is_long() { 10_000 } else { 400 } {
        let spoilt = random.below(2);
        for (at, key) in KEYS.iter().enumerate() {
            let mut bytes = whole[at].clone();
            if at == spoilt {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
                random.spoil(&mut bytes, now.as_secs());
            }
            let words = [b"SET".as_slice(), key.as_bytes(), &bytes, b"PX", b"7654321"];
            wire.ask(&words).unwrap().text().unwrap();
        }
        let first = random.below(7);
        for number in (first..7).chain(0..first) {
            let start = Instant::now();
            match act(&limiter, number, &booked) {
                Ok(()) => answered += 1,
                Err(kind) => {
                    refused += 1;
                    let typed = matches!(
                        kind,
                        Some(
                            StorageErrorKind::Corrupt
                                | StorageErrorKind::Mismatch
                                | StorageErrorKind::Protocol
                        )
                    );
                    assert!(typed, "case {case}, act {number}: {kind:?}");
                }
            }
            assert!(start.elapsed() < 2 * SECOND, "case {case}, act {number}");
            for key in KEYS {
                let life = wire.ask(&["PTTL", key]).unwrap();
                assert!(
                    matches!(life, Reply::Number(0..)),
                    "case {case}, {key}: {life:?}"
                );
            }
        }
    }
    eprintln!("{answered} answered, {refused} refused");
    assert!(answered > 0 && refused > 0);
    wire.ask(&["DEL", KEYS[0], KEYS[1]]).unwrap();
    limiter.try_take(Demand::new(1).costing(1)).unwrap();
    assert!(server.is_up());
}
