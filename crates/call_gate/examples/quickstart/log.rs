//! Access logs in Common Log Format, and in Combined, which adds two fields at the end.
//!
//! `host identity user [10/Oct/2000:13:55:36 -0700] "request" status bytes`

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

/// When a request came in: seconds since the Unix epoch, and how far the log's clock is from UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) seconds: i64,
    pub(crate) offset: i32,
}

/// The entries of a log in the order they were written in.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    /// Lines that are not a log entry.
    pub(crate) skipped: usize,
}

impl Entry {
    /// The time since the Unix epoch.
    pub(crate) fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.unsigned_abs())
    }

    /// Reads one line; `None` when it is not a log entry.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let (host, rest) = line.split_once(' ')?;
        let (names, rest) = rest.split_once('[')?;
        let (time, rest) = rest.split_once(']')?;
        let mut fields = after_quoted(rest.strip_prefix(" \"")?)?.split_ascii_whitespace();
        let (status, bytes) = (fields.next()?, fields.next()?);

        let whole = !host.is_empty()
            && names.split_ascii_whitespace().count() >= 2
            && status.len() == 3
            && number(status).is_some()
            && (bytes == "-" || bytes.bytes().all(|byte| byte.is_ascii_digit()));
        if whole { Self::at(time) } else { None }
    }

    /// Reads `10/Oct/2000:13:55:36 -0700`.
    fn at(text: &str) -> Option<Self> {
        let (stamp, zone) = text.split_once(' ')?;
        let (date, clock) = stamp.split_once(':')?;
        let [day, month, year] = three(date, '/')?;
        let [hour, minute, second] = three(clock, ':')?;
        let (day, month, year) = (number(day)?, month_number(month)?, number(year)?);
        let (hour, minute, second) = (number(hour)?, number(minute)?, number(second)?);
        // A gate's clock counts nanoseconds in 64 bits: up to the year 2554. A minute may have a
        // leap second.
        let known = (1970..2500).contains(&year)
            && (1..=days_in(month, year)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;

        let offset = zone_offset(zone)?;
        let local =
            days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        let seconds = local - i64::from(offset);
        (known && seconds >= 0).then_some(Self { seconds, offset })
    }
}

impl Log {
    /// Reads the log at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let hint = "give the path of an access log in Common or Combined Log Format";
        let read = || Self::read(BufReader::new(File::open(path)?));
        read().map_err(|error| format!("cannot replay {}: {error}; {hint}", path.display()).into())
    }

    /// Reads every line, counting those that are not an entry.
    pub(crate) fn read(mut source: impl BufRead) -> Result<Self, Box<dyn Error>> {
        let mut log = Self {
            entries: Vec::new(),
            skipped: 0,
        };
        let mut line = Vec::new();
        // By bytes: a request that somebody made up need not be UTF-8.
        while source.read_until(b'\n', &mut line)? != 0 {
            match Entry::parse(&String::from_utf8_lossy(&line)) {
                Some(entry) => log.entries.push(entry),
                None if line.trim_ascii().is_empty() => {}
                None => log.skipped += 1,
            }
            line.clear();
        }
        if log.entries.is_empty() {
            return Err(format!("none of its {} lines is a log entry", log.skipped).into());
        }
        Ok(log)
    }
}

/// What follows the closing quote; a quote inside is written `\"`.
fn after_quoted(text: &str) -> Option<&str> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return text.get(index + 1..),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// Splits into exactly three parts.
fn three(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.split(separator);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

/// Digits and nothing else, at most four of them.
fn number(text: &str) -> Option<i64> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn month_number(name: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    (1..)
        .zip(NAMES)
        .find_map(|(month, known)| (known == name).then_some(month))
}

fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Seconds east of UTC of `+0200` or `-0700`.
fn zone_offset(zone: &str) -> Option<i32> {
    let (sign, digits) = match zone.as_bytes().first()? {
        b'+' => (1, zone.get(1..)?),
        b'-' => (-1, zone.get(1..)?),
        _ => return None,
    };
    if digits.len() != 4 {
        return None;
    }
    let digits = i32::try_from(number(digits)?).ok()?;
    let (hours, minutes) = (digits / 100, digits % 100);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Days from 1 January 1970 to a date of the Gregorian calendar.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`: years begin in
/// March, so that the leap day is a year's last, and come in eras of 400.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests;
