//! The report's chart: horizontal bars, as an SVG that stands on its own.

use std::fmt::{self, Write};

use crate::rounds::{Row, Table};

const WIDTH: f64 = 860.0;
const LABELS: f64 = 330.0;
const MARGIN: f64 = 24.0;
const FIGURES: f64 = 64.0;
const BAR: f64 = 16.0;
const PITCH: f64 = 24.0;
const HEADING: f64 = 40.0;
const TOP: f64 = 76.0;
const GAP: f64 = 14.0;
const BOTTOM: f64 = 8.0;

/// Ratios beyond this are drawn as a broken bar with their figure.
const LONGEST: f64 = 4.0;

/// Ids of the tables that are drawn begin like this; each has governor as its base.
const DRAWN: [&str; 2] = ["admit/governor-quanta", "denied/governor-quanta"];

/// Rows that only the tables show.
const LEFT_OUT: [&str; 5] = ["-update", "-read", "-strict", "-frame", "-retry"];

const OURS: &str = "#1a7f5a";
const BASE: &str = "#57606a";
const PEER: &str = "#b6bec8";

/// Drawn under a figure, so that it is readable where it crosses a line.
const HALO: &str = "stroke=\"#ffffff\" stroke-width=\"4\"";

/// The chart of cost per call as a multiple of governor's.
pub fn svg(tables: &[Table]) -> String {
    let sections: Vec<Section<'_>> = tables.iter().filter_map(Section::of).collect();
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_chart(&mut out, &sections);
    out
}

struct Section<'a> {
    title: &'a str,
    bars: Vec<Bar<'a>>,
}

struct Bar<'a> {
    label: String,
    id: &'a str,
    ratio: f64,
}

impl<'a> Section<'a> {
    fn of(table: &'a Table) -> Option<Self> {
        let base = table.rows.first()?;
        DRAWN.iter().find(|drawn| base.id.starts_with(**drawn))?;
        let kept = |row: &&Row| !LEFT_OUT.iter().any(|part| row.id.contains(part));
        let mut bars: Vec<_> = table
            .rows
            .iter()
            .filter(kept)
            .filter_map(|row| Bar::of(row, base))
            .collect();
        bars.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
        Some(Self {
            title: table.title,
            bars,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "a dozen bars")]
    fn height(&self) -> f64 {
        HEADING + self.bars.len() as f64 * PITCH + GAP
    }
}

impl<'a> Bar<'a> {
    fn of(row: &'a Row, base: &Row) -> Option<Self> {
        Some(Self {
            label: row.label.replace('`', ""),
            id: &row.id,
            ratio: row.ratio_to(base)?.median,
        })
    }

    fn colour(&self) -> &'static str {
        if DRAWN.iter().any(|drawn| self.id.starts_with(drawn)) {
            BASE
        } else if self.id.contains("/memory") || self.id.contains("/mutexed") {
            OURS
        } else {
            PEER
        }
    }
}

fn write_chart(out: &mut String, sections: &[Section<'_>]) -> fmt::Result {
    let height = TOP + sections.iter().map(Section::height).sum::<f64>() + BOTTOM;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\" \
         font-size=\"13\" fill=\"#1f2328\" role=\"img\" aria-labelledby=\"title\">"
    )?;
    writeln!(
        out,
        "<title id=\"title\">Cost of one call as a multiple of governor's</title>"
    )?;
    // A ground of its own, so that it reads on a dark page too.
    writeln!(
        out,
        "<rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"#ffffff\"/>"
    )?;
    text(
        out,
        MARGIN,
        32.0,
        "start",
        "font-size=\"17\" font-weight=\"600\"",
        TITLE,
    )?;
    text(out, MARGIN, 54.0, "start", "fill=\"#57606a\"", SUBTITLE)?;
    let mut top = TOP;
    for section in sections {
        write_section(out, section, top)?;
        top += section.height();
    }
    writeln!(out, "</svg>")
}

const TITLE: &str = "Cost of one call, as a multiple of governor’s";
const SUBTITLE: &str =
    "Shorter is faster. Medians of interleaved rounds on one machine; see benchmarks.md.";

fn write_section(out: &mut String, section: &Section<'_>, top: f64) -> fmt::Result {
    let first = top + HEADING - 8.0;
    let last = top + section.height() - GAP - 4.0;
    text(
        out,
        MARGIN,
        top + 20.0,
        "start",
        "font-weight=\"600\"",
        section.title,
    )?;
    for tick in [1.0, 2.0, 3.0, LONGEST] {
        let (x, style) = (across(tick), if tick > 1.0 { "#eaeef2" } else { "#8c959f" });
        writeln!(
            out,
            "<path d=\"M{x:.1} {first:.1}V{last:.1}\" stroke=\"{style}\"/>"
        )?;
        let tick = format!("{tick}×");
        text(
            out,
            x,
            top + 24.0,
            "middle",
            "font-size=\"11\" fill=\"#57606a\"",
            &tick,
        )?;
    }
    let mut y = top + HEADING;
    for bar in &section.bars {
        write_bar(out, bar, y)?;
        y += PITCH;
    }
    Ok(())
}

fn write_bar(out: &mut String, bar: &Bar<'_>, y: f64) -> fmt::Result {
    let (start, end) = (across(0.0), across(bar.ratio.min(LONGEST)));
    let (width, colour, baseline) = (end - start, bar.colour(), y + BAR - 3.5);
    text(out, start - 10.0, baseline, "end", "", &bar.label)?;
    writeln!(
        out,
        "<rect x=\"{start:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{colour}\"/>"
    )?;
    if bar.ratio > LONGEST {
        let (x, bottom) = (end - 18.0, y + BAR + 2.0);
        writeln!(
            out,
            "<path d=\"M{x:.1} {bottom:.1}l6 -20m4 0l-6 20\" stroke=\"#ffffff\" stroke-width=\"2.5\"/>"
        )?;
    }
    let figure = format!("{:.2}", bar.ratio);
    text(out, end + 7.0, baseline, "start", HALO, &figure)?;
    text(out, end + 7.0, baseline, "start", "", &figure)
}

/// Where a ratio lies from left to right.
fn across(ratio: f64) -> f64 {
    LABELS + ratio / LONGEST * (WIDTH - LABELS - FIGURES)
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, style: &str, words: &str) -> fmt::Result {
    let words = words.replace('&', "&amp;").replace('<', "&lt;");
    writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" {style}>{words}</text>"
    )
}
