//! What needs a local time zone of one's own, or an inner step to fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{FileErrorKind, read, replace};
use crate::{FileError, Snapshot};

fn python_files() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/python")
}

fn load(json: &str, local: &str) -> Result<Snapshot, FileError> {
    read::snapshot(json.as_bytes(), || TimeZone::get(local).unwrap())
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A gate of ten frames of a second, saved at `time` in `timezone`.
fn file(timezone: &str, time: &str) -> String {
    format!(
        r#"{{"name": "n", "gate_size": 10.0, "frame_step": 1.0, "timezone": {timezone},
            "_data": [1], "_current_dt": {time}}}"#
    )
}

#[test]
fn every_file_of_python_holds_what_python_held() {
    let expected = fs::read_to_string(python_files().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let expected = expected.as_object().unwrap();
    assert_eq!(expected.len(), 14);
    for (name, held) in expected {
        let json = fs::read_to_string(python_files().join(format!("{name}.json"))).unwrap();
        let raw: Value = serde_json::from_str(&json).unwrap();
        let snapshot = load(&json, held["local_zone"].as_str().unwrap()).unwrap();

        let start = held["start_micros"].as_u64().map(Duration::from_micros);
        assert_eq!(
            snapshot.current_frame(),
            start.map(|start| UNIX_EPOCH + start),
            "{name}"
        );
        assert_eq!(
            snapshot.frames().iter().sum::<u64>(),
            held["sum"].as_u64().unwrap(),
            "{name}"
        );
        if !snapshot.frames().is_empty() {
            assert_eq!(
                snapshot.frames().len() as u64,
                held["frames"].as_u64().unwrap()
            );
            let data: Vec<u64> = serde_json::from_value(raw["_data"].clone()).unwrap();
            assert_eq!(snapshot.frames(), data, "{name}");
        }
        assert_eq!(snapshot.name(), raw["name"], "{name}");
        assert_eq!(snapshot.timezone(), raw["timezone"].as_str(), "{name}");
        let limits = snapshot.limits();
        assert_eq!(
            limits.gate_limit().unwrap_or(0),
            raw["gate_limit"],
            "{name}"
        );
        assert_eq!(
            limits.frame_limit().unwrap_or(0),
            raw["frame_limit"],
            "{name}"
        );
        assert_eq!(snapshot.storage().to_string(), raw["storage"]);
        let as_float = |duration: Duration| Value::from(duration.as_secs_f64());
        assert_eq!(as_float(snapshot.gate_size()), raw["gate_size"], "{name}");
        assert_eq!(as_float(snapshot.frame_step()), raw["frame_step"], "{name}");
        assert!(!snapshot.is_strict());
    }
}

#[test]
fn a_naive_time_is_local_to_the_file_first_then_to_the_system() {
    let naive = "\"2024-07-03T10:46:40\"";
    let here = load(&file("null", naive), "Europe/London").unwrap();
    assert_eq!(here.current_frame(), Some(at(1_720_000_000)));
    let there = load(&file("\"Europe/London\"", naive), "Asia/Kolkata").unwrap();
    assert_eq!(there.current_frame(), Some(at(1_720_000_000)));
}

#[test]
fn a_naive_time_in_an_unknown_zone_is_refused_but_an_aware_one_is_not() {
    let zone = "\"Atlantis/Capital\"";
    let naive = load(&file(zone, "\"2024-07-03T10:46:40\""), "UTC").unwrap_err();
    assert_eq!(naive.field(), Some("_current_dt"));
    let aware = load(&file(zone, "\"2024-07-03T10:46:40+01:00\""), "UTC").unwrap();
    assert_eq!(aware.current_frame(), Some(at(1_720_000_000)));
    assert_eq!(aware.timezone(), Some("Atlantis/Capital"));
}

#[test]
fn a_local_time_that_occurs_twice_is_the_earlier_one() {
    let twice = load(&file("null", "\"2024-10-27T01:30:00\""), "Europe/London").unwrap();
    assert_eq!(twice.current_frame(), Some(at(1_729_989_000)));
    let skipped = load(&file("null", "\"2024-03-31T01:30:00\""), "Europe/London").unwrap();
    assert_eq!(skipped.current_frame(), Some(at(1_711_848_600)));
}

#[test]
fn a_failed_rename_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    // Too long for a name, which only the rename finds out.
    let path = folder.path().join("x".repeat(300));
    let error = replace::replace(&path, b"new").unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Write);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
