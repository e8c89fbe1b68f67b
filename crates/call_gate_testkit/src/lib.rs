//! The judge of the `call_gate` family: what a gate is, told a second time and independently, and one suite that
//! holds every storage to it.
//!
//! - [`oracle`]: a gate by definition, a plain list of bookings that is walked for every question;
//! - [`history`]: a record of admissions, checked against the limits by definition;
//! - [`act`] and [`run`]: lives of gates, made up or told, lived by a gate and the oracle side by side;
//! - [`scenario`]: stories in `testdata/scenarios/*.toml`;
//! - [`fixture`]: what a storage brings to be judged;
//! - [`conformance!`]: all of it as the tests of one storage;
//! - `servers`: Redis servers, clusters and sentinels for tests, on Unix;
//! - [`loopback`]: a storage behind an imaginary network, for core's remote path;
//! - [`spans`]: the oracle for several spans over one counter, in plain numbers;
//! - [`limiter`]: the oracle for limiters: such counters, permits and a queue.
//!
//! A storage crate calls the macro in its `tests/it`:
//!
//! ```
//! use call_gate_testkit::{MemoryFixture, conformance};
//!
//! conformance!(packed, MemoryFixture::packed);
//! # fn main() {}
//! ```

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::missing_panics_doc,
    reason = "a test kit fails by panicking, and its types are read by tests of this workspace only"
)]

pub mod act;
pub mod conformance;
pub mod fixture;
pub mod history;
pub mod limiter;
pub mod loopback;
pub mod oracle;
pub mod outcome;
pub mod run;
pub mod scenario;
#[cfg(unix)]
pub mod servers;
pub mod spans;
pub mod spec;

pub use fixture::{CoarseFixture, Fixture, LoopbackFixture, MemoryFixture, Time};
pub use history::{History, Violation};
pub use loopback::Loopback;
pub use oracle::Oracle;
pub use spec::Spec;
