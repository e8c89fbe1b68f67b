//! Values that can be judged before the compiler sees them.

use crate::parse::Setting;
use std::fmt::Display;
use std::time::Duration;
use syn::{Error, Expr, Lit, LitStr, Result, UnOp};

const MAX_NAME_LEN: usize = 1024;

/// The expression without what a macro that passed it on has put around it.
pub(super) fn bare(mut expr: &Expr) -> &Expr {
    while let Expr::Group(group) = expr {
        expr = &group.expr;
    }
    expr
}

/// The number, if it is written out; any other expression is left to the compiler.
pub(super) fn at_least_one(Setting { key, value }: &Setting) -> Result<Option<u64>> {
    let number = match bare(value) {
        Expr::Lit(number) => match &number.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            _ => None,
        },
        Expr::Unary(number)
            if matches!(number.op, UnOp::Neg(_)) && literal(&number.expr).is_some() =>
        {
            None
        }
        _ => return Ok(None),
    };
    let rule = match number {
        Some(1..) => return Ok(number),
        Some(0) => zero(&key.to_string()),
        None => format!("`{key}` must be a whole number from 1 to {}", u64::MAX),
    };
    Err(Error::new_spanned(value, rule))
}

/// What is wrong with a 0.
pub(crate) fn zero(key: &str) -> String {
    if key == "value" {
        return "a `value` of 0 books nothing; it must be at least 1".to_owned();
    }
    match key.strip_suffix("_window") {
        Some(unit) => format!("`{key}` must be at least 1; leave it out for one {unit}"),
        None => format!("a `{key}` of 0 must be at least 1; leave it out to not limit"),
    }
}

/// What is wrong with a value above a limit.
pub(super) fn too_large(value: u64, key: impl Display, limit: u64) -> String {
    format!("a `value` of {value} is above the `{key}` of {limit} and can never be admitted")
}

/// The name of a gate or a limiter.
pub(super) fn name<'a>(setting: &'a Setting, what: &str) -> Result<&'a LitStr> {
    let literal = text(setting)?;
    let name = literal.value();
    let rule = if name.is_empty() {
        "be empty; leave out `name` for a private "
    } else if name.len() > MAX_NAME_LEN {
        "be longer than 1024 bytes"
    } else if name.chars().any(char::is_control) {
        "hold control characters"
    } else {
        return Ok(literal);
    };
    let end = if name.is_empty() { what } else { "" };
    Err(Error::new(
        literal.span(),
        format!("a {what}'s name must not {rule}{end}"),
    ))
}

fn text(Setting { key, value }: &Setting) -> Result<&LitStr> {
    match literal(value) {
        Some(Lit::Str(text)) => Ok(text),
        _ => Err(Error::new_spanned(
            value,
            format!("`{key}` takes a string literal"),
        )),
    }
}

pub(super) fn switch(Setting { key, value }: &Setting) -> Result<bool> {
    match literal(value) {
        Some(Lit::Bool(switch)) => Ok(switch.value),
        _ => Err(Error::new_spanned(
            value,
            format!("`{key}` takes `true` or `false`"),
        )),
    }
}

/// A duration in a string, longer than nothing.
pub(super) fn duration(Setting { key, value }: &Setting) -> Result<Duration> {
    let wrong = |rule: String| Err(Error::new_spanned(value, rule));
    let Some(Lit::Str(text)) = literal(value) else {
        return wrong(format!(
            "`{key}` takes a duration in a string, as in \"10m\""
        ));
    };
    let text = text.value();
    match humantime::parse_duration(&text) {
        Err(_) => wrong(format!(
            "{text:?} is no duration; write one as in \"250ms\" or \"10m\""
        )),
        Ok(_) if has_calendar_unit(&text) => wrong(format!(
            "{text:?} has no exact length, as months and years differ; write days, as in \"30d\", \
             and minutes as in \"10m\""
        )),
        Ok(Duration::ZERO) if key == "wait" => {
            wrong(format!("a `wait` of {text:?} does not wait; write `never`"))
        }
        Ok(Duration::ZERO) => wrong(format!("`{key}` must be longer than {text:?}")),
        Ok(duration) => Ok(duration),
    }
}

/// Whether there is a unit that stands for an average; one of them, `M`, is easily written for minutes.
fn has_calendar_unit(text: &str) -> bool {
    text.split(|letter: char| !letter.is_alphabetic())
        .any(|unit| unit == "M" || unit.starts_with("month") || unit.starts_with('y'))
}

fn literal(expr: &Expr) -> Option<&Lit> {
    match bare(expr) {
        Expr::Lit(literal) => Some(&literal.lit),
        _ => None,
    }
}
