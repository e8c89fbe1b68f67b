//! A gate of the function's own. The rules are those of `CallGateBuilder::build`.

use super::literal;
use crate::both;
use crate::parse::{self, Setting};
use proc_macro2::Span;
use std::time::Duration;
use syn::{Error, Expr, LitStr, Result};

const MIN_FRAME_STEP: Duration = Duration::from_micros(1);
const MAX_FRAMES: u128 = 1 << 20;
const MAX_GATE_SIZE: Duration = Duration::from_nanos(i64::MAX as u64);

/// A gate that a function has to itself.
pub(crate) struct Inline<'a> {
    pub(crate) name: Option<&'a LitStr>,
    pub(crate) gate_size: Duration,
    pub(crate) frame_step: Duration,
    pub(crate) gate_limit: Option<&'a Expr>,
    pub(crate) frame_limit: Option<&'a Expr>,
    /// What a call books, if that is written out.
    pub(crate) booked: Option<(u64, &'a Expr)>,
    pub(crate) is_strict: bool,
}

/// The gate; `booked` is what a call books, if that is written out.
pub(super) fn gate<'a>(
    written: &'a parse::Inline,
    booked: Option<(u64, &'a Setting)>,
) -> Result<Inline<'a>> {
    let parse::Inline {
        name, strict, gate, ..
    } = written;
    let name = name
        .as_ref()
        .map(|name| literal::name(name, "gate"))
        .transpose();
    let strict = strict.as_ref().map(literal::switch).transpose();
    let sizes = sizes(gate.size.as_ref(), gate.step.as_ref());
    let limits = limits(gate.limit.as_ref(), gate.frame_limit.as_ref(), booked);
    let ((name, strict), ((gate_size, frame_step), ())) =
        both(both(name, strict), both(sizes, limits))?;
    Ok(Inline {
        name,
        gate_size,
        frame_step,
        gate_limit: gate.limit.as_ref().map(|limit| &limit.value),
        frame_limit: gate.frame_limit.as_ref().map(|limit| &limit.value),
        booked: booked.map(|(number, setting)| (number, &setting.value)),
        is_strict: strict.unwrap_or_default(),
    })
}

fn sizes(
    gate_size: Option<&Setting>,
    frame_step: Option<&Setting>,
) -> Result<(Duration, Duration)> {
    let (Some(gate_size), Some(frame_step)) = (gate_size, frame_step) else {
        let missing = match (gate_size, frame_step) {
            (None, None) => "`gate_size` and `frame_step` are missing",
            (None, _) => "`gate_size` is missing",
            _ => "`frame_step` is missing",
        };
        return Err(Error::new(
            Span::call_site(),
            format!("{missing}, as in `gate_size = \"10m\", frame_step = \"1s\"`"),
        ));
    };
    let (size, step) = both(literal::duration(gate_size), literal::duration(frame_step))?;
    let frames = size.as_nanos() / step.as_nanos();
    let (at, rule) = if step < MIN_FRAME_STEP {
        let rule = format!("a `frame_step` of {step:?} must be at least {MIN_FRAME_STEP:?}");
        (frame_step, rule)
    } else if size > MAX_GATE_SIZE {
        let rule = format!("a `gate_size` of {size:?} must not be longer than {MAX_GATE_SIZE:?}");
        (gate_size, rule)
    } else if size.as_nanos() % step.as_nanos() != 0 {
        let rule =
            format!("a `gate_size` of {size:?} must be a multiple of `frame_step`, {step:?}");
        (gate_size, rule)
    } else if !(2..=MAX_FRAMES).contains(&frames) {
        let rule = format!(
            "a `gate_size` of {size:?} in frames of {step:?} must hold 2 to {MAX_FRAMES} frames, not {frames}"
        );
        (gate_size, rule)
    } else {
        return Ok((size, step));
    };
    Err(Error::new_spanned(&at.value, rule))
}

/// Checks what is written out of the limits; the rest is checked where they are constants.
fn limits(
    gate: Option<&Setting>,
    frame: Option<&Setting>,
    booked: Option<(u64, &Setting)>,
) -> Result<()> {
    if gate.is_none() && frame.is_none() {
        return Err(Error::new(
            Span::call_site(),
            "no limit: a gate needs a `gate_limit`, a `frame_limit` or both",
        ));
    }
    let number = |limit: Option<&Setting>| limit.map_or(Ok(None), literal::at_least_one);
    let (most, least) = both(number(gate), number(frame))?;
    if let (Some(frame), Some(most), Some(number)) = (frame, most, least)
        && number > most
    {
        return Err(Error::new_spanned(
            &frame.value,
            format!("a `frame_limit` of {number} must not be above the `gate_limit` of {most}"),
        ));
    }
    let Some((value, setting)) = booked else {
        return Ok(());
    };
    // the smaller one first, and only that: what is above both is one mistake
    [("frame_limit", least), ("gate_limit", most)]
        .into_iter()
        .find_map(|(key, limit)| Some((key, limit.filter(|limit| value > *limit)?)))
        .map_or(Ok(()), |(key, limit)| {
            Err(Error::new_spanned(
                &setting.value,
                literal::too_large(value, key, limit),
            ))
        })
}
