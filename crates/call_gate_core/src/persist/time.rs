//! Frame starts as Python's ISO texts.

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{Error, Timestamp};

/// Why a text gives no time.
#[derive(Debug)]
pub(super) enum BadTime {
    /// It breaks a rule of ours.
    Rule(&'static str),
    /// It is no time at all, or its zone does not know it.
    Cause(Error),
}

/// Reads an ISO time as nanoseconds since the Unix epoch.
///
/// One without an offset is taken to be in the zone that `local` gives.
pub(super) fn parse(
    text: &str,
    local: impl FnOnce() -> Result<TimeZone, Error>,
) -> Result<u64, BadTime> {
    let pieces = Pieces::parse(text).map_err(BadTime::Cause)?;
    if pieces.time_zone_annotation().is_some() {
        return Err(BadTime::Rule("must not name a zone in brackets"));
    }
    let time = pieces.time().unwrap_or(Time::midnight());
    let civil = DateTime::from_parts(pieces.date(), time);
    let timestamp = match pieces.to_numeric_offset() {
        Some(offset) => offset.to_timestamp(civil),
        None => local().and_then(|zone| zone.to_timestamp(civil)),
    };
    let nanos = timestamp.map_err(BadTime::Cause)?.as_nanosecond();
    if nanos < 0 {
        return Err(BadTime::Rule("must not be before 1970"));
    }
    u64::try_from(nanos).map_err(|_| BadTime::Rule("must be before the year 2554"))
}

/// Writes nanoseconds since the Unix epoch as an ISO time in a zone.
pub(super) fn format(nanos: u64, zone: &TimeZone) -> Result<String, Error> {
    let timestamp = Timestamp::from_nanosecond(i128::from(nanos))?;
    let offset = zone.to_offset(timestamp);
    let civil = offset.to_datetime(timestamp);
    // Python before 3.11 reads no fraction but one of three or six digits.
    let text = match (civil.subsec_nanosecond(), civil.subsec_nanosecond() % 1_000) {
        (0, _) => format!("{civil:.0}"),
        (_, 0) => format!("{civil:.6}"),
        _ => format!("{civil:.9}"),
    };
    Ok(text + &format_offset(offset))
}

fn format_offset(offset: Offset) -> String {
    let sign = if offset.is_negative() { '-' } else { '+' };
    let seconds = offset.seconds().unsigned_abs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if seconds == 0 {
        format!("{sign}{hours:02}:{minutes:02}")
    } else {
        format!("{sign}{hours:02}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn read(text: &str, local: &str) -> u64 {
        parse(text, || Ok(zone(local))).unwrap()
    }

    const JULY: u64 = 1_720_000_000_000_000_000; // 2024-07-03T09:46:40Z

    #[test]
    fn a_time_with_an_offset_is_what_it_says() {
        for text in [
            "2024-07-03T09:46:40+00:00",
            "2024-07-03T09:46:40Z",
            "2024-07-03T10:46:40+01:00",
            "2024-07-03T15:16:40.000000+05:30",
            "2024-07-03 09:46:40.000000000Z",
            "2024-07-03T09:02:10-00:44:30",
        ] {
            assert_eq!(read(text, "Asia/Kolkata"), JULY, "{text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_local() {
        assert_eq!(read("2024-07-03T09:46:40", "UTC"), JULY);
        assert_eq!(read("2024-07-03T10:46:40", "Europe/London"), JULY);
        assert_eq!(read("2024-07-03T15:16:40", "Asia/Kolkata"), JULY);
    }

    #[test]
    fn changes_of_the_clocks_follow_the_compatible_rule() {
        let london = |text| read(text, "Europe/London");
        // 01:30 occurs twice on 27 October: the earlier is summer time's.
        assert_eq!(
            london("2024-10-27T01:30:00"),
            read("2024-10-27T00:30:00Z", "UTC")
        );
        // 01:30 is skipped on 31 March: an hour later.
        assert_eq!(
            london("2024-03-31T01:30:00"),
            read("2024-03-31T02:30:00+01:00", "UTC")
        );
    }

    #[test]
    fn what_is_no_time_since_1970_is_refused() {
        for text in [
            "",
            "now",
            "1720000000",
            "2024-13-01T00:00:00",
            "2024-07-03T25:00:00",
            "2024-07-03T09:46:40+99:00",
            "2024-07-03T09:46:40.0000000001Z",
            "2024-07-03T09:46:40+00:00 ",
            "2024-07-03T09:46:40+00:00[Europe/London]",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:30:00+01:00",
            "2600-01-01T00:00:00Z",
            "-000001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:00",
        ] {
            assert!(parse(text, || Ok(TimeZone::UTC)).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_written_in_the_zone_with_its_offset() {
        for (nanos, name, text) in [
            (JULY, "UTC", "2024-07-03T09:46:40+00:00"),
            (JULY, "Europe/London", "2024-07-03T10:46:40+01:00"),
            (
                JULY + 300_000_000,
                "Asia/Kolkata",
                "2024-07-03T15:16:40.300000+05:30",
            ),
            (
                JULY + 1_500,
                "America/St_Johns",
                "2024-07-03T07:16:40.000001500-02:30",
            ),
            (0, "Africa/Monrovia", "1969-12-31T23:15:30-00:44:30"),
        ] {
            assert_eq!(format(nanos, &zone(name)).unwrap(), text);
            assert_eq!(read(text, "UTC"), nanos);
        }
    }
}
