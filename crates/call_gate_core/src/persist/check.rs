//! The rules that a snapshot keeps to be read from a file or written to one.
//!
//! What only the builder can judge (limits against each other, the shortest
//! frame of a storage) is left to it.

use std::time::Duration;

use super::decimal;
use super::error::FileError;
use crate::Snapshot;
use crate::geometry::MAX_FRAMES;
use crate::name;

/// Checks everything about a snapshot but its time.
pub(super) fn snapshot(snapshot: &Snapshot) -> Result<(), FileError> {
    gate_name(snapshot.name())?;
    let size = nanos("gate_size", snapshot.gate_size())?;
    let step = nanos("frame_step", snapshot.frame_step())?;
    let slots = slots(size, step, snapshot.is_strict())?;
    if snapshot.frames().len() > slots {
        let count = snapshot.frames().len().to_string();
        return Err(too_many(&format!("{count} values long"), slots));
    }
    sum(snapshot.frames())?;
    let limits = snapshot.limits();
    for (field, limit) in [
        ("gate_limit", limits.gate_limit()),
        ("frame_limit", limits.frame_limit()),
    ] {
        if limit == Some(0) {
            // In a file, 0 is no limit: the opposite.
            return Err(FileError::field_rule(
                field,
                "0",
                "must be at least 1 where it is set",
            ));
        }
    }
    if let Some(label) = snapshot.timezone() {
        timezone(label)?;
    }
    Ok(())
}

/// Checks a name by the builder's rule.
pub(super) fn gate_name(text: &str) -> Result<(), FileError> {
    name::check(text).map_err(|error| {
        let rule = format!("must name a gate: {error}");
        FileError::field_rule("name", &format!("{text:?}"), rule).because(error)
    })
}

/// Returns a duration's nanoseconds by the rule that a file's text is held to.
pub(super) fn nanos(field: &'static str, duration: Duration) -> Result<u64, FileError> {
    let rule = match u64::try_from(duration.as_nanos()) {
        Ok(0) => decimal::NOT_POSITIVE,
        Ok(nanos) if nanos <= decimal::MAX => return Ok(nanos),
        _ => decimal::TOO_LARGE,
    };
    Err(FileError::field_rule(field, &format!("{duration:?}"), rule))
}

/// Returns how many values the window of these durations holds.
pub(super) fn slots(size: u64, step: u64, strict: bool) -> Result<usize, FileError> {
    let broken = |rule| FileError::field_rule("gate_size", &decimal::format(size), rule);
    let step_text = decimal::format(step);
    if size.checked_rem(step) != Some(0) {
        let rule = format!("must be a multiple of frame_step, which is {step_text}");
        return Err(broken(rule));
    }
    let frames = size / step;
    if frames < 2 {
        let rule = format!("must hold at least two frames of frame_step, which is {step_text}");
        return Err(broken(rule));
    }
    let slots = frames + u64::from(strict);
    match usize::try_from(slots) {
        Ok(slots) if frames <= MAX_FRAMES => Ok(slots),
        _ => {
            let rule = format!(
                "must hold at most {MAX_FRAMES} frames of frame_step, which is {step_text}"
            );
            Err(broken(rule))
        }
    }
}

/// Says that `_data` holds more values than the window has places.
pub(super) fn too_many(value: &str, slots: usize) -> FileError {
    let rule = format!("must not hold more than the window's {slots} values");
    FileError::field_rule("_data", value, rule)
}

/// Checks that the sum of all values fits the type that sums have.
pub(super) fn sum(values: &[u64]) -> Result<(), FileError> {
    let sum: u128 = values.iter().copied().map(u128::from).sum();
    if sum > u128::from(u64::MAX) {
        let value = format!("{sum} in sum");
        let rule = format!("must not sum to more than {}", u64::MAX);
        return Err(FileError::field_rule("_data", &value, rule));
    }
    Ok(())
}

/// Checks that a label can be the name of a time zone at all.
pub(super) fn timezone(label: &str) -> Result<(), FileError> {
    let rule = if label.is_empty() {
        "must be null or the name of a time zone"
    } else if label.len() > name::MAX_LEN {
        "must not be longer than 1024 bytes"
    } else if label.chars().any(char::is_control) {
        "must not hold control characters"
    } else {
        return Ok(());
    };
    Err(FileError::field_rule(
        "timezone",
        &format!("{label:?}"),
        rule,
    ))
}
