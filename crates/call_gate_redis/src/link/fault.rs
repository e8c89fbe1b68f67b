//! What can go wrong between a call and its answer, and what it says about whether the script ran.

mod reason;

pub(super) use reason::Reason;

use call_gate_core::{StorageError, StorageErrorKind};
use redis::{ErrorKind, RedisError};
use std::error::Error;

/// A message without the answer it was sent for.
#[derive(Debug)]
pub(super) struct Fault {
    phase: Phase,
    cause: Cause,
}

/// How far the message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Surely not to the server.
    Unsent,
    /// The server may have it.
    Sent,
    /// The server answered it.
    Answered,
}

#[derive(Debug)]
enum Cause {
    Redis(RedisError),
    Other(Box<dyn Error + Send + Sync>),
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
            Err(other) => Cause::Other(other),
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

    #[cfg(feature = "sentinel")]
    pub(super) fn is_unauthorized(&self) -> bool {
        self.kind() == StorageErrorKind::Unauthorized
    }

    #[cfg(feature = "cluster")]
    pub(super) fn redirect(&self) -> Option<Redirect> {
        let Cause::Redis(error) = &self.cause else {
            return None;
        };
        let (address, _) = error.redirect_node()?;
        let (host, port) = address.rsplit_once(':')?;
        Some(Redirect {
            host: host.trim_matches(['[', ']']).to_owned(),
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

    fn kind(&self) -> StorageErrorKind {
        let unknown = match self.phase {
            Phase::Unsent => StorageErrorKind::Unavailable,
            Phase::Sent => StorageErrorKind::TimedOut,
            Phase::Answered => StorageErrorKind::Protocol,
        };
        let Cause::Redis(error) = &self.cause else {
            return unknown;
        };
        match error.kind() {
            ErrorKind::AuthenticationFailed => StorageErrorKind::Unauthorized,
            ErrorKind::Server(_) | ErrorKind::Extension => told(error).unwrap_or(unknown),
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => StorageErrorKind::Protocol,
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
