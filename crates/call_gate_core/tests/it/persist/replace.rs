//! A file is replaced as a whole or not at all.

use std::fs;
use std::path::Path;
use std::time::Duration;

use call_gate_core::{FileErrorKind, Snapshot};

fn snapshot(name: &str) -> Snapshot {
    Snapshot::new(name, Duration::from_secs(10), Duration::from_secs(1))
        .with_timezone(Some("UTC".into()))
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_new_file_takes_the_place_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    snapshot("old").to_file(&path).unwrap();
    snapshot("new").to_file(&path).unwrap();
    assert_eq!(Snapshot::from_file(&path).unwrap(), snapshot("new"));
    assert_eq!(entries(folder.path()), 1);
}

#[test]
fn missing_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/gate.json");
    snapshot("deep").to_file(&path).unwrap();
    assert_eq!(Snapshot::from_file(&path).unwrap().name(), "deep");
}

#[test]
fn what_cannot_be_written_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    snapshot("old").to_file(&path).unwrap();
    let error = snapshot("").to_file(&path).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Field);
    assert_eq!(error.path(), Some(path.as_path()));
    assert_eq!(Snapshot::from_file(&path).unwrap().name(), "old");

    // A file stands where a folder would have to.
    let below = path.join("gate.json");
    let error = snapshot("new").to_file(&below).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Write);
    assert_eq!(Snapshot::from_file(&path).unwrap().name(), "old");
    assert_eq!(entries(folder.path()), 1);
}

#[test]
fn a_folder_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "kept").unwrap();
    let error = snapshot("new").to_file(&path).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Write);
    assert!(error.to_string().contains("gate.json"), "{error}");
    assert_eq!(fs::read_to_string(path.join("inside")).unwrap(), "kept");
    assert_eq!(entries(folder.path()), 1);
}

#[test]
fn writers_at_the_same_time_leave_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..20 {
                    snapshot(name).to_file(path).unwrap();
                    Snapshot::from_file(path).unwrap();
                }
            });
        }
    });
    assert_eq!(entries(folder.path()), 1);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_permissions_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate.json");
    let link = folder.path().join("link.json");
    snapshot("old").to_file(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("gate.json", &link).unwrap();
    snapshot("new").to_file(&link).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(Snapshot::from_file(&path).unwrap().name(), "new");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[cfg(unix)]
#[test]
fn a_device_is_not_replaced() {
    use std::os::unix::net::UnixListener;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    let error = snapshot("new").to_file(&path).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::Write);
    assert!(!fs::metadata(&path).unwrap().is_file());
}

#[test]
fn what_cannot_be_read_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.json");
    for path in [missing.as_path(), folder.path()] {
        let error = Snapshot::from_file(path).unwrap_err();
        assert_eq!(error.kind(), FileErrorKind::Read);
        assert_eq!(error.path(), Some(path));
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[test]
fn a_file_too_large_is_not_read_into_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.json");
    fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let error = Snapshot::from_file(&path).unwrap_err();
    assert_eq!(error.kind(), FileErrorKind::TooBig);
}
