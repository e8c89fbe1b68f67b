//! The storage against real servers, which every test starts for itself.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

#[cfg(feature = "injected-time")]
mod conformance;
mod place;
