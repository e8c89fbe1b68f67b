//! A limiter of the function's own. The rules are those of `RateLimiterBuilder::build`.

use super::literal;
use crate::both;
use crate::parse::{self, Setting};
use proc_macro2::{Ident, Span};
use syn::{Error, Expr, LitStr, Result};

const TWENTY_YEARS_SECONDS: u64 = 7_305 * 24 * 3_600;
const MOST_PERMITS: u64 = (1 << 24) - 1;
const NO_LIMIT: &str =
    "no limit: a limiter needs `per_second`, `per_minute`, `per_hour`, `per_day` or `max_burst`";

/// A limiter that a function has to itself.
pub(crate) struct Limiter<'a> {
    /// Where its description begins.
    pub(crate) at: Span,
    pub(crate) name: Option<&'a LitStr>,
    pub(crate) rates: Vec<Rate<'a>>,
    pub(crate) max_burst: Option<Number<'a>>,
    /// What a call books, if that is written out.
    pub(crate) booked: Option<(u64, &'a Expr)>,
    pub(crate) blocking: Option<bool>,
    pub(crate) is_strict: bool,
}

/// How many calls in a window.
pub(crate) struct Rate<'a> {
    pub(crate) limit: Number<'a>,
    /// How many units long it is; `None`: one.
    pub(crate) window: Option<Number<'a>>,
    unit_seconds: u64,
}

/// A number from 1.
pub(crate) struct Number<'a> {
    pub(crate) key: &'a Ident,
    pub(crate) value: &'a Expr,
    /// It, if it is written out.
    pub(crate) written: Option<u64>,
    /// The largest that it may be, and the rule that says so.
    pub(crate) most: Option<(u64, String)>,
}

impl<'a> Limiter<'a> {
    /// What no call may be above.
    pub(crate) fn limits(&self) -> impl Iterator<Item = &Number<'a>> {
        let rates = self.rates.iter().map(|rate| &rate.limit);
        rates.chain(&self.max_burst)
    }
}

/// The limiter; `booked` is what a call books, if that is written out.
pub(super) fn limiter<'a>(
    written: &'a parse::Inline,
    booked: Option<(u64, &'a Setting)>,
) -> Result<Limiter<'a>> {
    let parse::Inline {
        name,
        strict,
        limiter,
        ..
    } = written;
    let switch = |setting: &Option<Setting>| setting.as_ref().map(literal::switch).transpose();
    let name = name
        .as_ref()
        .map(|name| literal::name(name, "limiter"))
        .transpose();
    let burst = limiter.max_burst.as_ref().map(|burst| {
        let rule = format!("`max_burst` must not be above {MOST_PERMITS}");
        number(burst, Some((MOST_PERMITS, rule)))
    });
    let limits = both(rates(limiter), burst.transpose()).and_then(|(rates, max_burst)| {
        both(lengths(&rates), fits(&rates, max_burst.as_ref(), booked))?;
        Ok((rates, max_burst))
    });
    let switches = both(switch(&limiter.blocking), switch(strict));
    let ((name, (blocking, strict)), (rates, max_burst)) = both(both(name, switches), limits)?;
    let at = limiter
        .first()
        .map_or_else(Span::call_site, |first| first.key.span());
    if rates.is_empty() && max_burst.is_none() {
        return Err(Error::new(at, NO_LIMIT));
    }
    Ok(Limiter {
        at,
        name,
        rates,
        max_burst,
        booked: booked.map(|(number, setting)| (number, &setting.value)),
        blocking,
        is_strict: strict.unwrap_or_default(),
    })
}

fn rates(written: &parse::Limiter) -> Result<Vec<Rate<'_>>> {
    let mut rates = Ok(Vec::new());
    for (unit, unit_seconds, written) in [
        ("second", 1, &written.second),
        ("minute", 60, &written.minute),
        ("hour", 3_600, &written.hour),
        ("day", 24 * 3_600, &written.day),
    ] {
        let rate = rate(unit, unit_seconds, written);
        rates = both(rates, rate).map(|(mut rates, rate)| {
            rates.extend(rate);
            rates
        });
    }
    rates
}

fn rate<'a>(unit: &str, unit_seconds: u64, written: &'a parse::Rate) -> Result<Option<Rate<'a>>> {
    let parse::Rate { limit, window } = written;
    let Some(limit) = limit else {
        return window.as_ref().map_or(Ok(None), |window| {
            let key = &window.key;
            Err(Error::new(
                key.span(),
                format!("`{key}` without `per_{unit}` limits nothing; write both, or leave it out"),
            ))
        });
    };
    let window = window.as_ref().map(|window| {
        let most = TWENTY_YEARS_SECONDS / unit_seconds;
        let key = &window.key;
        let rule = format!("`{key}` must not be longer than twenty years, {most} {unit}s");
        number(window, Some((most, rule)))
    });
    let (limit, window) = both(number(limit, None), window.transpose())?;
    Ok(Some(Rate {
        limit,
        window,
        unit_seconds,
    }))
}

fn number(setting: &Setting, most: Option<(u64, String)>) -> Result<Number<'_>> {
    let written = literal::at_least_one(setting)?;
    if let (Some(number), Some((most, rule))) = (written, &most)
        && number > *most
    {
        return Err(Error::new_spanned(&setting.value, rule));
    }
    Ok(Number {
        key: &setting.key,
        value: &setting.value,
        written,
        most,
    })
}

/// Refuses two windows of one length, as far as lengths are written out.
fn lengths(rates: &[Rate<'_>]) -> Result<()> {
    let seconds = |rate: &Rate<'_>| match &rate.window {
        Some(window) => window.written.map(|units| units * rate.unit_seconds),
        None => Some(rate.unit_seconds),
    };
    for (index, rate) in rates.iter().enumerate() {
        let same = |other: &&Rate<'_>| seconds(other).is_some() && seconds(other) == seconds(rate);
        if let Some(other) = rates.iter().take(index).find(same) {
            let window = rate.window.as_ref().or(other.window.as_ref());
            return Err(Error::new_spanned(
                window.map_or(rate.limit.value, |window| window.value),
                format!(
                    "`{}` and `{}` limit windows of the same length; leave out one of the two",
                    other.limit.key, rate.limit.key
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses a value that is above a limit, as far as both are written out; only the smallest limit is told.
fn fits(
    rates: &[Rate<'_>],
    max_burst: Option<&Number<'_>>,
    booked: Option<(u64, &Setting)>,
) -> Result<()> {
    let Some((value, setting)) = booked else {
        return Ok(());
    };
    rates
        .iter()
        .map(|rate| &rate.limit)
        .chain(max_burst)
        .filter_map(|limit| Some((limit.written.filter(|most| value > *most)?, limit.key)))
        .min()
        .map_or(Ok(()), |(limit, key)| {
            Err(Error::new_spanned(
                &setting.value,
                literal::too_large(value, key, limit),
            ))
        })
}
