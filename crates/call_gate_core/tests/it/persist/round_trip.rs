//! What is written reads back as it was.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use call_gate_core::{FileErrorKind, Limits, Snapshot, StorageKind};
use proptest::prelude::*;

fn limits() -> impl Strategy<Value = Limits> {
    let gate = prop::option::of(1..=u64::MAX);
    let frame = prop::option::of(1..=u64::MAX);
    (gate, frame).prop_map(|(gate, frame)| {
        let mut limits = Limits::none();
        if let Some(gate) = gate {
            limits = limits.with_gate(gate);
        }
        if let Some(frame) = frame {
            limits = limits.with_frame(frame);
        }
        limits
    })
}

/// A step, a number of frames that fits it, and the start of some frame.
fn grid() -> impl Strategy<Value = (u64, u64, u64)> {
    let step = prop_oneof![
        Just(1_000_u64),
        Just(1_500),
        Just(1_000_000),
        Just(300_000_000),
        Just(1_000_000_000),
        Just(86_400_000_000_000),
        1_000..10_000_000_000_000_u64,
    ];
    (step, 2..40_u64, 0..=u64::MAX).prop_map(|(step, frames, time)| {
        // The last years that 64 bits of nanoseconds hold are left out.
        (step, frames, time / 2 / step * step)
    })
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    let names = "\\PC{1,40}";
    let zones = prop::sample::select(vec!["UTC", "Europe/London", "Asia/Kolkata", "Etc/GMT+5"]);
    let kinds = prop::sample::select(vec![
        StorageKind::Simple,
        StorageKind::Shared,
        StorageKind::Redis,
    ]);
    let used = any::<bool>();
    let strict = any::<bool>();
    let values = prop::collection::vec(0..=u64::MAX / 64, 41);
    (names, grid(), limits(), zones, kinds, used, strict, values).prop_map(
        |(name, (step, frames, start), limits, zone, kind, used, strict, mut values)| {
            let size = Duration::from_nanos(step * frames);
            let mut snapshot = Snapshot::new(name, size, Duration::from_nanos(step))
                .with_limits(limits)
                .with_timezone(Some(zone.into()))
                .with_storage(kind);
            if strict {
                snapshot = snapshot.strict();
            }
            if used {
                let places = usize::try_from(frames).unwrap() + usize::from(strict);
                values.truncate(places);
                let start = UNIX_EPOCH + Duration::from_nanos(start);
                snapshot = snapshot.with_frames(start, values);
            }
            snapshot
        },
    )
}

proptest! {
    #[test]
    fn a_snapshot_reads_back_as_it_was_written(snapshot in snapshots()) {
        let json = snapshot.to_json().unwrap();
        prop_assert_eq!(Snapshot::from_json(json.as_bytes()).unwrap(), snapshot);
    }

    #[test]
    fn writing_again_changes_nothing(snapshot in snapshots()) {
        let json = snapshot.to_json().unwrap();
        let again = Snapshot::from_json(json.as_bytes()).unwrap().to_json().unwrap();
        prop_assert_eq!(again, json);
    }
}

fn three_seconds(name: &str) -> Snapshot {
    Snapshot::new(name, Duration::from_secs(3), Duration::from_secs(1))
}

fn start() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_720_000_000)
}

#[test]
fn the_text_is_what_python_writes() {
    let snapshot = three_seconds("gmail")
        .with_limits(Limits::none().with_gate(5))
        .with_timezone(Some("Europe/London".into()))
        .with_frames(start(), vec![2, 1]);
    let text = r#"{
  "name": "gmail",
  "gate_size": 3.0,
  "frame_step": 1.0,
  "gate_limit": 5,
  "frame_limit": 0,
  "timezone": "Europe/London",
  "storage": "simple",
  "_data": [
    2,
    1,
    0
  ],
  "_current_dt": "2024-07-03T10:46:40+01:00"
}"#;
    assert_eq!(snapshot.to_json().unwrap(), text);
}

#[test]
fn a_strict_gate_says_so_and_keeps_a_frame_more() {
    let snapshot = three_seconds("s")
        .strict()
        .with_frames(start(), vec![1, 2, 3, 4]);
    let json = snapshot.to_json().unwrap();
    assert!(json.ends_with("\"strict\": true\n}"), "{json}");
    let back = Snapshot::from_json(json.as_bytes()).unwrap();
    assert!(back.is_strict());
    assert_eq!(back.frames(), [1, 2, 3, 4]);
}

#[test]
fn without_a_label_the_zone_is_utc() {
    let json = three_seconds("u")
        .with_frames(start(), vec![1])
        .to_json()
        .unwrap();
    assert!(json.contains("\"timezone\": \"UTC\""), "{json}");
    assert!(
        json.contains("\"_current_dt\": \"2024-07-03T09:46:40+00:00\""),
        "{json}"
    );
    let unused = three_seconds("u").to_json().unwrap();
    assert!(unused.contains("\"timezone\": \"UTC\""), "{unused}");
    assert!(unused.contains("\"_current_dt\": null"), "{unused}");
}

#[test]
fn a_zone_is_written_in_its_own_spelling() {
    let lower = three_seconds("u").with_timezone(Some("europe/london".into()));
    let json = lower.to_json().unwrap();
    assert!(json.contains("\"timezone\": \"Europe/London\""), "{json}");
}

#[test]
fn what_could_not_be_read_back_is_not_written() {
    let long = Duration::from_secs(u64::MAX);
    let second = Duration::from_secs(1);
    let zone = |name: &str| three_seconds("u").with_timezone(Some(name.into()));
    for (field, snapshot) in [
        ("name", three_seconds("")),
        ("name", three_seconds("a\u{7}b")),
        ("name", three_seconds(&"x".repeat(1_025))),
        ("gate_size", Snapshot::new("u", Duration::ZERO, second)),
        ("gate_size", Snapshot::new("u", long, second)),
        ("gate_size", Snapshot::new("u", second, second)),
        ("gate_size", Snapshot::new("u", second * 5, second * 2)),
        ("gate_size", Snapshot::new("u", second * 2_000_000, second)),
        ("frame_step", Snapshot::new("u", second, Duration::ZERO)),
        (
            "gate_limit",
            three_seconds("u").with_limits(Limits::gate(0)),
        ),
        (
            "frame_limit",
            three_seconds("u").with_limits(Limits::frame(0)),
        ),
        ("_data", three_seconds("u").with_frames(start(), vec![0; 4])),
        (
            "_data",
            three_seconds("u").with_frames(start(), vec![u64::MAX, 1]),
        ),
        (
            "_current_dt",
            three_seconds("u").with_frames(UNIX_EPOCH - second, vec![1]),
        ),
        ("timezone", zone("Atlantis/Capital")),
        ("timezone", zone("Etc/Unknown")),
        ("timezone", zone("")),
    ] {
        let error = snapshot.to_json().unwrap_err();
        assert_eq!(error.kind(), FileErrorKind::Field, "{error}");
        assert_eq!(error.field(), Some(field), "{error}");
    }
}
