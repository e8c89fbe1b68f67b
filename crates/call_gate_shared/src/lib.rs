//! One exact gate for all processes of a host, in shared memory.
//!
//! [`SharedMemory`] is a storage for `CallGate` and `AsyncCallGate`. The gate's name decides the segment's name: whoever
//! opens a gate of that name first makes it, and the others find it, in any order and at the same time. There is no
//! manager process and no lock, so a process may be killed at any instruction without harm to the others.
//!
//! ```
//! use call_gate_core::CallGate;
//! use call_gate_shared::SharedMemory;
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let name = format!("docs of call_gate_shared {}", std::process::id());
//! let open = || {
//!     CallGate::builder(&*name, Duration::from_secs(60), Duration::from_secs(1))
//!         .gate_limit(100)
//!         .storage(SharedMemory::new())
//!         .build()
//! };
//! let (one, another) = (open()?, open()?); // as well in two processes
//! one.try_update(70)?;
//! assert!(another.try_update(70).is_err());
//!
//! assert!(SharedMemory::remove(&name)?);
//! # Ok(())
//! # }
//! ```
//!
//! # What is shared
//! What is counted and the limits, which [`set_limits`] changes for everybody. `on_limits` says what becomes of the
//! limits of a builder whose gate lives already. Its sizes, `strict` and its clock must be the living gate's. Queues of
//! waiting callers are each process's own: between processes, whoever asks first after room appears gets it.
//!
//! The snapshot that a builder restores from is for a gate that is made; one that lives keeps what it counts.
//!
//! # Life
//! A segment outlives the processes that use it. [`SharedMemory::remove`] takes it out of use: those attached to it get
//! a `StorageError` of the kind `Retired`, and the next to open the name makes a new gate. [`SharedMemory::list`] tells
//! what is there. After a reboot a gate starts empty. Whatever else deletes the file splits the gate, as systemd does
//! with `RemoveIPC=yes` when a user logs out. A process keeps each segment mapped until it exits, also when it
//! has dropped its gates; so gates under ever new names cost it memory.
//!
//! # Time
//! Gates on the machine's clock count by its monotonic one, which all processes read alike; the first of them sets it
//! to the wall. A gate on a clock of the caller's own trusts all processes to bring the same one.
//!
//! # Who may take part
//! The user who made the gate, or with [`group`](SharedMemory::group) a group. Others' segments, those that others could
//! write to, and symbolic links are refused. A segment is checked and not trusted: whatever is in it, operations end, with
//! an answer or a typed error. Who may write to it can of course book whatever he likes, and can shorten the file under
//! those who have it mapped, which ends them with a bus error.
//!
//! # Systems
//! Linux is tested. Other systems: the code is written for macOS and the BSDs, and for Windows through the crate
//! `shared_memory`, and has not been run there.
//!
//! | feature | adds |
//! | --- | --- |
//! | `shared_memory` | `Opener::SharedMemoryCrate`, which promises less; on Windows it is always there, and the only one |
//!
//! [`set_limits`]: call_gate_core::CallGate::set_limits

#![deny(unsafe_code)]

#[cfg(not(any(unix, windows)))]
compile_error!("shared memory needs Unix or Windows");

#[cfg(any(windows, feature = "shared_memory"))]
mod by_crate;
mod error;
#[cfg(unix)]
mod files;
mod gate;
mod header;
mod machine;
mod map;
mod name;
mod patience;
mod segment;
mod storage;

pub use error::{SharedError, SharedErrorKind};
pub use segment::{Segment, SegmentState};
pub use storage::{Opener, SharedMemory};
