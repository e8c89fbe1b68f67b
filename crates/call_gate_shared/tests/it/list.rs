//! What segments there are.

use crate::place::Place;
use call_gate_core::{CallGate, ManualClock};
use call_gate_shared::{SegmentState, SharedErrorKind};
use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[test]
fn each_is_told_with_what_it_is() {
    let place = Place::new();
    assert!(place.storage().segments().unwrap().is_empty());
    let before = SystemTime::now();
    place.open("mail/1").unwrap().try_update(1).unwrap();
    let made = UNIX_EPOCH + Duration::from_secs(777);
    let strict = CallGate::builder("zoo", Duration::from_secs(3), Duration::from_secs(1))
        .frame_limit(2)
        .strict()
        .clock(ManualClock::new(made))
        .storage(place.storage())
        .build();
    drop(strict.unwrap());
    fs::write(place.file("broken"), b"?").unwrap();
    fs::write(place.path().join("other"), b"?").unwrap();
    std::os::unix::fs::symlink("nowhere", place.file("link")).unwrap();

    let listed = place.storage().segments().unwrap();
    let [broken, link, mail, zoo] = &listed[..] else {
        panic!("{listed:?}");
    };
    assert_eq!(broken.state(), SegmentState::Refused);
    // its mode is the first thing that is wrong
    assert_eq!(broken.error().unwrap().kind(), SharedErrorKind::Access);
    assert_eq!((broken.name(), broken.bytes()), (None, 1));
    assert_eq!(link.error().unwrap().kind(), SharedErrorKind::Access);

    assert_eq!(
        (mail.name(), mail.state()),
        (Some("mail/1"), SegmentState::Live)
    );
    assert_eq!(mail.path(), place.path().join("call_gate.mail%2F1"));
    assert_eq!(mail.gate_size(), Some(Duration::from_secs(3600)));
    assert_eq!(mail.frame_step(), Some(Duration::from_secs(60)));
    assert_eq!((mail.is_strict(), mail.bytes()), (Some(false), 8192));
    assert!(mail.error().is_none());
    assert!(mail.made().unwrap() >= before && mail.made().unwrap() <= SystemTime::now());

    assert_eq!((zoo.name(), zoo.is_strict()), (Some("zoo"), Some(true)));
    assert_eq!(zoo.made(), Some(made));
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let place = Place::new();
    let storage = place.storage().directory(place.path().join("none"));
    let error = storage.segments().unwrap_err();
    assert_eq!(error.kind(), SharedErrorKind::Io);
    let error = storage.remove_segment("mail").unwrap_err();
    assert_eq!(error.kind(), SharedErrorKind::Io);
    let error = crate::place::builder("mail").storage(storage).build();
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("none") && error.contains("folder"),
        "{error}"
    );
}
