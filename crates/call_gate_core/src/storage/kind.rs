//! The storages' names, as the files of Python `call_gate` spell them.

use crate::error::{ConfigError, ConfigErrorKind};
use std::fmt;
use std::str::FromStr;

/// Where a gate's counters live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum StorageKind {
    /// In this process.
    #[default]
    Simple,
    /// In memory shared by the processes of one host.
    Shared,
    /// In Redis.
    Redis,
}

impl fmt::Display for StorageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simple => "simple",
            Self::Shared => "shared",
            Self::Redis => "redis",
        })
    }
}

impl FromStr for StorageKind {
    type Err = ConfigError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "simple" => Ok(Self::Simple),
            "shared" => Ok(Self::Shared),
            "redis" => Ok(Self::Redis),
            _ => {
                let shown: String = word.chars().take(64).collect();
                Err(ConfigError::new(
                    ConfigErrorKind::Unsupported,
                    format_args!("storage {shown:?} must be simple, shared or redis"),
                ))
            }
        }
    }
}
