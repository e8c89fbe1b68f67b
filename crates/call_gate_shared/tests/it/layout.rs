//! The bytes of a segment as the document gives them, read and written here a second time.

use crate::place::{LIMIT, Place, cause};
use call_gate_core::{CallGate, StorageErrorKind, UpdateError};
use call_gate_shared::{SegmentState, SharedErrorKind};
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The head's own sum, as the document tells to make it.
pub(crate) fn sum(bytes: &[u8]) -> u64 {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for (index, word) in bytes[..4096].chunks(8).enumerate() {
        if index != 2 {
            sum = (sum ^ u64::from_le_bytes(word.try_into().unwrap()))
                .wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    sum
}

/// Writes `field` into the head at `at`, with the sum that belongs to it.
pub(crate) fn patch(path: &Path, at: usize, field: &[u8]) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at..at + field.len()].copy_from_slice(field);
    let sum = sum(&bytes);
    bytes[16..24].copy_from_slice(&sum.to_le_bytes());
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&bytes[..4096], 0).unwrap();
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

fn small(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

#[test]
fn every_field_is_where_the_document_says() {
    let place = Place::new();
    let before = SystemTime::now();
    let gate = CallGate::builder("mäil", Duration::from_secs(50), Duration::from_secs(5))
        .gate_limit(LIMIT)
        .strict()
        .storage(place.storage())
        .build()
        .unwrap();
    gate.try_update(3).unwrap();
    let bytes = fs::read(place.path().join("call_gate.m%C3%A4il")).unwrap();
    assert_eq!(bytes.len(), 8192);
    assert_eq!(&bytes[..8], b"callgate");
    assert_eq!((small(&bytes, 8), small(&bytes, 12)), (1, 4096));
    assert_eq!(number(&bytes, 16), sum(&bytes));
    // 20 for head, limits and plan; the ring that both spans share
    assert_eq!(number(&bytes, 24), 20 + 11);
    assert_eq!(number(&bytes, 32), 50_000_000_000);
    assert_eq!(number(&bytes, 40), 5_000_000_000);
    assert_eq!((small(&bytes, 48), small(&bytes, 52)), (1, 2));
    let made = UNIX_EPOCH + Duration::from_nanos(number(&bytes, 56));
    assert!(made >= before && made <= SystemTime::now());
    let clock = call_gate_core::clock::monotonic().unwrap();
    let wall = UNIX_EPOCH + Duration::from_nanos(clock.wrapping_add(number(&bytes, 64)));
    assert!(wall >= made);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let shown = u128::from_be_bytes(bytes[72..88].try_into().unwrap());
    let shown = format!("{shown:032x}");
    assert_eq!(shown, boot.trim().replace('-', ""));
    assert_eq!(
        number(&bytes, 88),
        fs::metadata("/proc/self/ns/time").unwrap().ino()
    );
    assert_ne!(number(&bytes, 96), 0);
    assert_eq!(small(&bytes, 104), 5);
    assert!(bytes[108..1024].iter().all(|byte| *byte == 0));
    let spans = [1024, 1032, 1040, 1048].map(|at| number(&bytes, at));
    assert_eq!(spans, [5_000_000_000, 1, 5_000_000_000, 11]);
    assert!(bytes[1056..2048].iter().all(|byte| *byte == 0));
    assert_eq!(&bytes[2048..2053], "mäil".as_bytes());
    assert!(bytes[2053..4096].iter().all(|byte| *byte == 0));
    assert_ne!(number(&bytes, 4096), 0, "the head word");
    assert!(bytes[4096 + 31 * 8..].iter().all(|byte| *byte == 0));
}

#[test]
fn a_gate_from_before_a_reboot_is_replaced() {
    let place = Place::on_disk();
    let old = place.open("mail").unwrap();
    old.try_update(LIMIT).unwrap();
    patch(&place.file("mail"), 72, &[7; 16]);
    let listed = place.storage().segments().unwrap();
    assert_eq!(listed[0].state(), SegmentState::Stale);

    let new = place.open("mail").unwrap();
    new.try_update(LIMIT).unwrap();
    let error = old.try_update(1).unwrap_err();
    assert!(
        matches!(&error, UpdateError::Storage(error) if error.kind() == StorageErrorKind::Retired),
        "{error}"
    );
    assert_eq!(place.names(), ["call_gate.mail"]);
}

#[test]
#[cfg(target_os = "linux")]
fn another_boots_number_in_memory_is_a_mismatch_and_no_reboot() {
    let place = Place::new();
    let living = place.open("mail").unwrap();
    patch(&place.file("mail"), 72, &[7; 16]);
    let error = place.open("mail").unwrap_err();
    let cause = cause(&error);
    assert_eq!(cause.kind(), SharedErrorKind::Mismatch);
    assert_eq!(cause.theirs(), Some(&*"07".repeat(16)));
    living.try_update(LIMIT).unwrap();
}

#[test]
fn one_from_before_a_reboot_is_replaced_whatever_its_sizes() {
    let place = Place::on_disk();
    let other = CallGate::builder("mail", Duration::from_secs(5), Duration::from_secs(1));
    let other = other.gate_limit(1).storage(place.storage());
    drop(other.build().unwrap());
    patch(&place.file("mail"), 72, &[7; 16]);
    place.open("mail").unwrap().try_update(LIMIT).unwrap();
}

#[test]
fn another_time_namespace_has_another_clock() {
    let place = Place::new();
    drop(place.open("mail").unwrap());
    patch(&place.file("mail"), 88, &77u64.to_le_bytes());
    let error = place.open("mail").unwrap_err();
    let cause = cause(&error);
    assert_eq!(cause.kind(), SharedErrorKind::Mismatch);
    assert_eq!(cause.theirs(), Some("77"));
    let ours = fs::metadata("/proc/self/ns/time").unwrap().ino();
    assert_eq!(cause.ours(), Some(&*ours.to_string()));
}

#[test]
fn a_layout_to_come_is_a_mismatch() {
    let place = Place::new();
    drop(place.open("mail").unwrap());
    patch(&place.file("mail"), 8, &2u32.to_le_bytes());
    let error = place.open("mail").unwrap_err();
    assert_eq!(cause(&error).kind(), SharedErrorKind::Mismatch);
    assert_eq!(
        (cause(&error).theirs(), cause(&error).ours()),
        (Some("2"), Some("1"))
    );
}

#[test]
fn a_whole_head_that_lies_is_damaged() {
    for (at, field) in [
        (0, 1u64.to_le_bytes()),
        // words
        (24, 3u64.to_le_bytes()),
        (24, u64::MAX.to_le_bytes()),
        // the time it was made, and what sets the clock to the wall
        (64, 0u64.to_le_bytes()),
        (56, u64::MAX.to_le_bytes()),
        // lengths
        (104, u64::MAX.to_le_bytes()),
        (48, [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
        // flags
        (48, [4, 0, 0, 0, 2, 0, 0, 0]),
        // not text
        (2048, [0xff; 8]),
    ] {
        let place = Place::new();
        drop(place.open("mail").unwrap());
        patch(&place.file("mail"), at, &field);
        let error = place.open("mail").unwrap_err();
        let cause = cause(&error);
        assert_eq!(cause.kind(), SharedErrorKind::Damaged, "byte {at}: {error}");
        assert!(error.to_string().contains("remove it"), "{error}");
        assert!(place.storage().remove_segment("mail").unwrap());
        place.open("mail").unwrap().try_update(LIMIT).unwrap();
    }
}

#[test]
fn a_file_of_another_length_is_damaged_mapped_or_not() {
    let place = Place::new();
    drop(place.open("mail").unwrap());
    for length in [0, 1, 4095, 4096, 4104, 8191, 8193, 12_288] {
        let whole = fs::read(place.file("mail")).unwrap();
        let copy = place.file("copy");
        fs::copy(place.file("mail"), &copy).unwrap();
        patch(&copy, 2048, b"copy");
        for name in ["copy", "mail"] {
            let file = fs::OpenOptions::new().write(true).open(place.file(name));
            let file = file.unwrap();
            file.set_len(length).unwrap();
            let error = place.open(name).unwrap_err();
            let kind = cause(&error).kind();
            assert_eq!(kind, SharedErrorKind::Damaged, "{length} bytes: {error}");
            let listed = place.storage().segments().unwrap();
            assert!(listed.iter().any(|segment| {
                segment.path() == place.file(name) && segment.state() == SegmentState::Refused
            }));
            file.set_len(8192).unwrap();
            file.write_all_at(&whole, 0).unwrap();
        }
        place.open("mail").unwrap().try_update(1).unwrap();
        fs::remove_file(copy).unwrap();
    }
}
