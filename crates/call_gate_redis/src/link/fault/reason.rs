//! Why there is no answer, in words of ours.

use std::error::Error;
use std::fmt;

/// Why there is no answer, where no library tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::link) enum Reason {
    TooLate,
    OnlyAsync,
    NotAString,
    #[cfg(not(feature = "tokio"))]
    BuiltWithoutTokio,
    #[cfg(feature = "tokio")]
    NoRuntime,
    #[cfg(feature = "tokio")]
    NoTimer,
    #[cfg(feature = "tokio")]
    NoDriver,
    #[cfg(feature = "tokio")]
    AttemptLost,
    #[cfg(feature = "cluster")]
    NoNode,
    #[cfg(feature = "sentinel")]
    NoMaster,
    #[cfg(any(feature = "cluster", feature = "sentinel"))]
    NotAnAddress,
}

impl Error for Reason {}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLate => "no answer within the time allowed",
            Self::OnlyAsync => {
                "made from an async pool, which cannot block: use `from_url` or `from_client` for sync calls"
            }
            Self::NotAString => "the script answered no string",
            #[cfg(not(feature = "tokio"))]
            Self::BuiltWithoutTokio => "built without the feature `tokio`, which async calls need",
            #[cfg(feature = "tokio")]
            Self::NoRuntime => "awaited outside a tokio runtime",
            #[cfg(feature = "tokio")]
            Self::NoTimer => "the tokio runtime has no timers: build it with `enable_all`",
            #[cfg(feature = "tokio")]
            Self::NoDriver => {
                "connecting panicked: most likely the tokio runtime was not built with `enable_all`"
            }
            #[cfg(feature = "tokio")]
            Self::AttemptLost => "connecting was given up: the tokio runtime ended",
            #[cfg(feature = "cluster")]
            Self::NoNode => "no node of the cluster serves the key's slot",
            #[cfg(feature = "sentinel")]
            Self::NoMaster => "the sentinels know no master of this name",
            #[cfg(any(feature = "cluster", feature = "sentinel"))]
            Self::NotAnAddress => "the server was asked for addresses and gave none that can be read",
        })
    }
}
