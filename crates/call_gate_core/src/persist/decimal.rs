//! Seconds as exact decimals.
//!
//! A duration never passes through floating point: 0.3 s is 300,000,000 ns, not
//! the float beside it.

const NANOS: u64 = 1_000_000_000;

pub(super) const NOT_A_NUMBER: &str = "must be a number of seconds";
pub(super) const NOT_POSITIVE: &str = "must be above zero";
pub(super) const TOO_FINE: &str = "must be a whole number of nanoseconds";
pub(super) const TOO_LARGE: &str = "must be at most 9223372036.854775807 seconds";

/// The longest duration: what fits signed 64-bit nanoseconds.
pub(super) const MAX: u64 = i64::MAX as u64;

/// Reads a JSON number of seconds as nanoseconds, exactly.
pub(super) fn parse(text: &str) -> Result<u64, &'static str> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || mantissa.ends_with('.') {
        return Err(NOT_A_NUMBER);
    }
    let exponent = parse_exponent(exponent).ok_or(NOT_A_NUMBER)?;

    let all = format!("{whole}{fraction}");
    let all = all.trim_start_matches('0');
    let significant = all.trim_end_matches('0');
    if significant.is_empty() || sign {
        return Err(NOT_POSITIVE);
    }
    // The value is `significant` times ten to the power of `scale` nanoseconds.
    let dropped = length(all) - length(significant);
    let scale = exponent + dropped - length(fraction) + 9;
    if scale < 0 {
        return Err(TOO_FINE);
    }
    if length(significant) + scale > 19 {
        return Err(TOO_LARGE);
    }
    u32::try_from(scale)
        .ok()
        .and_then(|scale| 10_u64.checked_pow(scale))
        .and_then(|power| significant.parse::<u64>().ok()?.checked_mul(power))
        .filter(|nanos| *nanos <= MAX)
        .ok_or(TOO_LARGE)
}

/// Writes nanoseconds as the shortest exact decimal of seconds, in the form of
/// a float: with at least one digit after the point.
pub(super) fn format(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / NANOS, nanos % NANOS);
    let short = text.trim_end_matches('0');
    if short.ends_with('.') {
        format!("{short}0")
    } else {
        String::from(short)
    }
}

/// Reads an exponent; one too long for any number saturates.
fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Far below i64 so that sums with lengths of texts do not overflow.
    Some(sign * digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 60))
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(1 << 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        for (text, nanos) in [
            ("600.0", 600_000_000_000),
            ("600", 600_000_000_000),
            ("0.3", 300_000_000),
            ("0.30000", 300_000_000),
            ("1e-06", 1_000),
            ("1E-6", 1_000),
            ("1.5e-05", 15_000),
            ("1e-9", 1),
            ("0.000000001", 1),
            ("1000e-12", 1),
            ("1e+2", 100_000_000_000),
            ("0.00001e5", 1_000_000_000),
            ("86400.000001", 86_400_000_001_000),
            ("9223372036.854775807", MAX),
            ("9.223372036854775807e9", MAX),
            ("1000000000000000000000e-20", 10_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_exact_positive_duration_is_refused() {
        let long = format!("0.{}1", "0".repeat(100_000));
        for (text, rule) in [
            ("0", NOT_POSITIVE),
            ("0.0", NOT_POSITIVE),
            ("-0.0", NOT_POSITIVE),
            ("0e999999999999999999999", NOT_POSITIVE),
            ("-1.0", NOT_POSITIVE),
            ("0.30000000000000004", TOO_FINE),
            ("1e-10", TOO_FINE),
            ("1e-99999999999999999999", TOO_FINE),
            (long.as_str(), TOO_FINE),
            ("9223372036.854775808", TOO_LARGE),
            ("10000000000", TOO_LARGE),
            ("1e11", TOO_LARGE),
            ("1e99999999999999999999", TOO_LARGE),
            ("99999999999999999999", TOO_LARGE),
            ("\"1\"", NOT_A_NUMBER),
            ("null", NOT_A_NUMBER),
            ("true", NOT_A_NUMBER),
            ("[1]", NOT_A_NUMBER),
            ("", NOT_A_NUMBER),
            ("-", NOT_A_NUMBER),
            (".5", NOT_A_NUMBER),
            ("5.", NOT_A_NUMBER),
            ("1e", NOT_A_NUMBER),
            ("1e+", NOT_A_NUMBER),
            ("1ee1", NOT_A_NUMBER),
            ("1.2.3", NOT_A_NUMBER),
            ("NaN", NOT_A_NUMBER),
            ("١", NOT_A_NUMBER),
        ] {
            assert_eq!(parse(text), Err(rule), "{text:.40}");
        }
    }

    #[test]
    fn durations_are_written_as_python_writes_floats() {
        for (nanos, text) in [
            (600_000_000_000, "600.0"),
            (300_000_000, "0.3"),
            (1_000, "0.000001"),
            (1, "0.000000001"),
            (MAX, "9223372036.854775807"),
        ] {
            assert_eq!(format(nanos), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(nanos in 1..=MAX) {
            prop_assert_eq!(parse(&format(nanos)), Ok(nanos));
        }

        #[test]
        fn no_text_panics(text in "[-+]?[0-9.eE+-]{0,40}") {
            let _ = parse(&text);
        }
    }
}
