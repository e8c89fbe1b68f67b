//! From a gate's configuration to the bytes of a segment, and from its words to counters.

use crate::error::{SharedError, SharedErrorKind};
use crate::header::{Header, LENGTH, WORDS};
use crate::machine::{self, Machine};
use call_gate_core::clock::monotonic;
use call_gate_core::{
    Blueprint, ConfigError, Counter, GateConfig, Moment, OnLimits, Opened, Snapshot,
};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Acquire};
use std::time::SystemTime;

/// Whether the opener made the segment or found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Made,
    Found,
}

/// A segment to be made: its head, and the bytes of all of it.
pub(crate) fn fresh(
    config: &GateConfig,
    seed: Option<&Snapshot>,
    wanted: &Header,
) -> Result<(Header, Vec<u8>), ConfigError> {
    let mut header = Header {
        instance: machine::fresh(),
        ..wanted.clone()
    };
    if config.follows_system() {
        // the wall and the clock of one moment, so that the anchor is exact
        let wall = Moment::from(SystemTime::now()).as_nanos();
        header.made = wall;
        header.anchor = monotonic().map_or(0, |monotonic| wall.wrapping_sub(monotonic));
    }
    let blueprint = Blueprint::new(config, Moment::from_nanos(header.made))?;
    let mut bytes = header.encode();
    for word in blueprint.at_rest(config.span_limits(), seed)? {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.resize(bytes.len().next_multiple_of(LENGTH), 0);
    Ok((header, bytes))
}

/// The head that the segment of `config` must have, but for what differs from one segment to the next.
pub(crate) fn wanted(config: &GateConfig, machine: &Machine) -> Result<Header, ConfigError> {
    let words = Blueprint::new(config, config.now())?.words();
    Ok(Header::of(config, words, machine))
}

/// The counters over a whole segment in memory; `None`: it is out of use.
pub(crate) fn counters(
    config: &GateConfig,
    header: &Header,
    segment: &'static [AtomicU64],
    origin: Origin,
    path: &Path,
) -> Result<Option<Opened>, ConfigError> {
    let blueprint = Blueprint::new(config, Moment::from_nanos(header.made))?;
    if config.on_limits() == OnLimits::Replace {
        blueprint.check(config.span_limits())?;
    }
    let words = segment.get(WORDS..WORDS + blueprint.words());
    let Some((words, counter)) = words.and_then(|words| Some((words, blueprint.over(words)?)))
    else {
        return Err(SharedError::damaged(path, "it is shorter than its gate").into());
    };
    // pairs with the store that takes the segment out of use
    let is_retired = || {
        let head = words.first().map(|head| head.load(Acquire));
        head == Some(Blueprint::RETIRED)
    };
    if is_retired() {
        return Ok(None);
    }
    if origin == Origin::Found
        && let Err(error) = agree(&counter, config, path)
    {
        return if is_retired() { Ok(None) } else { Err(error) };
    }
    Ok(Some(match monotonic() {
        Some(_) if config.follows_system() => Opened::Anchored(counter, header.anchor),
        _ => Opened::Counter(counter),
    }))
}

/// Brings the limits of `config` and the living ones together.
fn agree(counter: &Counter, config: &GateConfig, path: &Path) -> Result<(), ConfigError> {
    let ours = config.span_limits();
    if config.on_limits() == OnLimits::Adopt {
        return Ok(());
    }
    let theirs = counter.span_limits()?;
    if theirs == ours {
        return Ok(());
    }
    match config.on_limits() {
        OnLimits::Replace => counter.set_span_limits(ours),
        OnLimits::Require => Err(SharedError::sides(
            SharedErrorKind::Limits,
            path,
            "limits of",
            shown(config, &theirs),
            shown(config, ours),
        )
        .into()),
        _ => Ok(()),
    }
}

fn shown(config: &GateConfig, limits: &[Option<u64>]) -> String {
    let show = |limit: &Option<u64>| limit.map_or("none".to_owned(), |limit| limit.to_string());
    let limits: Vec<String> = limits.iter().map(show).collect();
    match &limits[..] {
        [frame, gate] if !config.is_limiter() => format!("{gate} a window and {frame} a frame"),
        _ => format!("{} by window", limits.join(", ")),
    }
}
