//! Names of gates: the rule for them, and which denial belongs to which.

use crate::error::{ConfigError, ConfigErrorKind};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest name, in bytes.
pub(crate) const MAX_LEN: usize = 1024;
/// How many names of dropped gates are remembered for denials that are shown late.
const REMEMBERED: usize = 64;

/// Checks a name: not empty, no control characters, at most [`MAX_LEN`] bytes.
pub(crate) fn check(name: &str) -> Result<(), ConfigError> {
    let rule = if name.is_empty() {
        "must not be empty; use `CallGate::unnamed` for a private gate"
    } else if name.len() > MAX_LEN {
        "must not be longer than 1024 bytes"
    } else if name.chars().any(char::is_control) {
        "must not hold control characters"
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(64).collect();
    Err(ConfigError::new(
        ConfigErrorKind::Name,
        format_args!("the gate's name {shown:?} {rule}"),
    ))
}

/// What a denial carries instead of a name, which would cost it a reference count.
#[derive(Debug)]
pub(crate) struct NameTag {
    number: u64,
    name: Arc<str>,
}

/// What is known by a number: a name, and how long a limiter's windows are.
#[derive(Debug, Clone)]
struct Known {
    name: Arc<str>,
    windows: Arc<[Duration]>,
}

impl NameTag {
    pub(crate) fn new(name: Arc<str>, windows: Arc<[Duration]>) -> Self {
        let mut names = lock();
        names.last += 1;
        let number = names.last;
        let known = Known {
            name: name.clone(),
            windows,
        };
        names.living.insert(number, known);
        Self { number, name }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for NameTag {
    fn drop(&mut self) {
        let mut names = lock();
        if let Some(known) = names.living.remove(&self.number) {
            names.gone.push_back((self.number, known));
            if names.gone.len() > REMEMBERED {
                names.gone.pop_front();
            }
        }
    }
}

/// The name that `number` was given for; `None` for an unnamed gate, and long after the gate is gone.
pub(crate) fn of(number: u64) -> Option<Arc<str>> {
    let known = lock().of(number)?.name.clone();
    (!known.is_empty()).then_some(known)
}

/// How long window `index` of the limiter of `number` is; `None` as [`of`].
pub(crate) fn window_of(number: u64, index: usize) -> Option<Duration> {
    lock().of(number)?.windows.get(index).copied()
}

#[derive(Debug, Default)]
struct Names {
    last: u64,
    living: HashMap<u64, Known>,
    gone: VecDeque<(u64, Known)>,
}

impl Names {
    fn of(&self, number: u64) -> Option<&Known> {
        let gone = || self.gone.iter().find(|(known, _)| *known == number);
        let living = self.living.get(&number);
        living.or_else(|| gone().map(|(_, known)| known))
    }
}

static NAMES: LazyLock<Mutex<Names>> = LazyLock::new(Mutex::default);

fn lock() -> MutexGuard<'static, Names> {
    // every change is a whole one, so a panic elsewhere leaves nothing half done
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}
