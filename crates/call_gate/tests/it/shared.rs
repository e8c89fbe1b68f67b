//! One gate in two processes, through the facade: this binary starts itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

#[cfg(feature = "tokio")]
mod awaited;
#[cfg(feature = "macros")]
mod decorated;
mod other;

use call_gate::{
    CallGate, ConfigErrorKind, Error, Limits, OnLimits, SharedError, SharedErrorKind, SharedMemory,
    StorageErrorKind, StorageKind, UpdateError, Wait,
};
use other::{Name, Other, builder, open};
use std::time::{Duration, Instant};

#[test]
fn two_processes_share_one_count() -> Result<(), Error> {
    let name = Name::new("count");
    let gate = open(&name.0)?;
    let mut other = Other::start("sync", &name);
    gate.try_update(4)?;
    assert_eq!(other.ask("try 5"), "admitted, 9 in all");
    assert_eq!(gate.try_update(1)?.sum(), 10);
    assert_eq!(other.ask("try 1"), "denied, 10 of 10 used");

    // one sets the limits for both
    gate.set_limits(Limits::gate(12))?;
    assert_eq!(other.ask("try 2"), "admitted, 12 in all");
    assert_eq!(other.ask("try 1"), "denied, 12 of 12 used");
    assert_eq!(gate.storage(), StorageKind::Shared);

    // the other's end changes nothing, and neither does its close
    assert_eq!(other.ask("close"), "closed");
    other.finish();
    assert_eq!(gate.sum()?, 12);
    gate.clear()?;
    assert_eq!(gate.try_update(1)?.sum(), 1);
    Ok(())
}

#[test]
fn a_removed_gate_is_out_of_use_for_both() -> Result<(), Error> {
    let name = Name::new("removed");
    let gate = open(&name.0)?;
    let mut other = Other::start("sync", &name);
    assert_eq!(other.ask("try 5"), "admitted, 5 in all");
    assert!(SharedMemory::remove(&name.0)?);
    assert_eq!(other.ask("try 1"), "retired");
    let Err(UpdateError::Storage(error)) = gate.try_update(1) else {
        panic!("a removed gate answered");
    };
    assert_eq!(error.kind(), StorageErrorKind::Retired);
    assert_eq!(open(&name.0)?.sum()?, 0);
    Ok(())
}

#[test]
fn whoever_waits_gets_what_another_process_leaves() -> Result<(), Error> {
    let name = Name::new("waits");
    let window = Duration::from_millis(300);
    let builder = CallGate::builder(&*name.0, window, window / 3).gate_limit(10);
    let gate = builder.storage(SharedMemory::new()).build()?;
    let mut other = Other::start("short", &name);
    assert_eq!(other.ask("sum"), "0 in all");
    let begun = Instant::now();
    gate.update_with(10, Wait::Forever)?;
    assert_eq!(other.ask("wait 10"), "admitted, 10 in all");
    // booked at any time in its frame, it stays for two more of them, and a little less by the coarse clock
    assert!(begun.elapsed() > Duration::from_millis(180));
    Ok(())
}

#[test]
fn limits_are_adopted_replaced_or_required() -> Result<(), Error> {
    let name = Name::new("limits");
    let gate = open(&name.0)?;
    gate.try_update(6)?;
    let more = || builder(&name.0).gate_limit(20);
    assert_eq!(more().build()?.gate_limit(), Some(10));

    let error = more().on_limits(OnLimits::Require).build().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Limits);
    let cause = std::error::Error::source(&error).unwrap();
    let cause: &SharedError = cause.downcast_ref().unwrap();
    assert_eq!(cause.kind(), SharedErrorKind::Limits);
    assert_eq!(cause.theirs(), Some("10 a window and none a frame"));
    assert_eq!(cause.ours(), Some("20 a window and none a frame"));

    more().on_limits(OnLimits::Replace).build()?;
    assert_eq!(gate.gate_limit(), Some(20));
    assert_eq!(gate.sum()?, 6);
    Ok(())
}

#[test]
fn a_gate_is_listed_until_it_is_removed() -> Result<(), Error> {
    let name = Name::new("listed");
    let listed = || -> Result<bool, SharedError> {
        let segments = SharedMemory::list()?;
        let mut names = segments.iter().filter_map(|segment| segment.name());
        Ok(names.any(|listed| listed == &*name.0))
    };
    assert!(!listed()?);
    drop(open(&name.0)?);
    assert!(listed()?);
    assert!(SharedMemory::remove(&name.0)?);
    assert!(!listed()?);
    assert!(!SharedMemory::remove(&name.0)?);
    Ok(())
}
