//! From a snapshot to JSON.

use std::borrow::Cow;
use std::io;

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::FileError;
use super::{check, decimal, time};
use crate::Snapshot;
use crate::snapshot::{frame_start, since_epoch};

/// The file, field by field in Python's order.
#[derive(Serialize)]
struct Document<'a> {
    name: &'a str,
    gate_size: Box<RawValue>,
    frame_step: Box<RawValue>,
    gate_limit: u64,
    frame_limit: u64,
    timezone: &'a str,
    storage: String,
    _data: Cow<'a, [u64]>,
    _current_dt: Option<String>,
    // Python ignores what its constructor does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// Writes a snapshot as Python does, with an indent of two spaces.
pub(super) fn json(snapshot: &Snapshot) -> Result<String, FileError> {
    check::snapshot(snapshot)?;
    let size = check::nanos("gate_size", snapshot.gate_size())?;
    let step = check::nanos("frame_step", snapshot.frame_step())?;
    let slots = check::slots(size, step, snapshot.is_strict())?;
    let zone = zone(snapshot.timezone().unwrap_or("UTC"))?;
    let document = Document {
        name: snapshot.name(),
        gate_size: number(size)?,
        frame_step: number(step)?,
        gate_limit: snapshot.limits().gate_limit().unwrap_or(0),
        frame_limit: snapshot.limits().frame_limit().unwrap_or(0),
        // Its own spelling: Python's lookup minds the case.
        timezone: zone.iana_name().unwrap_or("UTC"),
        storage: snapshot.storage().to_string(),
        _data: padded(snapshot.frames(), slots),
        _current_dt: current_dt(snapshot, step, &zone)?,
        strict: snapshot.is_strict().then_some(true),
    };
    serde_json::to_string_pretty(&document).map_err(unwritable)
}

fn zone(label: &str) -> Result<TimeZone, FileError> {
    const RULE: &str = "must name a time zone that this system knows, to be saved";
    let broken = || FileError::field_rule("timezone", label, RULE);
    match TimeZone::get(label) {
        Ok(zone) if zone.is_unknown() || zone.iana_name().is_none() => Err(broken()),
        Ok(zone) => Ok(zone),
        Err(error) => Err(broken().because(error)),
    }
}

fn current_dt(
    snapshot: &Snapshot,
    step: u64,
    zone: &TimeZone,
) -> Result<Option<String>, FileError> {
    const RULE: &str = "must lie between 1970 and 2554";
    let Some(start) = snapshot.current_frame() else {
        return Ok(None);
    };
    let broken = || FileError::field_rule("_current_dt", &format!("{start:?}"), RULE);
    let nanos = since_epoch(start).ok_or_else(broken)?;
    time::format(frame_start(nanos, step), zone)
        .map(Some)
        .map_err(|error| broken().because(error))
}

fn padded(frames: &[u64], slots: usize) -> Cow<'_, [u64]> {
    if frames.len() == slots {
        return Cow::Borrowed(frames);
    }
    let mut all = Vec::with_capacity(slots);
    all.extend_from_slice(frames);
    all.resize(slots, 0);
    Cow::Owned(all)
}

fn number(nanos: u64) -> Result<Box<RawValue>, FileError> {
    RawValue::from_string(decimal::format(nanos)).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> FileError {
    FileError::write("write it as JSON", io::Error::from(error))
}
