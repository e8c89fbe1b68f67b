//! Errors: one type for each kind of operation, and [`Error`] over them all.

mod config;
#[cfg(feature = "std")]
mod storage;
#[cfg(feature = "std")]
mod umbrella;
#[cfg(feature = "std")]
mod update;

pub use config::{ConfigError, ConfigErrorKind};
#[cfg(feature = "std")]
pub use storage::{StorageError, StorageErrorKind};
#[cfg(feature = "std")]
pub use umbrella::{Error, ErrorKind};
#[cfg(feature = "std")]
pub use update::{TooLarge, Underflow, UpdateError};
