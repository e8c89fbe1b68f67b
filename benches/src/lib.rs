//! Measures `call_gate` beside its peers.
//!
//! The binary of this package times every candidate in interleaved rounds and
//! reports ratios between candidates of one run; `benches/gate.rs` runs the
//! essential operations under criterion for those who want its reports.

pub mod candidate;
pub mod chart;
pub mod gates;
pub mod groups;
pub mod machine;
pub mod peers;
pub mod redis;
pub mod report;
pub mod rounds;
pub mod second;
pub mod segment;
pub mod targets;
