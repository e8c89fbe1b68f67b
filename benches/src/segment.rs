//! Gates in shared memory that are removed after the measurement.

use std::ops::Deref;
use std::path::Path;
use std::process;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use call_gate::{CallGate, CallGateBuilder, SharedMemory};

use crate::gates::{self, FRAMES, SECOND, built};

/// What the gates of a run are called, before the number of its process.
const PREFIX: &str = "call_gate_benches ";

/// Outlasts every run.
const DAY: Duration = Duration::from_secs(86_400);

/// A gate of this run alone, in shared memory.
#[derive(Debug)]
pub struct Segment {
    name: String,
    gate: CallGate,
}

impl Segment {
    /// A new gate, opened by `open`, which is given its name.
    pub fn new(open: impl FnOnce(&str) -> CallGate) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        static SWEPT: Once = Once::new();
        SWEPT.call_once(sweep);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{} {number}", process::id());
        Self {
            gate: open(&name),
            name,
        }
    }

    /// By which another process finds it.
    pub fn name(&self) -> String {
        self.name.clone()
    }
}

impl Deref for Segment {
    type Target = CallGate;

    fn deref(&self) -> &CallGate {
        &self.gate
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // What stays is swept by the next run.
        let _ = SharedMemory::remove(&self.name);
    }
}

/// The roomy gate of that name, with ten frames of a second.
pub fn roomy(name: &str) -> CallGate {
    built(roomy_builder(name))
}

/// The builder of it.
pub fn roomy_builder(name: &str) -> CallGateBuilder {
    shared(name, |name| gates::roomy_named(name, FRAMES, SECOND))
}

/// A gate that only counts, for longer than any run.
pub fn control(name: &str) -> CallGate {
    built(shared(name, |name| {
        CallGate::builder(name, DAY * 2, DAY).gate_limit(1_000_000)
    }))
}

/// The builder of a gate in memory, for one in shared memory.
pub fn shared(name: &str, builder: impl FnOnce(&str) -> CallGateBuilder) -> CallGateBuilder {
    builder(name).storage(SharedMemory::new())
}

/// Removes what runs that were killed have left.
fn sweep() {
    for segment in SharedMemory::list().unwrap_or_default() {
        let name = segment.name().unwrap_or_default();
        let mut words = name.strip_prefix(PREFIX).unwrap_or_default().split(' ');
        let process = words.next().unwrap_or_default();
        let (here, there) = (Path::new("/proc/self"), Path::new("/proc").join(process));
        if !process.is_empty() && here.exists() && !there.exists() {
            let _ = SharedMemory::remove(name);
        }
    }
}
