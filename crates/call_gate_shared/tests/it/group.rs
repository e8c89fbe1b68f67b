//! Segments for a group: made for it and opened only when they are.

use crate::place::{LIMIT, Place, builder, cause};
use call_gate_core::{CallGate, ConfigError};
use call_gate_shared::SharedErrorKind;
use rustix::fs::{Gid, Uid, chown};
use rustix::process::{getegid, geteuid};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn open(place: &Place, group: u32) -> Result<CallGate, ConfigError> {
    builder("mail")
        .storage(place.storage().group(group))
        .build()
}

#[test]
fn it_is_made_for_the_group_whatever_the_mask() {
    let place = Place::new();
    let group = getegid().as_raw();
    open(&place, group).unwrap().try_update(LIMIT).unwrap();
    let metadata = fs::metadata(place.file("mail")).unwrap();
    assert_eq!((metadata.mode() & 0o7777, metadata.gid()), (0o660, group));
    assert!(open(&place, group).unwrap().try_update(1).is_err());

    let error = place.open("mail").unwrap_err();
    assert_eq!(cause(&error).kind(), SharedErrorKind::Access);
    assert!(error.to_string().contains("0660"), "{error}");
}

#[test]
fn an_owners_own_segment_is_not_the_groups() {
    let place = Place::new();
    drop(place.open("mail").unwrap());
    let error = open(&place, getegid().as_raw()).unwrap_err();
    assert_eq!(cause(&error).kind(), SharedErrorKind::Access);
    assert!(error.to_string().contains("0600"), "{error}");
    fs::set_permissions(place.file("mail"), Permissions::from_mode(0o666)).unwrap();
    let error = open(&place, getegid().as_raw()).unwrap_err();
    assert!(error.to_string().contains("0666"), "{error}");
}

#[test]
fn another_groups_segment_is_refused_and_another_members_is_not() {
    if !geteuid().is_root() {
        eprintln!("only root can give a file away");
        return;
    }
    let (place, group) = (Place::new(), 54_321);
    open(&place, group).unwrap().try_update(4).unwrap();
    let error = open(&place, group + 1).unwrap_err();
    assert_eq!(cause(&error).kind(), SharedErrorKind::Access);
    assert!(error.to_string().contains("group 54321"), "{error}");

    let member = Uid::from_raw(12_345);
    chown(place.file("mail"), Some(member), Some(Gid::from_raw(group))).unwrap();
    open(&place, group).unwrap().try_update(6).unwrap();
    assert!(place.storage().group(group).remove_segment("mail").unwrap());
}
