//! What several windows over one counter cost.

use std::hint::black_box;
use std::time::Duration;

use call_gate_core::{Geometry, Span, Verdict, Window};

use crate::candidate::{Candidate, Expect, Threads};
use crate::rounds::{Figures, Group};

/// Seconds, minutes, hours and days, each a window that slides.
const SPANS: [(Duration, u64); 4] = [
    (Duration::from_secs(1), 10),
    (Duration::from_secs(60), 10),
    (Duration::from_secs(3_600), 24),
    (Duration::from_secs(86_400), 7),
];

/// Where time stands still.
const NOW: Duration = Duration::from_secs(1_700_000_000);

/// More than a run books, and within the packed word.
const LIMIT: u64 = 1_000_000_000;

/// Admitted calls on windows of one span and of several.
pub fn group() -> Group {
    Group {
        figures: Figures::PerCall,
        title: "Admitted, by the number of spans",
        about: "`book(now, 1)` on core's window, at a time that stands still, so that no clock \
                covers up a difference: 10 s in seconds alone, then with 10 min in minutes, then \
                with a day in hours and a week in days as well.",
        candidates: [1, 2, 4].map(candidate).into(),
    }
}

fn candidate(count: usize) -> Candidate {
    let noun = if count == 1 { "span" } else { "spans" };
    let window = window(&SPANS[..count]);
    Candidate::new(
        &format!("admit/window-{count}-{noun}"),
        &format!("core's window, {count} {noun}"),
        Threads::One,
        Expect::Admitted,
        move || matches!(window.book(black_box(NOW), 1), Ok(Verdict::Booked(_))),
    )
}

fn window(spans: &[(Duration, u64)]) -> Window {
    let limits = vec![Some(LIMIT); spans.len()];
    let spans: Result<Vec<_>, _> = spans
        .iter()
        .map(|(step, frames)| Span::new(*step, *frames))
        .collect();
    let geometry = Geometry::new(&spans.expect("valid spans")).expect("a valid geometry");
    Window::new(&geometry, &limits, NOW).expect("limits that fit")
}
