//! What cannot be brought about from outside: files with temporary names, and makers and removers that die.

use super::*;
use crate::header::{LENGTH, WORDS};
use crate::map;
use call_gate_core::{Blueprint, CallGate, ManualClock, Storage, StorageErrorKind, StorageKind};
use rustix::fs::{FlockOperation, Timespec, Timestamps, flock, futimens};
use std::fs::{self, File};
use std::sync::Mutex;
use std::time::{Duration, Instant, UNIX_EPOCH};
use temporary::Temporary;

/// The storage of files, made in a way that a test wants.
#[derive(Debug, Clone)]
struct Files(Place, Way);

impl Storage for Files {
    fn kind(&self) -> StorageKind {
        StorageKind::Shared
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        open_by(&self.0, config, seed, self.1)
    }
}

fn place() -> (tempfile::TempDir, Place) {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().to_owned();
    let group = None;
    (folder, Place { directory, group })
}

fn gate(files: &Files) -> Result<CallGate, ConfigError> {
    CallGate::builder("mail", Duration::from_secs(10), Duration::from_secs(1))
        .gate_limit(10)
        .clock(ManualClock::new(
            UNIX_EPOCH + Duration::from_secs(1_000_000),
        ))
        .storage(files.clone())
        .build()
}

fn names(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(&place.directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn age(file: &File, by: Duration) {
    let then = (std::time::SystemTime::now() - by)
        .duration_since(UNIX_EPOCH)
        .unwrap();
    let time = Timespec {
        tv_sec: i64::try_from(then.as_secs()).unwrap(),
        tv_nsec: 0,
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    futimens(file, &times).unwrap();
}

#[test]
fn both_ways_make_one_gate_and_leave_nothing_else() {
    let (_folder, place) = place();
    let named = Files(place.clone(), Way::Named);
    gate(&named).unwrap().try_update(6).unwrap();
    let unnamed = Files(place.clone(), Way::Unnamed);
    gate(&unnamed).unwrap().try_update(4).unwrap();
    assert!(gate(&named).unwrap().try_update(1).is_err());
    assert_eq!(names(&place), ["call_gate.mail"]);
}

#[test]
fn threads_that_make_it_by_name_make_one() {
    for _ in 0..20 {
        let (_folder, place) = place();
        let files = Files(place.clone(), Way::Named);
        let gates = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| gates.lock().unwrap().push(gate(&files).unwrap()));
            }
        });
        let gates = gates.into_inner().unwrap();
        let admitted = gates.iter().filter(|gate| gate.try_update(3).is_ok());
        assert_eq!(admitted.count(), 3);
        assert_eq!(names(&place), ["call_gate.mail"]);
    }
}

#[test]
fn temporaries_of_dead_makers_are_swept_and_those_of_living_ones_are_not() {
    let (_folder, place) = place();
    let minutes = Duration::from_secs(120);
    let living = Temporary::new(&place).unwrap();
    age(living.file(), minutes);
    for (name, age_of) in [("dead", minutes), ("young", Duration::ZERO)] {
        let file = File::create(place.directory.join(format!(".call_gate~{name}"))).unwrap();
        age(&file, age_of);
    }
    // it got its name, and its maker died before the other one was gone
    let half = place.directory.join(".call_gate~half");
    let file = File::create(&half).unwrap();
    fs::hard_link(&half, place.directory.join("call_gate.other")).unwrap();
    age(&file, minutes);
    std::os::unix::fs::symlink("nowhere", place.directory.join(".call_gate~link")).unwrap();

    list(&place).unwrap();
    let name = living.path().file_name().unwrap().to_str().unwrap();
    let mut left = vec![
        ".call_gate~link",
        ".call_gate~young",
        name,
        "call_gate.other",
    ];
    left.sort_unstable();
    assert_eq!(names(&place), left);
    drop(living);
    assert_eq!(names(&place).len(), 3);
}

#[test]
fn a_maker_whose_temporary_was_swept_makes_another() {
    let (_folder, place) = place();
    let path = place.path("mail");
    let temporary = Temporary::new(&place).unwrap();
    fs::remove_file(temporary.path()).unwrap();
    assert!(!temporary.is_there());
    assert!(fs::hard_link(temporary.path(), &path).is_err());
    let made = create::create(&place, &path, &[0; 8], Way::Named).unwrap();
    assert_eq!(made.unwrap().size(), 8);
    let again = create::create(&place, &path, &[0; 8], Way::Unnamed).unwrap();
    assert!(again.is_none());
}

/// As if the remover died after each of its steps.
#[test]
fn whoever_comes_after_a_dead_remover_finishes_its_work() {
    let (_folder, place) = place();
    let files = Files(place.clone(), Way::Unnamed);
    let old = gate(&files).unwrap();
    old.try_update(10).unwrap();
    let found = Found::at(&place, &place.path("mail")).unwrap().unwrap();

    flock(found.file(), FlockOperation::LockExclusive).unwrap();
    drop(found);
    assert!(
        gate(&files).unwrap().try_update(1).is_err(),
        "nothing is removed yet"
    );

    let found = Found::at(&place, &place.path("mail")).unwrap().unwrap();
    map::retire(found.file(), WORDS, Blueprint::RETIRED).unwrap();
    let listed = list(&place).unwrap();
    assert_eq!(listed[0].state(), crate::SegmentState::Retired);
    let new = gate(&files).unwrap();
    new.try_update(10).unwrap();
    let error = old.try_update(1).unwrap_err();
    let kind = match &error {
        call_gate_core::UpdateError::Storage(error) => error.kind(),
        other => panic!("{other}"),
    };
    assert_eq!(kind, StorageErrorKind::Retired);
    assert!(!found.is_named());
}

#[test]
fn a_remover_that_is_stopped_amid_it_is_an_error_after_a_while() {
    let (_folder, place) = place();
    let files = Files(place.clone(), Way::Unnamed);
    drop(gate(&files).unwrap());
    let stopped = Found::at(&place, &place.path("mail")).unwrap().unwrap();
    flock(stopped.file(), FlockOperation::LockExclusive).unwrap();

    // the lock alone is in nobody's way but another remover's
    gate(&files).unwrap().try_update(1).unwrap();
    let started = Instant::now();
    assert_eq!(
        remove(&place, "mail").unwrap_err().kind(),
        SharedErrorKind::Busy
    );
    map::retire(stopped.file(), WORDS, Blueprint::RETIRED).unwrap();
    let error = gate(&files).unwrap_err();
    assert!(error.to_string().contains("stopped"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));

    drop(stopped);
    gate(&files).unwrap().try_update(10).unwrap();
}

#[test]
fn a_remover_leaves_the_segment_that_came_after_its_own() {
    let (_folder, place) = place();
    let files = Files(place.clone(), Way::Unnamed);
    drop(gate(&files).unwrap());
    let late = Found::at(&place, &place.path("mail")).unwrap().unwrap();
    assert!(remove(&place, "mail").unwrap());
    let new = gate(&files).unwrap();
    remove::finish(&place, &late).unwrap();
    new.try_update(10).unwrap();
    assert!(gate(&files).unwrap().try_update(1).is_err());
}

#[test]
fn a_segment_without_room_for_its_head_word_is_removed_all_the_same() {
    let (_folder, place) = place();
    for length in [0, LENGTH, LENGTH + 7] {
        let path = place.path("mail");
        fs::write(&path, vec![0; length]).unwrap();
        assert!(remove(&place, "mail").unwrap(), "{length} bytes");
        assert!(!remove(&place, "mail").unwrap());
    }
}
