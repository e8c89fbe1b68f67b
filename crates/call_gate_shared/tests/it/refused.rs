//! What is no segment of this user: links, folders, pipes, others' files, files that others may write to.

use crate::place::{Place, cause};
use call_gate_shared::SharedErrorKind;
use rustix::fs::{CWD, FileType, Mode, Uid, chown, mknodat};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

#[track_caller]
fn refused(place: &Place, word: &str) {
    let started = Instant::now();
    let error = place.open("mail").unwrap_err();
    let kind = cause(&error).kind();
    assert_eq!(kind, SharedErrorKind::Access, "{error}");
    assert!(error.to_string().contains(word), "{error}");
    assert!(error.to_string().contains("call_gate.mail"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[track_caller]
fn not_removed(place: &Place) {
    let error = place.storage().remove_segment("mail").unwrap_err();
    assert_eq!(error.kind(), SharedErrorKind::Access);
    assert_eq!(place.names().len(), 1);
}

#[test]
fn links_are_not_followed() {
    let (place, elsewhere) = (Place::new(), Place::new());
    let target = elsewhere.file("mail");
    symlink(&target, place.file("mail")).unwrap();
    refused(&place, "plain file");
    assert!(elsewhere.names().is_empty(), "made through a link");
    elsewhere.open("mail").unwrap().try_update(1).unwrap();
    refused(&place, "plain file");
    not_removed(&place);
    assert!(elsewhere.open("mail").unwrap().try_update(9).is_ok());
}

#[test]
fn pipes_folders_and_sockets_are_no_segments() {
    let place = Place::new();
    mknodat(
        CWD,
        place.file("mail"),
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();
    refused(&place, "plain file");
    not_removed(&place);
    fs::remove_file(place.file("mail")).unwrap();

    fs::create_dir(place.file("mail")).unwrap();
    refused(&place, "plain file");
    not_removed(&place);
    fs::remove_dir(place.file("mail")).unwrap();

    let _socket = UnixListener::bind(place.file("mail")).unwrap();
    refused(&place, "plain file");
    not_removed(&place);
}

#[test]
fn others_may_neither_read_nor_write() {
    let place = Place::new();
    drop(place.open("mail").unwrap());
    let mode = fs::metadata(place.file("mail"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
    for mode in [0o604, 0o620, 0o666, 0o601] {
        fs::set_permissions(place.file("mail"), Permissions::from_mode(mode)).unwrap();
        refused(&place, &format!("{mode:04o}"));
    }
    fs::set_permissions(place.file("mail"), Permissions::from_mode(0o600)).unwrap();
    place.open("mail").unwrap().try_update(1).unwrap();
    fs::set_permissions(place.file("mail"), Permissions::from_mode(0o666)).unwrap();
    assert!(
        place.storage().remove_segment("mail").unwrap(),
        "its owner may"
    );
}

#[test]
fn another_users_segment_is_not_used() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can give a file away");
        return;
    }
    let place = Place::new();
    drop(place.open("mail").unwrap());
    chown(place.file("mail"), Some(Uid::from_raw(12_345)), None).unwrap();
    refused(&place, "user 12345");
    not_removed(&place);
}
