//! A folder for the segments of one test, in memory where there is such a place.

use call_gate_core::{CallGate, CallGateBuilder, ConfigError};
use call_gate_shared::{SharedError, SharedMemory};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PREFIX: &str = "call_gate_test.";

/// Gone with the test; if that is killed, with the next run.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let memory = PathBuf::from("/dev/shm");
        Self::within(&if memory.is_dir() {
            memory
        } else {
            std::env::temp_dir()
        })
    }

    /// On a disk, which outlives a reboot.
    pub(crate) fn on_disk() -> Self {
        Self::within(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    fn within(parent: &Path) -> Self {
        static SWEPT: Once = Once::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        SWEPT.call_once(|| sweep(parent));
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = parent.join(format!("{PREFIX}{process}.{number}"));
        fs::create_dir(&path).unwrap();
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn storage(&self) -> SharedMemory {
        SharedMemory::new().directory(&self.path)
    }

    /// A gate on the machine's clock whose bookings stay for the length of a test.
    pub(crate) fn builder(&self, name: &str) -> CallGateBuilder {
        builder(name).storage(self.storage())
    }

    pub(crate) fn open(&self, name: &str) -> Result<CallGate, ConfigError> {
        self.builder(name).build()
    }

    /// The file of a gate whose name needs no encoding.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(format!("call_gate.{name}"))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

pub(crate) const LIMIT: u64 = 10;

pub(crate) fn builder(name: &str) -> CallGateBuilder {
    CallGate::builder(name, Duration::from_secs(3600), Duration::from_secs(60)).gate_limit(LIMIT)
}

/// What the window of `gate` holds.
pub(crate) fn used(gate: &CallGate) -> u64 {
    gate.state().unwrap().frames().iter().sum()
}

/// What the storage said when the gate could not be built.
pub(crate) fn cause(error: &ConfigError) -> &SharedError {
    let source = error
        .source()
        .unwrap_or_else(|| panic!("{error} has no source"));
    source.downcast_ref().unwrap()
}

/// Whether the process lives whose number `name` ends with, as far as can be told.
pub(crate) fn lives(name: &str) -> bool {
    let process = name.rsplit(' ').next().unwrap_or_default();
    !Path::new("/proc/self").exists() || Path::new("/proc").join(process).exists()
}

/// Removes what runs that were killed have left.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let process = name
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split('.').next());
        if let Some(process) = process
            && Path::new("/proc/self").exists()
            && !Path::new("/proc").join(process).exists()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
