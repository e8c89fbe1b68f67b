//! What a user of the facade sees, through the facade only.

#![forbid(unsafe_code)]

#[cfg(feature = "macros")]
mod decorator;
mod face;
#[cfg(all(unix, feature = "redis", feature = "tokio", feature = "persist"))]
mod redis;
#[cfg(feature = "shared")]
mod shared;
mod stress;
#[cfg(feature = "macros")]
mod ui;
