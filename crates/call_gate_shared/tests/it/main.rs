//! The storage from outside: its life, its refusals, its bytes, and the family's conformance suite.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests are tests"
)]

#[cfg(feature = "shared_memory")]
mod by_crate;
mod conformance;
mod crew;
mod full;
mod group;
mod hammer;
mod hostile;
mod joint;
mod killed;
mod layout;
mod life;
mod limits;
mod list;
mod mismatch;
mod place;
mod race;
mod refused;
mod restart;
mod script;
mod speed;
mod storm;
mod three;
mod worker;
