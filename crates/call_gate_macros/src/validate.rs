//! What it means: every rule, and the plan that passes them.

mod inline;
mod literal;
mod output;

use crate::both;
use crate::parse::{Args, Function, Setting};
use proc_macro2::Span;
use std::time::Duration;
use syn::{Error, Expr, Lit, Path, Result};

pub(crate) use inline::Inline;

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
}

/// How long a call waits.
pub(crate) enum Wait<'a> {
    Never,
    Window,
    Frames(&'a Expr),
    For(Duration),
    Forever,
    Given(&'a Expr),
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
    let gate = match (&args.gate, args.inline.first()) {
        (Some(gate), None) => Ok(Gate::Named(gate)),
        (None, Some(_)) => {
            inline::gate(&args.inline, booked.as_ref().ok().copied().flatten()).map(Gate::Inline)
        }
        (Some(_), Some(Setting { key, .. })) => Err(Error::new(
            key.span(),
            format!(
                "`{key}` describes a gate of the function's own, but a gate is named as well; \
                 leave out one of the two"
            ),
        )),
        (None, None) => Err(Error::new(
            Span::call_site(),
            "no gate: name one, as in `#[call_gate(GATE)]`, or describe the function's own, as in \
             `#[call_gate(gate_size = \"10m\", frame_step = \"1s\", gate_limit = 1200)]`",
        )),
    };
    let asked = both(booked.map(drop), wait(args.wait.as_ref(), denial, function));
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

fn wait<'a>(
    setting: Option<&'a Setting>,
    denial: Denial,
    function: &Function,
) -> Result<Option<Wait<'a>>> {
    let Some(setting) = setting else {
        return match (denial, output::hidden_result(function)) {
            (Denial::Panics, Some(name)) => Err(Error::new(
                name.span(),
                format!(
                    "whether `{name}` can hold a denial is not to be seen from its name: use one spelled \
                     `Result`, as in `Result<T, E>`, or write `wait = forever`"
                ),
            )),
            _ => Ok(None),
        };
    };
    let wait = match literal::bare(&setting.value) {
        word if is_word(word, "never") => Wait::Never,
        word if is_word(word, "window") => Wait::Window,
        word if is_word(word, "forever") => Wait::Forever,
        Expr::Call(call) if is_word(&call.func, "frames") => match call.args.first() {
            Some(frames) if call.args.len() == 1 => Wait::Frames(frames),
            _ => {
                return Err(Error::new_spanned(
                    call,
                    "`frames` takes how many frames to wait, as in `frames(3)`",
                ));
            }
        },
        Expr::Lit(literal) if !matches!(literal.lit, Lit::Str(_)) => {
            return Err(Error::new_spanned(
                literal,
                "`wait` takes `never`, `window`, `forever`, `frames(3)`, a duration as in \"250ms\", \
                 or an expression of type `Wait`",
            ));
        }
        Expr::Lit(_) => Wait::For(literal::duration(setting)?),
        given => Wait::Given(given),
    };
    if matches!(denial, Denial::Returned(_)) || is_forever(&wait) {
        return Ok(Some(wait));
    }
    Err(Error::new_spanned(
        &setting.value,
        format!(
            "`{}` cannot say that it was not admitted, so it waits until it is: write `wait = forever`, \
             or return a type spelled `Result`",
            function.signature.ident
        ),
    ))
}

/// Whether it is written as one that ends only with the admission.
fn is_forever(wait: &Wait<'_>) -> bool {
    match wait {
        Wait::Forever => true,
        Wait::Given(Expr::Path(given)) => given
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Forever"),
        _ => false,
    }
}

fn is_word(expr: &Expr, word: &str) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident(word))
}

#[cfg(test)]
mod tests;
