//! Fuzz targets: functions that take any bytes and panic only where the library is wrong.

#![forbid(unsafe_code)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, Snapshot};

/// A frame start for gates whose file gives none.
const SOME_TIME: Duration = Duration::from_secs(1_800_000_000);
/// Rings above this are as slow to make as they are dull to compare.
const MAX_FRAMES: usize = 1 << 14;

/// Reads a gate's file; tells whether it was one.
///
/// # Panics
///
/// When what was read cannot be written, does not read back as the same, or
/// comes out of a gate otherwise than it went in.
pub fn snapshot_file(data: &[u8]) -> bool {
    let snapshot = match Snapshot::from_json(data) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            assert!(!error.to_string().is_empty(), "an error that says nothing");
            return false;
        }
    };
    written_reads_back(&snapshot);
    if snapshot.frames().len() <= MAX_FRAMES {
        restored_is_the_same(&snapshot);
    }
    true
}

/// What is written once reads back, and is written the same again.
fn written_reads_back(snapshot: &Snapshot) {
    let json = match snapshot.to_json() {
        Ok(json) => json,
        // A label beside times with an offset is never looked up until it is written.
        Err(error) if error.field() == Some("timezone") => return,
        Err(error) => panic!("what was read cannot be written: {error}"),
    };
    let back = Snapshot::from_json(json.as_bytes()).expect("what was written reads back");
    assert_same(snapshot, &back);
    assert_eq!(snapshot.current_frame(), back.current_frame());
    assert_eq!(back.to_json().expect("written twice"), json);
}

/// A gate that takes the snapshot at the time of its newest frame holds just that.
fn restored_is_the_same(snapshot: &Snapshot) {
    let now: SystemTime = snapshot.current_frame().unwrap_or(UNIX_EPOCH + SOME_TIME);
    let (size, step) = (snapshot.gate_size(), snapshot.frame_step());
    let mut builder = CallGate::builder(snapshot.name(), size, step)
        .limits(snapshot.limits())
        .clock(ManualClock::new(now))
        .restore(snapshot.clone());
    if snapshot.is_strict() {
        builder = builder.strict();
    }
    // The builder has rules of its own, and may refuse what a file may say.
    match builder.build() {
        Ok(gate) => {
            let after = gate.snapshot().expect("memory always answers");
            assert_same(snapshot, &after);
        }
        Err(error) => assert!(!error.to_string().is_empty(), "an error that says nothing"),
    }
}

fn assert_same(before: &Snapshot, after: &Snapshot) {
    assert_eq!(before.name(), after.name());
    assert_eq!(before.gate_size(), after.gate_size());
    assert_eq!(before.frame_step(), after.frame_step());
    assert_eq!(before.limits(), after.limits());
    assert_eq!(before.is_strict(), after.is_strict());
    assert_eq!(counted(before), counted(after), "of {before:?}");
}

/// The values without the zeros at the old end, which say the same as no value.
fn counted(snapshot: &Snapshot) -> &[u64] {
    let frames = snapshot.frames();
    let end = frames.iter().rposition(|value| *value != 0);
    end.map_or(&[], |last| &frames[..=last])
}
