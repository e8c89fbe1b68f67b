//! What it means: every rule, and the plan that passes them.

mod inline;
mod limiter;
mod literal;
mod output;
mod wait;

use crate::both;
use crate::parse::{Args, Function, Setting};
use proc_macro2::Span;
use syn::{Error, Expr, Path, Result};

pub(crate) use inline::Inline;
pub(crate) use limiter::{Limiter, Number};
pub(crate) use literal::zero;
pub(crate) use wait::Wait;

/// What to put in front of the body.
pub(crate) struct Plan<'a> {
    /// `None`: under its own name.
    pub(crate) krate: Option<&'a Path>,
    pub(crate) gate: Gate<'a>,
    /// `None`: 1.
    pub(crate) value: Option<&'a Expr>,
    /// `None`: as the limiter sees fit for the denial.
    pub(crate) wait: Option<Wait<'a>>,
    pub(crate) denial: Denial,
}

/// Where the gate comes from.
pub(crate) enum Gate<'a> {
    Named(&'a Expr),
    Inline(Inline<'a>),
    Limiter(Limiter<'a>),
}

/// What becomes of a call that is not admitted.
#[derive(Clone, Copy)]
pub(crate) enum Denial {
    /// It is returned as an error, whose type stands there.
    Returned(Span),
    Panics,
}

/// The plan, or everything that is wrong.
pub(crate) fn plan<'a>(args: &'a Args, function: &Function) -> Result<Plan<'a>> {
    let denial = output::error(function).map_or(Denial::Panics, Denial::Returned);
    let booked = args.value.as_ref().map_or(Ok(None), |value| {
        Ok(literal::at_least_one(value)?.map(|number| (number, value)))
    });
    let number = booked.as_ref().ok().copied().flatten();
    let gate = gate(args, number);
    let asked = both(booked.map(drop), wait::wait(args, denial, function));
    let placed = both(krate(args.krate.as_ref()), output::check(function));
    let ((gate, ((), wait)), (krate, ())) = both(both(gate, asked), placed)?;
    Ok(Plan {
        krate,
        gate,
        value: args.value.as_ref().map(|value| &value.value),
        wait,
        denial,
    })
}

fn gate<'a>(args: &'a Args, booked: Option<(u64, &'a Setting)>) -> Result<Gate<'a>> {
    let Args { gate, inline, .. } = args;
    let (at, rule) = match (gate, inline.first()) {
        (Some(gate), None) => return Ok(Gate::Named(gate)),
        (Some(_), Some(Setting { key, .. })) => {
            let what = match inline.gate.first() {
                None if inline.limiter.first().is_some() => "limiter",
                _ => "gate",
            };
            let rule = format!(
                "`{key}` describes a {what} of the function's own, but a gate is named as well; \
                 leave out one of the two"
            );
            (key.span(), rule)
        }
        (None, Some(Setting { key, .. })) => match (inline.gate.first(), inline.limiter.first()) {
            (Some(_), None) => return inline::gate(inline, booked).map(Gate::Inline),
            (None, Some(_)) => return limiter::limiter(inline, booked).map(Gate::Limiter),
            (Some(gate), Some(limiter)) => {
                let rule = format!(
                    "`{}` describes a limiter, but `{}` describes a gate; leave out the keys of one, \
                     or write the attribute twice",
                    limiter.key, gate.key
                );
                (limiter.key.span(), rule)
            }
            (None, None) => {
                let rule = format!(
                    "`{key}` alone limits nothing; describe a gate, as in `gate_size = \"10m\", \
                     frame_step = \"1s\", gate_limit = 1200`, or a limiter, as in `per_second = 3`"
                );
                (key.span(), rule)
            }
        },
        (None, None) => {
            let rule = "no gate: name one, as in `#[call_gate(GATE)]`, or describe the function's own, as in \
                        `#[call_gate(gate_size = \"10m\", frame_step = \"1s\", gate_limit = 1200)]` or \
                        `#[call_gate(per_second = 3)]`";
            (Span::call_site(), rule.to_owned())
        }
    };
    Err(Error::new(at, rule))
}

fn krate(setting: Option<&Setting>) -> Result<Option<&Path>> {
    match setting.map(|setting| &setting.value) {
        None => Ok(None),
        Some(Expr::Path(path)) if path.qself.is_none() => Ok(Some(&path.path)),
        Some(other) => Err(Error::new_spanned(
            other,
            "`crate` takes a path, as in `crate = ::call_gate`",
        )),
    }
}

#[cfg(test)]
mod tests;
