//! Integration tests of the core.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod config;
mod conformance;
mod fairness;
mod footprint;
mod persist;
mod waiting;
