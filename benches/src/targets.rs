//! What the gate is held to, as ratios between two rows of one group.

use crate::rounds::{Spread, Table};

/// A promise about cost.
#[derive(Debug)]
pub struct Target {
    /// The promise in words.
    pub what: &'static str,
    /// The row that is judged.
    pub of: &'static str,
    /// The row that it is compared with.
    pub against: &'static str,
    /// Largest ratio of the two that keeps the promise.
    pub at_most: f64,
}

/// How a promise turned out.
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// The measured ratio.
    pub ratio: Spread,
    /// Whether its median is small enough.
    pub met: bool,
    /// How many rounds there were; the ratio may be from fewer.
    pub rounds: usize,
}

impl Target {
    /// Judges the target; `None` if its rows could not be measured.
    pub fn judge(&self, tables: &[Table]) -> Option<Verdict> {
        tables.iter().find_map(|table| {
            let row = |id: &str| table.rows.iter().find(|row| row.id == id);
            let ratio = row(self.of)?.ratio_to(row(self.against)?)?;
            Some(Verdict {
                ratio,
                met: ratio.median <= self.at_most,
                rounds: row(self.of)?.nanos.len(),
            })
        })
    }
}

const fn target(
    what: &'static str,
    of: &'static str,
    against: &'static str,
    at_most: f64,
) -> Target {
    Target {
        what,
        of,
        against,
        at_most,
    }
}

/// Every target, in the order of the report.
pub const ALL: &[Target] = &[
    target(
        "admitted, 10 frames of 1 s, to governor",
        "admit/memory-10x1s/1",
        "admit/governor-quanta/1",
        0.7,
    ),
    target(
        "admitted, 10 frames of 100 ms, to governor",
        "admit/memory-10x100ms/1",
        "admit/governor-quanta/1",
        0.8,
    ),
    target(
        "denied, 10 frames of 1 s, to governor",
        "denied/memory-10x1s/1",
        "denied/governor-quanta/1",
        0.7,
    ),
    target(
        "denied, 10 frames of 100 ms, to governor",
        "denied/memory-10x100ms/1",
        "denied/governor-quanta/1",
        0.8,
    ),
    target(
        "admitted, two threads, 10 frames of 1 s, to governor",
        "admit/memory-10x1s/2",
        "admit/governor-quanta/2",
        0.8,
    ),
    target(
        "admitted, two threads, 10 frames of 100 ms, to governor",
        "admit/memory-10x100ms/2",
        "admit/governor-quanta/2",
        0.8,
    ),
    target(
        "denied, two threads, 10 frames of 1 s, to governor",
        "denied/memory-10x1s/2",
        "denied/governor-quanta/2",
        0.8,
    ),
    target(
        "denied, two threads, 10 frames of 100 ms, to governor",
        "denied/memory-10x100ms/2",
        "denied/governor-quanta/2",
        0.8,
    ),
    target(
        "admitted, precise clock, to governor on `Instant`",
        "admit/memory-10x1s-precise/1",
        "admit/governor-instant/1",
        1.0,
    ),
    target(
        "admitted, 10 frames of 1 ms, to governor on `Instant`",
        "admit/memory-10x1ms/1",
        "admit/governor-instant/1",
        1.0,
    ),
    target(
        "denied, precise clock, to governor on `Instant`",
        "denied/memory-10x1s-precise/1",
        "denied/governor-instant/1",
        1.0,
    ),
    target(
        "denied, 10 frames of 1 ms, to governor on `Instant`",
        "denied/memory-10x1ms/1",
        "denied/governor-instant/1",
        1.0,
    ),
    target(
        "admitted within a frame, ring of 1,000 to one of 10",
        "admit/memory-1000x1s-ring/1",
        "admit/memory-10x1s-ring/1",
        1.1,
    ),
    target(
        "admitted within a frame, ring of 100,000 to one of 10",
        "admit/memory-100000x1s-ring/1",
        "admit/memory-10x1s-ring/1",
        1.1,
    ),
    target(
        "roll of one frame, ring of 1,000 to one of 10",
        "roll/memory-1000x1s/1",
        "roll/memory-10x1s/1",
        1.5,
    ),
    target(
        "roll of one frame, ring of 100,000 to one of 10",
        "roll/memory-100000x1s/1",
        "roll/memory-10x1s/1",
        1.5,
    ),
    target(
        "admitted, four spans to one",
        "admit/window-4-spans/1",
        "admit/window-1-span/1",
        1.1,
    ),
    target(
        "admitted, `update` awaited to sync",
        "async/memory-10x1s-update/1",
        "async/memory-10x1s-update-sync/1",
        1.2,
    ),
    target(
        "admitted, `try_update` awaited to sync",
        "async/memory-10x1s-try/1",
        "async/memory-10x1s-try-sync/1",
        1.2,
    ),
    target(
        "function behind `#[call_gate]`, to the call written by hand",
        "decorator/attribute-sync/1",
        "decorator/by-hand-sync/1",
        1.05,
    ),
    target(
        "async function behind `#[call_gate]`, to the call written by hand",
        "decorator/attribute-async/1",
        "decorator/by-hand-async/1",
        1.05,
    ),
    target(
        "a limiter of one window, to a gate",
        "limiter/memory-1-window/1",
        "limiter/gate/1",
        1.3,
    ),
    target(
        "a limiter of four windows and permits, to governor and a semaphore",
        "limiter/memory-4-windows-burst/1",
        "limiter/governor-semaphore/1",
        1.0,
    ),
    target(
        "the same with the usual windows, to governor and a semaphore",
        "limiter/memory-usual-burst/1",
        "limiter/governor-semaphore/1",
        1.0,
    ),
    target(
        "a limiter of four windows and permits, to governor alone",
        "limiter/memory-4-windows-burst/1",
        "limiter/governor/1",
        5.0,
    ),
    target(
        "admitted on shared memory, 10 frames of 1 s, to memory",
        "shared/segment-10x1s/1",
        "shared/memory-10x1s/1",
        1.2,
    ),
    target(
        "admitted on shared memory, 10 frames of 100 ms, to memory",
        "shared/segment-10x100ms/1",
        "shared/memory-10x100ms/1",
        1.2,
    ),
    target(
        "two processes on one gate in shared memory, to two threads on one in memory",
        "shared/segment-10x1s-processes/2",
        "shared/memory-10x1s/2",
        1.1,
    ),
    target(
        "attaching to a gate that this process has not mapped, to 50 µs",
        "attach/segment/1",
        "attach/allowed",
        1.0,
    ),
    target(
        "attaching to the first gate of a process, to 50 µs",
        "attach/segment-first/1",
        "attach/allowed",
        1.0,
    ),
    target(
        "one call in Redis, awaited, to an `INCRBY` by `EVALSHA`",
        "redis/gate-awaited/1",
        "redis/count-awaited/1",
        1.15,
    ),
    target(
        "one call in Redis from a thread, to an `INCRBY` by `EVALSHA`",
        "redis/gate/1",
        "redis/count/1",
        1.15,
    ),
    target(
        "256 tasks on one gate in Redis, to each call sent by itself",
        "redis/gate/256",
        "redis/gate-alone/256",
        0.2,
    ),
    target(
        "256 tasks on one gate in Redis, to trypema",
        "redis/gate/256",
        "redis/trypema/256",
        0.333,
    ),
    target(
        "a call from a lease, to one that asks Redis",
        "redis/lease/1",
        "redis/gate-asking/1",
        0.02,
    ),
    target(
        "the slowest call of a hundred with leases, to 10 µs",
        "redis/lease-slowest/1",
        "redis/lease-allowed",
        1.0,
    ),
    target(
        "a call in the server a frame later, 3,600 frames to 60",
        "redis/server-3600/1",
        "redis/server-60/1",
        1.5,
    ),
    target(
        "100,000 tasks on one thread, to what the rate allows",
        "throughput/memory/1",
        "throughput/minimum",
        1.05,
    ),
    target(
        "100,000 tasks on one thread, to leaky-bucket",
        "throughput/memory/1",
        "throughput/leaky-bucket/1",
        1.0,
    ),
    target(
        "100,000 tasks on one thread, to governor, whose timer is finer than 1 ms",
        "throughput/memory/1",
        "throughput/governor/1",
        1.01,
    ),
    target(
        "100,000 tasks on two workers, to what the rate allows",
        "throughput/memory/2",
        "throughput/minimum",
        1.05,
    ),
    target(
        "100,000 tasks on two workers, to leaky-bucket",
        "throughput/memory/2",
        "throughput/leaky-bucket/2",
        1.0,
    ),
    target(
        "100,000 tasks on two workers, to governor, whose timer is finer than 1 ms",
        "throughput/memory/2",
        "throughput/governor/2",
        1.01,
    ),
];

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::groups;

    #[test]
    fn every_target_compares_two_rows_of_one_group() {
        let groups: Vec<_> = groups::ALL.iter().map(|group| group()).collect();
        for target in ALL {
            let together = groups.iter().any(|group| {
                let has = |id| group.candidates.iter().any(|candidate| candidate.id == id);
                has(target.of) && has(target.against)
            });
            assert!(together, "{}: no group has both rows", target.what);
        }
    }
}
