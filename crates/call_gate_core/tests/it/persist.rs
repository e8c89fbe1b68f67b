//! Snapshots as files: in both directions between here and Python.

#![cfg(feature = "persist")]

mod gate;
mod hand_back;
mod hostile;
mod python_files;
mod replace;
mod round_trip;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The path of a file that the Python package wrote.
fn python_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata/python")
        .join(name)
        .with_extension("json")
}

fn at_micros(micros: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(micros)
}
