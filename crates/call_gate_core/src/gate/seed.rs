//! What of a snapshot a new gate starts from.

use crate::clock::Moment;
use crate::error::{ConfigError, ConfigErrorKind};
use crate::snapshot::{self, Snapshot};
use crate::storage::GateConfig;
use std::fmt;

/// The frames of `seed` that are still in the window of `config`, on its grid; `None`: nothing is counted in them.
pub(super) fn in_window(
    config: &GateConfig,
    seed: &Snapshot,
) -> Result<Option<Snapshot>, ConfigError> {
    check(config, seed)?;
    let step = config.geometry.base_nanos();
    let current = config.now.as_nanos() / step;
    let newest = match seed.current_frame() {
        // counts without a date are the present's: dropping them would admit too much
        None => current,
        Some(start) => match snapshot::since_epoch(start) {
            Some(start) => snapshot::frame_start(start, step) / step,
            None => {
                return error(format_args!(
                    "a snapshot's newest frame, {start:?}, must start between 1970 and 2554"
                ));
            }
        },
    };
    let ahead = Moment::from_nanos(newest.saturating_mul(step)).since(config.now);
    if ahead > config.gate_size {
        let size = config.gate_size;
        return error(format_args!(
            "a snapshot whose newest frame starts {ahead:?} from now must not be more than one gate_size, {size:?}, ahead \
             of the clock"
        ));
    }
    let passed = current.saturating_sub(newest);
    let left = config.kept().saturating_sub(passed).min(newest + 1);
    let taken = seed.frames().iter().copied();
    let taken = taken.take(usize::try_from(left).unwrap_or(usize::MAX));
    // the gate has seen its own present: the frames passed since are empty
    let passed = usize::try_from(passed.min(config.kept())).unwrap_or(0);
    let values: Vec<u64> = std::iter::repeat_n(0, passed).chain(taken).collect();
    if values.iter().all(|value| *value == 0) {
        return Ok(None);
    }
    let start = Moment::from_nanos(newest.max(current) * step).into();
    Ok(Some(seed.clone().with_frames(start, values)))
}

/// Whether the frames of `seed` are frames of this gate.
fn check(config: &GateConfig, seed: &Snapshot) -> Result<(), ConfigError> {
    let (size, step) = (config.gate_size, config.frame_step);
    let (their_size, their_step) = (seed.gate_size(), seed.frame_step());
    if (their_size, their_step) != (size, step) {
        return error(format_args!(
            "a snapshot of {their_size:?} in frames of {their_step:?} must have the gate's own {size:?} in frames of \
             {step:?}"
        ));
    }
    let (frames, kept) = (seed.frames().len() as u64, config.kept());
    // a strict gate's one frame more may come to a gate that is not strict
    if frames > kept + 1 {
        return error(format_args!(
            "a snapshot of {frames} frames must not have more than the gate's {kept}"
        ));
    }
    let mut sum = 0u64;
    for value in seed.frames() {
        match sum.checked_add(*value) {
            Some(more) => sum = more,
            None => {
                return error(format_args!(
                    "a snapshot's sum must not pass {}, as {sum} + {value} does",
                    u64::MAX
                ));
            }
        }
    }
    Ok(())
}

fn error<T>(message: fmt::Arguments<'_>) -> Result<T, ConfigError> {
    Err(ConfigError::new(ConfigErrorKind::Snapshot, message))
}
