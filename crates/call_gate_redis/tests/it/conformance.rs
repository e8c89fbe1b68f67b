//! The script against the oracle, told the time; and the real script in real time.

use crate::place;
use call_gate_core::{CallGateBuilder, ManualClock, Storage};
use call_gate_redis::RedisStorage;
use call_gate_testkit::oracle::Sees;
use call_gate_testkit::spec::{Credits, nanos, wall};
use call_gate_testkit::{Fixture, Spec, Time, conformance};
use std::time::{Duration, SystemTime};

conformance!(together, RedisFixture::new);
conformance!(one_by_one, RedisFixture::one_by_one);

/// 2^53 - 1: the most that the script counts.
const MOST: u64 = (1 << 53) - 1;

#[derive(Debug)]
struct RedisFixture {
    time: Micros,
    coalesce: bool,
}

impl RedisFixture {
    fn new(start: SystemTime) -> Self {
        Self {
            time: Micros(ManualClock::new(whole(start))),
            coalesce: true,
        }
    }

    fn one_by_one(start: SystemTime) -> Self {
        Self {
            coalesce: false,
            ..Self::new(start)
        }
    }

    /// A server that is asked for long: these tests are about its answers.
    fn patient(&self) -> RedisStorage {
        place::storage()
            .deadline(Duration::from_secs(20))
            .spread(Duration::ZERO)
            .coalesce(self.coalesce)
    }
}

impl Fixture for RedisFixture {
    fn storage(&self) -> Box<dyn Storage> {
        Box::new(self.patient().told_the_time(self.time.0.clone()))
    }

    fn storage_in_real_time(&self) -> Box<dyn Storage> {
        Box::new(self.patient())
    }

    fn time(&self) -> &dyn Time {
        &self.time
    }

    fn holds(&self, spec: &Spec) -> bool {
        let largest = [spec.caps.gate, spec.caps.frame, spec.ceiling];
        spec.frame_step.is_multiple_of(1_000)
            && largest.into_iter().flatten().max().unwrap_or(0) <= MOST
    }

    /// Each act crosses to another process and back.
    fn cases(&self) -> u32 {
        300
    }

    fn sees(&self) -> Sees {
        Sees::Changes
    }

    fn tick(&self) -> u64 {
        1_000
    }

    fn most(&self) -> u64 {
        MOST
    }

    fn shape(&self, spec: Spec) -> Spec {
        let credits = if spec.credits == Credits::Off {
            Credits::Off
        } else {
            Credits::On
        };
        Spec { credits, ..spec }
    }
}

/// A server's clock: whole microseconds.
#[derive(Debug)]
struct Micros(ManualClock);

impl Time for Micros {
    fn now(&self) -> SystemTime {
        self.0.time()
    }

    fn advance(&self, by: Duration) {
        self.0.set(whole(self.0.time() + by));
    }

    fn set(&self, to: SystemTime) {
        self.0.set(whole(to));
    }

    fn install(&self, builder: CallGateBuilder) -> CallGateBuilder {
        builder.clock(self.0.clone())
    }
}

fn whole(time: SystemTime) -> SystemTime {
    wall(nanos(time) / 1_000 * 1_000)
}
