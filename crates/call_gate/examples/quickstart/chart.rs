//! Bars of admitted and denied calls over time.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// More rows than this do not fit on a screen: several frames then share a row.
const MOST_ROWS: u64 = 40;

/// What one row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) admitted: u64,
    pub(crate) denied: u64,
}

struct Style {
    width: u64,
    admitted: &'static str,
    denied: &'static str,
    plain: &'static str,
}

/// Draws the frames, which are keyed by their start since the Unix epoch.
pub(crate) fn draw(
    out: &mut impl Write,
    frames: &BTreeMap<Duration, Bar>,
    frame_step: Duration,
    offset: i32,
) -> io::Result<()> {
    let (per_row, rows) = rows(frames, frame_step.as_secs().max(1));
    let style = Style::here();
    let count = rows
        .iter()
        .map(|(_, bar)| bar.admitted.max(bar.denied))
        .max()
        .unwrap_or(0);
    let digits = count.to_string().len().max(2);
    // Time, two counts and the blanks between them.
    let taken = 3 + 8 + 2 * (digits + 2) + 2;
    let room = style.width.saturating_sub(taken as u64).max(10);
    let longest = rows
        .iter()
        .map(|(_, bar)| bar.admitted + bar.denied)
        .max()
        .unwrap_or(1)
        .max(1);

    writeln!(
        out,
        "   time, {}█{} admitted and {}░{} denied, {per_row} frame{} a row",
        style.admitted,
        style.plain,
        style.denied,
        style.plain,
        if per_row == 1 { "" } else { "s" },
    )?;
    for (start, bar) in rows {
        let (admitted, denied) = (
            cells(bar.admitted, longest, room),
            cells(bar.denied, longest, room),
        );
        writeln!(
            out,
            "   {}  {:>digits$}  {:>digits$}  {}{}{}{}{}",
            time_of_day(start, offset),
            bar.admitted,
            bar.denied,
            style.admitted,
            "█".repeat(admitted),
            style.denied,
            "░".repeat(denied),
            style.plain,
        )?;
    }
    Ok(())
}

/// Frames a row, and the rows from the first frame to the last, empty ones too.
fn rows(frames: &BTreeMap<Duration, Bar>, step: u64) -> (u64, Vec<(u64, Bar)>) {
    let (Some((first, _)), Some((last, _))) = (frames.first_key_value(), frames.last_key_value())
    else {
        return (1, Vec::new());
    };
    let (first, last) = (first.as_secs(), last.as_secs());
    let per_row = ((last - first) / step + 1).div_ceil(MOST_ROWS);
    let seconds = per_row * step;
    let mut rows: Vec<(u64, Bar)> = (0..=(last - first) / seconds)
        .map(|row| (first + row * seconds, Bar::default()))
        .collect();
    for (start, bar) in frames {
        let row = usize::try_from((start.as_secs() - first) / seconds).unwrap_or(usize::MAX);
        if let Some((_, sum)) = rows.get_mut(row) {
            sum.admitted += bar.admitted;
            sum.denied += bar.denied;
        }
    }
    (per_row, rows)
}

/// The cells that `value` of `longest` takes of `room`: at least one for anything that is there.
fn cells(value: u64, longest: u64, room: u64) -> usize {
    let share = u128::from(value) * u128::from(room) / u128::from(longest);
    usize::try_from(share)
        .unwrap_or(0)
        .max(usize::from(value > 0))
}

/// `HH:MM:SS` by the log's own clock.
fn time_of_day(seconds: u64, offset: i32) -> String {
    let day = i64::try_from(seconds % 86_400).unwrap_or(0);
    let local = (day + i64::from(offset)).rem_euclid(86_400);
    format!(
        "{:02}:{:02}:{:02}",
        local / 3_600,
        local / 60 % 60,
        local % 60
    )
}

impl Style {
    fn here() -> Self {
        let width = env::var("COLUMNS")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(80);
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if no_color || !io::stdout().is_terminal() {
            Self {
                width,
                admitted: "",
                denied: "",
                plain: "",
            }
        } else {
            Self {
                width,
                admitted: "\x1b[32m",
                denied: "\x1b[31m",
                plain: "\x1b[0m",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_share_rows_when_there_are_many() {
        let frames = (0..100)
            .map(|second| {
                (
                    Duration::from_secs(second),
                    Bar {
                        admitted: 1,
                        denied: 2,
                    },
                )
            })
            .collect();
        let (per_row, rows) = rows(&frames, 1);
        assert_eq!((per_row, rows.len()), (3, 34));
        assert_eq!(
            rows[0],
            (
                0,
                Bar {
                    admitted: 3,
                    denied: 6
                }
            )
        );
        assert_eq!(
            rows[33],
            (
                99,
                Bar {
                    admitted: 1,
                    denied: 2
                }
            )
        );
    }

    #[test]
    fn quiet_frames_have_rows() {
        let bar = Bar {
            admitted: 1,
            denied: 0,
        };
        let frames = [(Duration::from_secs(5), bar), (Duration::from_secs(8), bar)].into();
        let (per_row, rows) = rows(&frames, 1);
        assert_eq!((per_row, rows.len()), (1, 4));
        assert_eq!(rows[1], (6, Bar::default()));
    }

    #[test]
    fn a_bar_keeps_to_its_room() {
        assert_eq!(cells(0, 100, 50), 0);
        assert_eq!(cells(1, 100, 50), 1);
        assert_eq!(cells(100, 100, 50), 50);
        assert_eq!(cells(u64::MAX, u64::MAX, 50), 50);
    }

    #[test]
    fn the_time_of_day_is_the_logs() {
        assert_eq!(time_of_day(971_211_336, -25_200), "13:55:36");
        assert_eq!(time_of_day(0, 7_200), "02:00:00");
    }
}
