//! Files that the Python package wrote (`testdata/python/generate.py`).

use std::time::{Duration, SystemTime};

use call_gate_core::{Limits, Snapshot, StorageKind};

use super::{at_micros, python_file};

fn load(name: &str) -> Snapshot {
    Snapshot::from_file(python_file(name)).unwrap()
}

/// The geometry, limits and newest values that a file is to hold.
fn holds(name: &str, size: Duration, step: Duration, limits: Limits, newest: &[u64]) -> Snapshot {
    let snapshot = load(name);
    assert_eq!(snapshot.gate_size(), size, "{name}");
    assert_eq!(snapshot.frame_step(), step, "{name}");
    assert_eq!(snapshot.limits(), limits, "{name}");
    let (head, tail) = snapshot.frames().split_at(newest.len());
    assert_eq!(head, newest, "{name}");
    assert!(tail.iter().all(|value| *value == 0), "{name}");
    snapshot
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn limits(gate: u64, frame: u64) -> Limits {
    Limits::none().with_gate(gate).with_frame(frame)
}

/// What a local time means on the system that runs the test.
fn here(local: &str) -> SystemTime {
    let local: jiff::civil::DateTime = local.parse().unwrap();
    let zoned = local.to_zoned(jiff::tz::TimeZone::system()).unwrap();
    zoned.timestamp().into()
}

#[test]
fn a_used_gate_with_naive_time() {
    let newest = [5, 40, 3];
    let used = holds(
        "used_naive",
        seconds(10),
        seconds(1),
        limits(1200, 100),
        &newest,
    );
    assert_eq!(used.name(), "used_naive");
    assert_eq!(used.timezone(), None);
    assert_eq!(used.storage(), StorageKind::Simple);
    assert_eq!(used.frames().len(), 10);
    assert_eq!(used.current_frame(), Some(here("2026-11-21T01:19:30")));
    assert!(!used.is_strict());
}

#[test]
fn unused_gates() {
    let unused = holds("unused", seconds(600), seconds(1), limits(1200, 2), &[]);
    assert_eq!(unused.current_frame(), None);
    let aware = holds(
        "unused_aware",
        seconds(60),
        seconds(1),
        Limits::none().with_frame(1),
        &[],
    );
    assert_eq!(aware.current_frame(), None);
    assert_eq!(aware.timezone(), Some("UTC"));
    let cleared = holds(
        "cleared",
        seconds(10),
        seconds(1),
        Limits::none().with_gate(5),
        &[],
    );
    assert_eq!(cleared.current_frame(), None);
    assert!(cleared.frames().is_empty());
}

#[test]
fn gates_with_aware_times() {
    let half_thousand = Limits::none().with_gate(500);
    let london = holds(
        "aware_london",
        seconds(60),
        seconds(2),
        half_thousand,
        &[8, 7],
    );
    assert_eq!(london.timezone(), Some("Europe/London"));
    assert_eq!(
        london.current_frame(),
        Some(at_micros(1_795_241_972_000_000))
    );

    let adelaide = holds(
        "aware_adelaide",
        seconds(3600),
        seconds(60),
        limits(500, 40),
        &[11],
    );
    assert_eq!(adelaide.timezone(), Some("Australia/Adelaide"));
    assert_eq!(
        adelaide.current_frame(),
        Some(at_micros(1_795_241_940_000_000))
    );

    let fifty = Limits::none().with_frame(50);
    let kolkata = holds(
        "aware_kolkata",
        seconds(86_400),
        seconds(3_600),
        fifty,
        &[13],
    );
    assert_eq!(kolkata.timezone(), Some("Asia/Kolkata"));
    // Frames of an hour lie on hours of UTC: half past in Kolkata.
    assert_eq!(
        kolkata.current_frame(),
        Some(at_micros(1_795_240_800_000_000))
    );
}

#[test]
fn limits_of_zero_do_not_limit() {
    let day = seconds(86_400);
    let free = holds("no_limits", day * 7, day, Limits::none(), &[1 << 53]);
    assert_eq!(free.frames().len(), 7);
}

#[test]
fn steps_below_a_second_are_exact() {
    let step = Duration::from_millis(300);
    let tenths = holds("tenths", seconds(3), step, limits(30, 10), &[1, 4, 1, 3]);
    assert_eq!(tenths.current_frame(), Some(here("2026-11-21T01:19:36.6")));

    let thousand = Limits::none().with_gate(1_000);
    let newest = [
        1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1,
    ];
    let millis = holds(
        "millis",
        seconds(1),
        Duration::from_millis(1),
        thousand,
        &newest,
    );
    assert_eq!(
        millis.current_frame(),
        Some(at_micros(1_795_241_976_927_000))
    );
    let micro = Duration::from_micros(1);
    holds("micros", micro * 10, micro, thousand, &[]);
}

#[test]
fn a_name_is_any_text() {
    let shared = holds(
        "shared",
        seconds(10),
        seconds(1),
        Limits::none().with_gate(10),
        &[2],
    );
    assert_eq!(shared.name(), "zażółć \"gęślą\" jaźń");
    assert_eq!(shared.storage(), StorageKind::Shared);
}

#[test]
fn counts_without_a_time_are_kept() {
    let ten = Limits::none().with_gate(10);
    let undated = holds("shared_undated", seconds(10), seconds(1), ten, &[3]);
    assert_eq!(undated.current_frame(), None);
    assert_eq!(undated.frames().len(), 10);
    let json = undated.to_json().unwrap();
    assert_eq!(
        Snapshot::from_json(json.as_bytes()).unwrap(),
        undated.with_timezone(Some("UTC".into())),
    );
}
