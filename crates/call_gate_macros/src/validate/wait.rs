//! How long a call waits, and whether the function can.

use super::{Denial, literal, output};
use crate::parse::{Args, Function, Setting};
use std::time::Duration;
use syn::{Error, Expr, Lit, Result};

/// How long a call waits.
pub(crate) enum Wait<'a> {
    Never,
    Window,
    Frames(&'a Expr),
    For(Duration),
    Forever,
    Given(&'a Expr),
}

/// How long it waits; `None`: as the limiter sees fit.
pub(super) fn wait<'a>(
    args: &'a Args,
    denial: Denial,
    function: &Function,
) -> Result<Option<Wait<'a>>> {
    let blocking = args.inline.limiter.blocking.as_ref();
    if let (Some(blocking), Denial::Panics) = (blocking, denial)
        && is_written(blocking, false)
    {
        return Err(Error::new_spanned(
            &blocking.value,
            format!(
                "`{}` could neither wait nor say that it was not admitted: leave out `blocking = false`, \
                 or return a type spelled `Result`",
                function.signature.ident
            ),
        ));
    }
    let wait = asked(args.wait.as_ref(), denial, function)?;
    let (Some(blocking), Some(asked), Some(setting)) = (blocking, &wait, &args.wait) else {
        return Ok(wait);
    };
    let never = match asked {
        Wait::Never => true,
        Wait::Given(given) if ends_in(given, "Never") => true,
        // nobody can tell here
        Wait::Given(given) if !ends_in(given, "Forever") => return Ok(wait),
        _ => false,
    };
    if !is_written(blocking, never) {
        return Ok(wait);
    }
    Err(Error::new_spanned(
        &setting.value,
        "`wait` contradicts `blocking`; leave out one of the two",
    ))
}

fn is_written(setting: &Setting, value: bool) -> bool {
    literal::switch(setting).is_ok_and(|switch| switch == value)
}

fn asked<'a>(
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
        Wait::Given(given) => ends_in(given, "Forever"),
        _ => false,
    }
}

/// Whether it is a path whose last part is `name`.
fn ends_in(given: &Expr, name: &str) -> bool {
    let Expr::Path(given) = given else {
        return false;
    };
    let last = given.path.segments.last();
    last.is_some_and(|last| last.ident == name)
}

fn is_word(expr: &Expr, word: &str) -> bool {
    matches!(expr, Expr::Path(path) if path.path.is_ident(word))
}
