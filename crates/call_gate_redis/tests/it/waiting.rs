//! Those who wait for one gate in Redis: in one process one after the other, in several spread.

mod away;
mod crowd;
mod processes;
#[cfg(feature = "tokio")]
mod tasks;

pub(crate) use processes::work;

use crate::checker::SLACK;
use crate::lag::Lag;
use call_gate_core::{CallGate, Reading, UpdateError};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Server;
use std::time::{Duration, SystemTime};

const STEP: Duration = Duration::from_millis(20);
const FRAMES: u32 = 5;
const SPREAD: Duration = Duration::from_millis(3);

/// A gate that admits so many in 100 ms.
fn gate(server: &Server, limit: u64) -> CallGate {
    let storage = RedisStorage::from_url(server.url()).unwrap();
    CallGate::builder("waited for", STEP * FRAMES, STEP)
        .gate_limit(limit)
        .storage(storage.deadline(Duration::from_secs(10)).spread(SPREAD))
        .build()
        .unwrap()
}

/// When one of a crowd came, and when it was admitted.
#[derive(Clone, Copy, Debug)]
struct Admitted {
    came: SystemTime,
    reading: Reading,
    told: SystemTime,
}

impl Admitted {
    fn of(came: SystemTime, told: Result<Reading, UpdateError>) -> Self {
        Self {
            came,
            reading: told.unwrap(),
            told: SystemTime::now(),
        }
    }
}

/// Judges a crowd in the order in which it came: `limit` in a window, in that order, each as soon as there is room. Tells
/// the longest that somebody waited beyond that.
fn judge(crowd: &[Admitted], limit: usize, lag: Lag) -> Duration {
    let place = |one: &Admitted| {
        let frame = one.reading.frame();
        (frame.start(), frame.value())
    };
    assert!(
        crowd.is_sorted_by(|one, next| place(one) < place(next)),
        "not in the order in which they came: {crowd:?}"
    );
    let mut latest = Duration::ZERO;
    for (before, after) in crowd.iter().zip(&crowd[limit..]) {
        // what the one before took is free again then
        let due = before.reading.frame().start() + STEP * FRAMES;
        let late = after.told.duration_since(due);
        let late = late.unwrap_or_else(|_| panic!("{after:?} before {due:?}"));
        if after.came < due {
            latest = latest.max(late);
        }
    }
    assert!(latest <= SPREAD + SLACK + lag.most(), "{latest:?} late");
    latest
}

/// Only the head of a queue asks: when it is denied, and when its time has come.
fn asked_little(asked: u64, crowd: &[Admitted]) {
    let admitted = crowd.len() as u64;
    assert!(
        (admitted..=2 * admitted).contains(&asked),
        "asked {asked} times for {admitted}"
    );
}
