//! The storage against real servers, which every test starts for itself.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[cfg(any(feature = "cluster", feature = "sentinel"))]
mod callers;
mod checker;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "injected-time")]
mod conformance;
mod crew;
mod errors;
mod faults;
mod hammer;
mod hostile;
mod keys;
mod lag;
mod ledger;
mod limiters;
mod limits;
mod place;
#[cfg(feature = "sentinel")]
mod sentinel;
mod waiting;
