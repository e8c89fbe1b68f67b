//! What the documentation speaks of most is there, and the parts fit together.

use std::thread;
use std::time::{Duration, SystemTime};

use call_gate::clock::{Clock, Moment};
use call_gate::{CallGate, Error, Limits, ManualClock, StorageKind, UpdateError, Wait};

#[test]
fn a_gate_works_through_the_facade() -> Result<(), Error> {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
    let gate = CallGate::builder("facade", Duration::from_secs(10), Duration::from_secs(1))
        .limits(Limits::gate(10).with_frame(4))
        .clock(clock.clone())
        .build()?;

    assert_eq!(gate.storage(), StorageKind::Simple);
    assert_eq!(gate.update(4)?.remaining(), 0);
    assert!(matches!(
        gate.try_update(1),
        Err(UpdateError::FrameLimit(_))
    ));
    gate.update_with(4, Wait::Frames(1))?;
    assert_eq!(
        clock.time(),
        SystemTime::UNIX_EPOCH + Duration::from_secs(1)
    );
    assert_eq!(gate.sum()?, 8);
    Ok(())
}

#[test]
fn a_gate_is_shared_by_its_clones() -> Result<(), Error> {
    let gate = CallGate::unnamed(Duration::from_secs(60), Duration::from_secs(1)).build()?;
    thread::scope(|scope| {
        for _ in 0..4 {
            let gate = gate.clone();
            scope.spawn(move || (0..1_000).filter_map(|_| gate.try_update(1).ok()).count());
        }
    });
    assert_eq!(gate.sum()?, 4_000);
    Ok(())
}

#[test]
fn a_clock_can_be_brought_along() -> Result<(), Error> {
    #[derive(Debug)]
    struct Stopped(SystemTime);

    impl Clock for Stopped {
        fn now(&self) -> Moment {
            self.0.into()
        }
    }

    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(43_200);
    let gate = CallGate::unnamed(Duration::from_secs(60), Duration::from_secs(1))
        .clock(Stopped(noon))
        .build()?;
    assert_eq!(gate.try_update(1)?.frame().start(), noon);
    Ok(())
}

#[cfg(feature = "persist")]
#[test]
fn a_gate_goes_through_a_file() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("gate.json");
    let gate = CallGate::builder("file", Duration::from_secs(600), Duration::from_secs(1))
        .gate_limit(5)
        .build()?;
    gate.try_update(2)?;
    gate.to_file(&path)?;
    let again = CallGate::from_file(&path)?;
    assert_eq!(
        (again.name(), again.sum()?, again.gate_limit()),
        ("file", 2, Some(5))
    );
    Ok(())
}
