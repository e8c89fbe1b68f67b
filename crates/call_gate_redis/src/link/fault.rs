//! What can go wrong between a call and its answer, and what it says about whether the script ran.

mod reason;

pub(super) use reason::Reason;

use call_gate_core::{StorageError, StorageErrorKind};
use redis::{ErrorKind, RedisError};
use std::error::Error;
use std::sync::Arc;

/// A message without the answer it was sent for.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    phase: Phase,
    cause: Cause,
}

/// How far the message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nowhere, and no server has a part in it: it cannot be sent for this caller.
    Unsupported,
    /// Surely not to the server.
    Unsent,
    /// The server may have it.
    Sent,
    /// The server answered it.
    Answered,
}

#[derive(Debug, Clone)]
enum Cause {
    Redis(RedisError),
    Other(Arc<dyn Error + Send + Sync>),
}

/// Where else a cluster's node wants a message to go.
#[cfg(feature = "cluster")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    /// Empty: the host that answered.
    pub(super) host: String,
    pub(super) port: u16,
    /// Only this once, and with `ASKING` in front.
    pub(super) ask: bool,
}

/// From an operation on the blocking way that was pending, which none is.
impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::sent(error)
    }
}

impl Fault {
    pub(super) fn unsupported(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Phase::Unsupported, cause)
    }

    pub(super) fn unsent(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Phase::Unsent, cause)
    }

    pub(super) fn sent(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Phase::Sent, cause)
    }

    pub(super) fn answered(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(Phase::Answered, cause)
    }

    fn new(phase: Phase, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = match cause.into().downcast::<RedisError>() {
            Ok(error) => Cause::Redis(*error),
            Err(other) => Cause::Other(other.into()),
        };
        Self { phase, cause }
    }

    /// Whether the server does not know the script, so that it surely did not run.
    pub(super) fn is_unknown_script(&self) -> bool {
        self.code() == Some("NOSCRIPT")
    }

    /// Whether the server no longer takes writes: its connections lead to the wrong place.
    pub(super) fn is_demoted(&self) -> bool {
        matches!(self.code(), Some("READONLY" | "MASTERDOWN"))
    }

    /// Whether the other end is not there any more, or not yet: what other connections to it there are, are dead.
    pub(super) fn is_gone(&self) -> bool {
        matches!(&self.cause, Cause::Redis(error) if error.is_connection_dropped())
    }

    /// Whether nobody was found to hear it, which a time-out does not say.
    #[cfg(feature = "sentinel")]
    pub(super) fn is_unreached(&self) -> bool {
        matches!(&self.cause, Cause::Redis(error)
            if self.phase == Phase::Unsent && error.kind() == ErrorKind::Io && !error.is_timeout())
    }

    /// The same of a mere question: whether it came or not, no script ran.
    #[cfg(any(feature = "cluster", feature = "sentinel"))]
    pub(super) fn of_a_question(self) -> Self {
        match self.phase {
            Phase::Sent => Self {
                phase: Phase::Unsent,
                ..self
            },
            _ => self,
        }
    }

    /// Whether another server may be the one to ask.
    #[cfg(any(feature = "cluster", feature = "sentinel"))]
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(
            self.kind(),
            StorageErrorKind::Unavailable | StorageErrorKind::TimedOut
        )
    }

    #[cfg(feature = "cluster")]
    pub(super) fn redirect(&self) -> Option<Redirect> {
        let Cause::Redis(error) = &self.cause else {
            return None;
        };
        let (address, _) = error.redirect_node()?;
        let (host, port) = address.rsplit_once(':')?;
        let host = match host.trim_matches(['[', ']']) {
            // a node that does not know its own name
            "?" => "",
            host => host,
        };
        Some(Redirect {
            host: host.to_owned(),
            port: port.parse().ok()?,
            ask: error.code() == Some("ASK"),
        })
    }

    fn code(&self) -> Option<&str> {
        match &self.cause {
            Cause::Redis(error) if self.phase == Phase::Answered => error.code(),
            _ => None,
        }
    }

    pub(super) fn kind(&self) -> StorageErrorKind {
        let unknown = match self.phase {
            Phase::Unsupported => return StorageErrorKind::Unsupported,
            Phase::Unsent => StorageErrorKind::Unavailable,
            Phase::Sent => StorageErrorKind::TimedOut,
            Phase::Answered => StorageErrorKind::Protocol,
        };
        let Cause::Redis(error) = &self.cause else {
            return unknown;
        };
        match error.kind() {
            ErrorKind::AuthenticationFailed => StorageErrorKind::Unauthorized,
            // an answer, though it may be to a handshake
            ErrorKind::Server(_) | ErrorKind::Extension => {
                told(error).unwrap_or(StorageErrorKind::Protocol)
            }
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType | ErrorKind::RESP3NotSupported => {
                StorageErrorKind::Protocol
            }
            ErrorKind::InvalidClientConfig => StorageErrorKind::Unsupported,
            // a handshake that fails has let no command through, whenever it shows
            _ if is_refused_certificate(error) => StorageErrorKind::Unauthorized,
            _ => unknown,
        }
    }
}

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        let kind = fault.kind();
        match fault.cause {
            Cause::Redis(error) => Self::with_source(kind, error),
            Cause::Other(other) => Self::with_source(kind, other),
        }
    }
}

/// What the server's own words mean; `None`: nothing that is known here.
fn told(error: &RedisError) -> Option<StorageErrorKind> {
    let detail = error.detail().unwrap_or_default();
    match error.code()? {
        // Redis 7.0 has no word of its own for a user who may run scripts, but not what this one does
        "ERR" if detail.contains("The user executing the script can't") => {
            Some(StorageErrorKind::Unauthorized)
        }
        // servers before 7.0 put what stopped a script into a sentence
        "ERR" if detail.starts_with("Error running script") => detail
            .split_whitespace()
            .find_map(|word| meant(word.trim_start_matches('-'))),
        "ERR" if detail.starts_with("max number of clients") => Some(StorageErrorKind::Unavailable),
        // of a refused `SELECT` the library keeps the sentence and not the word in front
        "ERR" if detail.starts_with("Authentication required") => {
            Some(StorageErrorKind::Unauthorized)
        }
        "ERR" if detail.contains("no permissions to run") => Some(StorageErrorKind::Unauthorized),
        "ERR"
            if detail.contains(" is loading the dataset")
                || detail.contains(" is busy running a script")
                || detail.starts_with("Link with MASTER is down") =>
        {
            Some(StorageErrorKind::Unavailable)
        }
        code => meant(code),
    }
}

/// A script has written nothing yet when a server refuses a write of it with one of these.
fn meant(code: &str) -> Option<StorageErrorKind> {
    match code {
        "NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED" => Some(StorageErrorKind::Unauthorized),
        "WRONGTYPE" => Some(StorageErrorKind::Corrupt),
        "LOADING" | "READONLY" | "MASTERDOWN" | "CLUSTERDOWN" | "OOM" | "BUSY" | "MISCONF"
        | "NOREPLICAS" | "TRYAGAIN" | "MOVED" | "ASK" => Some(StorageErrorKind::Unavailable),
        _ => None,
    }
}

#[cfg(feature = "tls")]
fn is_refused_certificate(error: &RedisError) -> bool {
    super::tls::is_refused_certificate(error)
}

#[cfg(not(feature = "tls"))]
fn is_refused_certificate(_: &RedisError) -> bool {
    false
}

#[cfg(test)]
mod tests;
