//! No memory left is an error at open, and not a signal later.

use crate::place::Place;
use crate::worker;
use std::process::Command;

/// Opens a gate of its own on a full file system of its own.
const SCRIPT: &str = r#"mount -t tmpfs -o size=64k tmpfs "$CALL_GATE_TEST_FOLDER" || exit 9
head -c "$1" /dev/zero > "$CALL_GATE_TEST_FOLDER/filler"
shift
exec "$@""#;

/// What a worker told that opened a gate where `filled` of 64 KiB are taken, or did `job`; `None`: such a place is not to be had.
fn told(job: &str, filled: u32) -> Option<String> {
    let place = Place::new();
    let user = if rustix::process::geteuid().is_root() {
        "-m"
    } else {
        "-mr"
    };
    let possible = Command::new("unshare")
        .args([user, "mount", "-t", "tmpfs", "tmpfs"])
        .arg(place.path())
        .status();
    if !possible.is_ok_and(|status| status.success()) {
        eprintln!("this user may not mount a file system of his own");
        return None;
    }
    let mut program = Command::new("unshare");
    program
        .args([user, "sh", "-c", SCRIPT, "sh"])
        .arg(filled.to_string())
        .arg(std::env::current_exe().unwrap());
    let child = worker::command(program, job, place.path()).spawn();
    let told = worker::told(child.unwrap());
    assert!(place.names().is_empty());
    Some(told.concat())
}

#[test]
fn a_full_file_system_is_an_error_at_open() {
    let Some(told) = told("open", 65_536) else {
        return;
    };
    assert!(told.contains("kind: Full"), "{told}");
    assert!(told.contains("call_gate.mail"), "{told}");
}

#[test]
fn one_page_too_few_is_an_error_at_open() {
    let Some(told) = told("open", 65_536 - 4096) else {
        return;
    };
    assert!(told.contains("kind: Full"), "{told}");
}

#[test]
fn the_same_place_with_room_serves() {
    let Some(told) = told("open", 65_536 - 16_384) else {
        return;
    };
    assert_eq!(told, "None");
}

#[test]
fn a_hole_in_a_segment_is_an_error_at_open() {
    let Some(told) = told("hole", 4096) else {
        return;
    };
    assert!(told.contains("kind: Full"), "{told}");
}
