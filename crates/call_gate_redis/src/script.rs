//! The script, and one call of it.

#[cfg(all(test, unix, feature = "injected-time"))]
mod tests;

use std::fmt;
use std::sync::{Arc, LazyLock};

/// What the server runs.
const SOURCE: &str = include_str!("gate.lua");

/// The script's text and the name that servers know it by.
#[derive(Clone)]
pub(crate) struct Script {
    source: Arc<str>,
    sha: Arc<str>,
}

impl Script {
    /// The released script, which asks the server for the time: one copy for all gates.
    pub(crate) fn new() -> Self {
        static RELEASED: LazyLock<Script> = LazyLock::new(|| Script::of(SOURCE));
        RELEASED.clone()
    }

    /// The same, but that every call tells it the time, and that no key expires while a test lasts.
    #[cfg(feature = "injected-time")]
    pub(crate) fn told_the_time() -> Self {
        let (asks, is_told) = (
            "local time = call('TIME')\nlocal now = time[1] * 1000000 + time[2]\n",
            "local now = tonumber(ARGV[#ARGV])\n",
        );
        let (least, longer) = ("local LEAST = 1\n", "local LEAST = 600000\n");
        debug_assert!(SOURCE.contains(asks) && SOURCE.contains(least));
        Self::of(&SOURCE.replace(asks, is_told).replace(least, longer))
    }

    pub(crate) fn of(source: &str) -> Self {
        Self {
            source: source.into(),
            sha: redis::Script::new(source).get_hash().into(),
        }
    }

    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn sha(&self) -> &str {
        &self.sha
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("sha", &self.sha)
            .finish_non_exhaustive()
    }
}

/// One call of the script: the key that it touches, or the two of them, and its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) script: Script,
    pub(crate) key: Arc<[u8]>,
    /// `ARGV[1]`: the gate's shape; then that of the second key.
    pub(crate) shape: Arc<[u8]>,
    /// `ARGV[2]`: what is asked.
    pub(crate) ask: Vec<u8>,
    /// The second key, of the first one's slot.
    pub(crate) second: Option<Second>,
    /// The last argument, for a script that is told the time: microseconds since the Unix epoch.
    pub(crate) now: Option<u64>,
}

/// What a call asks of a second key.
#[derive(Debug, Clone)]
pub(crate) struct Second {
    pub(crate) key: Arc<[u8]>,
    /// `ARGV[3]`.
    pub(crate) ask: Vec<u8>,
}

impl Call {
    /// `EVALSHA`: what is sent while the server knows the script.
    pub(crate) fn by_sha(&self) -> redis::Cmd {
        self.command("EVALSHA", self.script.sha())
    }

    /// `EVAL`: makes the server know the script, and runs it, in one message.
    pub(crate) fn by_source(&self) -> redis::Cmd {
        self.command("EVAL", self.script.source())
    }

    fn command(&self, verb: &str, script: &str) -> redis::Cmd {
        let mut command = redis::cmd(verb);
        let keys = 1 + u8::from(self.second.is_some());
        command.arg(script).arg(keys).arg(&*self.key);
        if let Some(second) = &self.second {
            command.arg(&*second.key);
        }
        command.arg(&*self.shape).arg(&*self.ask);
        if let Some(second) = &self.second {
            command.arg(&*second.ask);
        }
        if let Some(now) = self.now {
            command.arg(now);
        }
        command
    }
}
