//! Numbers and spans as people write them: `7`, `1_000`, `2^53-1`; `1.5s`, `250ms`, `2d 1h`.

use serde::Deserialize;

/// A number that may be too large for TOML and is then written as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Plain(u64),
    Text(String),
}

impl Number {
    pub(super) fn plain(self) -> Result<u64, String> {
        match self {
            Self::Plain(value) => Ok(value),
            Self::Text(text) => number(&text),
        }
    }
}

pub(super) fn number(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no number such as 7, 1_000 or 2^53-1");
    let digits = |part: &str| part.replace('_', "").parse::<u64>().map_err(|_| wrong());
    let Some(power) = text.strip_prefix("2^") else {
        return digits(text);
    };
    let (bits, less) = match power.split_once('-') {
        Some((bits, less)) => (bits, digits(less)?),
        None => (power, 0),
    };
    let bits = u32::try_from(digits(bits)?).map_err(|_| wrong())?;
    let whole = 1_u128.checked_shl(bits).ok_or_else(wrong)?;
    whole
        .checked_sub(less.into())
        .and_then(|value| u64::try_from(value).ok())
        .ok_or_else(wrong)
}

pub(super) fn span(text: &str) -> Result<u64, String> {
    let mut whole = 0_u64;
    for part in text.split_whitespace() {
        whole = one_span(part).and_then(|one| whole.checked_add(one)).ok_or_else(|| {
            format!("`{text}` is no span such as 1.5s, 250ms, 3us, 7ns, 2m, 1h, 1d, 20y or several of them")
        })?;
    }
    Ok(whole)
}

fn one_span(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| c.is_alphabetic())?;
    let (digits, unit) = text.split_at(unit_at);
    let unit: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        "y" => 365 * 86_400_000_000_000,
        _ => return None,
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u64 = whole.parse().ok()?;
    let mut nanos = whole.checked_mul(unit)?;
    let mut place = unit;
    for digit in part.chars() {
        if !place.is_multiple_of(10) {
            return None;
        }
        place /= 10;
        nanos = nanos.checked_add(place * u64::from(digit.to_digit(10)?))?;
    }
    Some(nanos)
}
