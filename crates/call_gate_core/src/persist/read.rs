//! From JSON to a snapshot.

mod raw;

use std::time::{Duration, UNIX_EPOCH};

use jiff::tz::TimeZone;
use serde::de::DeserializeSeed;

use self::raw::{Raw, Values};
use super::error::FileError;
use super::time::BadTime;
use super::{MAX_FILE, check, decimal, time};
use crate::snapshot::frame_start;
use crate::{Limits, Snapshot, StorageKind};

/// Reads the snapshot of a gate's file; a time without any zone is in `local`.
pub(super) fn snapshot(
    bytes: &[u8],
    local: impl FnOnce() -> TimeZone,
) -> Result<Snapshot, FileError> {
    if u64::try_from(bytes.len()).map_or(true, |length| length > MAX_FILE) {
        return Err(FileError::too_big(MAX_FILE));
    }
    let text = str::from_utf8(bytes).map_err(FileError::syntax)?;
    let raw: Raw<'_> = serde_json::from_str(text).map_err(FileError::syntax)?;
    if let Some(field) = raw.twice {
        return Err(FileError::field_itself(field, "is given twice"));
    }

    let name = string("name", raw.required("name")?)?;
    check::gate_name(&name)?;
    let size = seconds("gate_size", raw.required("gate_size")?)?;
    let step = seconds("frame_step", raw.required("frame_step")?)?;
    let strict = raw.get("strict").map_or(Ok(false), strict)?;
    let slots = check::slots(size, step, strict)?;

    let timezone = raw
        .some("timezone")
        .map(|text| string("timezone", text))
        .transpose()?;
    let start = match raw.some("_current_dt") {
        Some(text) => Some(current_dt(text, step, timezone.as_deref(), local)?),
        None => None,
    };
    let mut values = raw
        .some("_data")
        .map_or(Ok(Vec::new()), |text| values(text, slots))?;

    let mut snapshot = Snapshot::new(name, Duration::from_nanos(size), Duration::from_nanos(step))
        .with_limits(limits(&raw)?)
        .with_timezone(timezone)
        .with_storage(
            raw.get("storage")
                .map_or(Ok(StorageKind::Simple), storage)?,
        );
    if strict {
        snapshot = snapshot.strict();
    }
    // An unused gate's zeros say nothing; counts without a time do.
    if start.is_some() || values.iter().any(|value| *value != 0) {
        values.resize(slots, 0);
        snapshot = match start {
            Some(start) => snapshot.with_frames(UNIX_EPOCH + Duration::from_nanos(start), values),
            None => snapshot.with_undated_frames(values),
        };
    }
    check::snapshot(&snapshot)?;
    Ok(snapshot)
}

fn seconds(field: &'static str, text: &str) -> Result<u64, FileError> {
    decimal::parse(text).map_err(|rule| FileError::field_rule(field, text, rule))
}

fn string(field: &'static str, text: &str) -> Result<String, FileError> {
    serde_json::from_str(text)
        .map_err(|error| FileError::field_rule(field, text, "must be a string").because(error))
}

fn integer(text: &str) -> Result<u64, &'static str> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse()
            .map_err(|_| "must be at most 18446744073709551615")
    } else if text.starts_with('-') {
        Err("must not be negative")
    } else {
        Err("must be an integer")
    }
}

fn strict(text: &str) -> Result<bool, FileError> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(FileError::field_rule(
            "strict",
            text,
            "must be true or false",
        )),
    }
}

fn storage(text: &str) -> Result<StorageKind, FileError> {
    string("storage", text)?.parse().map_err(|_| {
        FileError::field_rule("storage", text, "must be one of simple, shared and redis")
    })
}

fn limits(raw: &Raw<'_>) -> Result<Limits, FileError> {
    let limit = |field| -> Result<u64, FileError> {
        raw.get(field).map_or(Ok(0), |text| {
            integer(text).map_err(|rule| FileError::field_rule(field, text, rule))
        })
    };
    let mut limits = Limits::none();
    match limit("gate_limit")? {
        0 => {}
        most => limits = limits.with_gate(most),
    }
    match limit("frame_limit")? {
        0 => {}
        most => limits = limits.with_frame(most),
    }
    Ok(limits)
}

fn current_dt(
    text: &str,
    step: u64,
    timezone: Option<&str>,
    local: impl FnOnce() -> TimeZone,
) -> Result<u64, FileError> {
    let iso = string("_current_dt", text)?;
    let zone = || match timezone {
        Some(name) => TimeZone::get(name),
        None => Ok(local()),
    };
    match time::parse(&iso, zone) {
        Ok(nanos) => Ok(frame_start(nanos, step)),
        Err(BadTime::Rule(rule)) => Err(FileError::field_rule("_current_dt", text, rule)),
        Err(BadTime::Cause(error)) => {
            let rule = format!("must be an ISO time in a known zone ({error})");
            Err(FileError::field_rule("_current_dt", text, rule).because(error))
        }
    }
}

/// Reads at most `slots` values; the rest of a longer list is not looked at.
fn values(text: &str, slots: usize) -> Result<Vec<u64>, FileError> {
    if !text.starts_with('[') {
        return Err(FileError::field_rule(
            "_data",
            text,
            "must be a list of integers",
        ));
    }
    let mut values = Values::new(slots);
    let read = values.deserialize(&mut serde_json::Deserializer::from_str(text));
    if let Some((place, value, rule)) = values.bad {
        return Err(FileError::field_rule(
            "_data",
            &format!("{value} at place {place}"),
            rule,
        ));
    }
    if values.too_many {
        return Err(check::too_many(text, slots));
    }
    read.map_err(FileError::syntax)?;
    Ok(values.all)
}
