//! What is measured, group by group, in the order of the report.

mod admit;
mod awaited;
mod clocks;
mod decorator;
mod denied;
mod frames;
mod limiter;
mod redis;
mod shared;
mod spans;
mod throughput;
mod waiting;

use crate::candidate::Threads;
use crate::rounds::Group;

/// Every group; each is set up only when its turn comes.
pub const ALL: &[fn() -> Group] = &[
    || admit::group(Threads::One),
    || denied::group(Threads::One),
    || admit::group(Threads::Two),
    || denied::group(Threads::Two),
    frames::within,
    frames::roll,
    spans::group,
    clocks::group,
    waiting::group,
    awaited::group,
    decorator::group,
    || limiter::group(Threads::One),
    || limiter::group(Threads::Two),
    shared::calls,
    shared::two,
    shared::attach,
    redis::one,
    redis::many,
    redis::leases,
    redis::frames,
    throughput::group,
];
