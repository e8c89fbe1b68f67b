//! The opener over the crate `shared_memory`.

use crate::place::{LIMIT, builder, cause};
use crate::race::sixteen_share;
use call_gate_core::{CallGate, ConfigError, OnLimits, StorageErrorKind, UpdateError};
use call_gate_shared::{Opener, SharedErrorKind, SharedMemory};
use std::fs;
use std::path::PathBuf;
use std::sync::Once;

const PREFIX: &str = "test of the crate: ";

/// Removes what runs that were killed have left.
fn sweep() {
    for entry in fs::read_dir("/dev/shm").unwrap().flatten() {
        if !entry.file_name().to_string_lossy().starts_with("cg-") {
            continue;
        }
        let bytes = fs::read(entry.path()).unwrap_or_default();
        let name = bytes.get(2048..3072).unwrap_or_default();
        let name = String::from_utf8_lossy(name);
        let name = name.trim_end_matches('\0');
        if name.starts_with(PREFIX) && !crate::place::lives(name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A name that goes with the test.
struct Name(String);

impl Name {
    fn new(test: &str) -> Self {
        static SWEPT: Once = Once::new();
        SWEPT.call_once(sweep);
        Self(format!("{PREFIX}{test} {}", std::process::id()))
    }

    fn open(&self) -> Result<CallGate, ConfigError> {
        builder(&self.0).storage(storage()).build()
    }

    /// Where Linux keeps it.
    fn file(&self) -> PathBuf {
        let hash = self.0.bytes().fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        PathBuf::from(format!("/dev/shm/cg-{hash:016x}"))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        let _ = storage().remove_segment(&self.0);
    }
}

fn storage() -> SharedMemory {
    SharedMemory::new().opener(Opener::SharedMemoryCrate)
}

#[test]
fn whoever_opens_the_name_shares_the_gate_and_it_outlives_them() {
    let name = Name::new("share");
    let (one, another) = (name.open().unwrap(), name.open().unwrap());
    one.try_update(4).unwrap();
    another.try_update(6).unwrap();
    drop((one, another));
    assert!(name.open().unwrap().try_update(1).is_err());
    let bytes = fs::read(name.file()).unwrap();
    assert_eq!(&bytes[..8], b"callgate");
    assert_eq!(
        u64::from_le_bytes(bytes[16..24].try_into().unwrap()),
        crate::layout::sum(&bytes)
    );
}

#[test]
fn sixteen_threads_open_one_gate() {
    for round in 0..20 {
        let name = Name::new(&format!("race {round}"));
        sixteen_share(|| name.open().unwrap());
    }
}

#[test]
fn removed_it_is_retired_for_the_attached_and_new_for_the_next() {
    let name = Name::new("remove");
    let old = name.open().unwrap();
    old.try_update(LIMIT).unwrap();
    assert!(storage().remove_segment(&name.0).unwrap());
    assert!(!storage().remove_segment(&name.0).unwrap());
    let error = old.try_update(1).unwrap_err();
    assert!(
        matches!(&error, UpdateError::Storage(error) if error.kind() == StorageErrorKind::Retired),
        "{error}"
    );
    name.open().unwrap().try_update(LIMIT).unwrap();
}

#[test]
fn a_mismatch_names_both_and_limits_are_compared() {
    let name = Name::new("mismatch");
    let _living = name.open().unwrap();
    let error = builder(&name.0).strict().storage(storage()).build();
    let error = error.unwrap_err();
    assert_eq!(cause(&error).kind(), SharedErrorKind::Mismatch);
    assert_eq!(
        (cause(&error).theirs(), cause(&error).ours()),
        (Some("off"), Some("on"))
    );
    let other = builder(&name.0).gate_limit(11).on_limits(OnLimits::Require);
    let error = other.storage(storage()).build().unwrap_err();
    assert_eq!(cause(&error).kind(), SharedErrorKind::Limits);
}

#[test]
fn a_dead_maker_is_told_and_can_be_removed() {
    // before it had a length, and before it was whole
    for length in [0, 8192] {
        // a name that stays the same: what a killed run left tells no name
        let name = Name(format!("{PREFIX}dead maker"));
        fs::write(name.file(), vec![0; length]).unwrap();
        let error = name.open().unwrap_err();
        assert_eq!(cause(&error).kind(), SharedErrorKind::Busy, "{error}");
        assert!(error.to_string().contains("remove it"), "{error}");
        assert!(storage().remove_segment(&name.0).unwrap());
        name.open().unwrap().try_update(LIMIT).unwrap();
    }
}

#[test]
fn damage_and_reboots_are_seen() {
    let name = Name::new("damage");
    drop(name.open().unwrap());
    // another file, which this process has not mapped
    let bytes = fs::read(name.file()).unwrap();
    fs::remove_file(name.file()).unwrap();
    let put = |bytes: &[u8]| fs::write(name.file(), bytes).unwrap();
    put(&bytes[..4096]);
    assert_eq!(
        cause(&name.open().unwrap_err()).kind(),
        SharedErrorKind::Damaged
    );
    let mut broken = bytes.clone();
    broken[40] ^= 1;
    put(&broken);
    assert_eq!(
        cause(&name.open().unwrap_err()).kind(),
        SharedErrorKind::Damaged
    );
    put(&bytes);
    crate::layout::patch(&name.file(), 72, &[7; 16]);
    name.open().unwrap().try_update(LIMIT).unwrap();
}

#[test]
fn it_cannot_be_listed() {
    assert_eq!(
        storage().segments().unwrap_err().kind(),
        SharedErrorKind::Unsupported
    );
}
