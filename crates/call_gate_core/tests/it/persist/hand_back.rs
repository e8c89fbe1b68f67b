//! Files written here load in Python and work there.
//!
//! Needs a Python that has the package `call_gate` 2.x: the one that the
//! environment variable `CALL_GATE_PYTHON` names, or `python3`. The tests say so
//! and pass where there is none, unless the variable names one that has not.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use call_gate_core::{CallGate, Limits, Snapshot};
use serde_json::Value;

/// Loads a gate, says what it holds, saves it again, then calls through it.
const SCRIPT: &str = r#"
import json, sys
from call_gate import CallGate

if __name__ == "__main__":
    gate = CallGate.from_file(sys.argv[1], storage="simple")
    gate.to_file(sys.argv[2])
    held = {
        "name": gate.name,
        "frames": gate.frames,
        "data": gate.data,
        "sum": gate.sum,
        "limits": [gate.gate_limit, gate.frame_limit],
        "start": gate.current_dt and gate.current_dt.timestamp(),
    }
    gate.update(1, throw=True)
    held["later"] = sum(gate.data)
    print(json.dumps(held))
"#;

fn python() -> Option<&'static str> {
    static PYTHON: OnceLock<Option<String>> = OnceLock::new();
    let found = PYTHON.get_or_init(|| {
        let asked = std::env::var("CALL_GATE_PYTHON").ok();
        let python = asked.clone().unwrap_or_else(|| "python3".into());
        let has_it = Command::new(&python)
            .args(["-c", "import call_gate"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        assert!(
            has_it || asked.is_none(),
            "CALL_GATE_PYTHON is {python}, which has no package call_gate"
        );
        if !has_it {
            // Past the harness's capture: tests that do nothing should be seen.
            let _ = writeln!(
                std::io::stderr(),
                "\npersist::hand_back is not run: {python} has no package call_gate \
                 (pip install call_gate==2.1.0, or set CALL_GATE_PYTHON)"
            );
        }
        has_it.then_some(python)
    });
    found.as_deref()
}

fn hand_over(python: &str, path: &Path, copy: &Path) -> Value {
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .args([path, copy])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Writes the gate to a file and compares what Python makes of it.
fn check(gate: &CallGate) {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    let copy = folder.path().join("copy.json");
    gate.to_file(&path).unwrap();
    let ours = Snapshot::from_file(&path).unwrap();
    let held = hand_over(python, &path, &copy);

    let frames = gate.frames();
    let mut data = ours.frames().to_vec();
    // Python knows no strict gates: it leaves their extra frame out.
    data.resize(frames, 0);
    let sum: u64 = data.iter().sum();
    assert_eq!(held["name"], gate.name());
    assert_eq!(held["frames"], frames);
    assert_eq!(held["data"], Value::from(data.clone()));
    assert_eq!(held["sum"], sum);
    assert_eq!(held["later"], sum + 1);
    let limits = [gate.gate_limit(), gate.frame_limit()].map(|limit| limit.unwrap_or(0));
    assert_eq!(held["limits"], Value::from(limits.to_vec()));
    let start = ours.current_frame();
    match start {
        None => assert!(held["start"].is_null()),
        Some(start) => {
            let start = start.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
            assert!((held["start"].as_f64().unwrap() - start).abs() < 1e-6);
        }
    }

    let back = Snapshot::from_file(&copy).unwrap();
    assert_eq!(back.current_frame(), start);
    assert_eq!(back.limits(), ours.limits());
    assert_eq!(back.timezone(), ours.timezone());
    assert_eq!(back.gate_size(), ours.gate_size());
    assert_eq!(back.frame_step(), ours.frame_step());
    assert_eq!(back.frames().iter().sum::<u64>(), sum);
}

/// The start of the frame of this length that is current now.
fn now(step: Duration) -> SystemTime {
    let since = UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let start = since / step.as_nanos() * step.as_nanos();
    UNIX_EPOCH + Duration::from_nanos(u64::try_from(start).unwrap())
}

/// Twenty frames of a minute, the old half of them free, so that a minute which
/// ends during the test takes nothing along.
fn used(name: &str) -> Snapshot {
    let step = Duration::from_secs(60);
    Snapshot::new(name, step * 20, step)
        .with_limits(Limits::none().with_gate(1_000).with_frame(90))
        .with_frames(now(step), vec![5, 0, 40, 2, 0, 1])
}

fn restored(snapshot: Snapshot) -> CallGate {
    let mut builder =
        CallGate::builder(snapshot.name(), snapshot.gate_size(), snapshot.frame_step())
            .limits(snapshot.limits());
    if snapshot.is_strict() {
        builder = builder.strict();
    }
    if let Some(zone) = snapshot.timezone() {
        builder = builder.timezone(zone);
    }
    builder.restore(snapshot).build().unwrap()
}

#[test]
fn a_used_gate() {
    let gate = restored(used("used \"é\" 名"));
    gate.try_update(3).unwrap();
    check(&gate);
}

#[test]
fn an_unused_gate() {
    let second = Duration::from_secs(1);
    let gate = CallGate::builder("unused", second * 600, second)
        .gate_limit(7)
        .build();
    check(&gate.unwrap());
}

#[test]
fn a_strict_gate() {
    let mut values = vec![0; 21];
    values[0] = 8;
    // In the one frame that only a strict gate keeps.
    values[20] = 9;
    let snapshot = used("strict").strict();
    let start = snapshot.current_frame().unwrap();
    let gate = restored(snapshot.with_frames(start, values));
    assert!(gate.is_strict());
    check(&gate);
}

#[test]
fn a_gate_with_a_time_zone() {
    for zone in ["Europe/London", "Asia/Kolkata", "america/st_johns"] {
        check(&restored(used("zoned").with_timezone(Some(zone.into()))));
    }
}

#[test]
fn a_gate_of_short_frames() {
    let step = Duration::from_millis(300);
    let snapshot = Snapshot::new("short", step * 1_000, step).with_frames(now(step), vec![7, 0, 3]);
    check(&restored(snapshot));
}
