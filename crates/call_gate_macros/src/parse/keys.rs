//! The keys there are, and what was meant by one that is none.

pub(super) const KEYS: [&str; 19] = [
    "value",
    "wait",
    "crate",
    "name",
    "strict",
    "gate_size",
    "frame_step",
    "gate_limit",
    "frame_limit",
    "per_second",
    "second_window",
    "per_minute",
    "minute_window",
    "per_hour",
    "hour_window",
    "per_day",
    "day_window",
    "max_burst",
    "blocking",
];

/// What was meant by a key that is none.
pub(super) fn meant(key: &str) -> Option<String> {
    match key {
        "limit" => Some("`gate_limit` or `frame_limit`".to_owned()),
        "size" => Some("`gate_size`".to_owned()),
        "step" => Some("`frame_step`".to_owned()),
        "burst" => Some("`max_burst`".to_owned()),
        "sec" | "second" | "seconds" | "per_sec" => Some("`per_second`".to_owned()),
        "min" | "minute" | "minutes" | "per_min" => Some("`per_minute`".to_owned()),
        "sec_window" => Some("`second_window`".to_owned()),
        "min_window" => Some("`minute_window`".to_owned()),
        "hour" | "hours" => Some("`per_hour`".to_owned()),
        "day" | "days" => Some("`per_day`".to_owned()),
        _ => nearest(key).map(|known| format!("`{known}`")),
    }
}

/// The known key that is spelled nearly so, if less than half of it is mistyped.
fn nearest(key: &str) -> Option<&'static str> {
    KEYS.into_iter()
        // what looks like it, `rate`, means something else
        .filter(|known| *known != "crate")
        .map(|known| (distance(key, known), known))
        .filter(|(distance, known)| distance * 2 < known.len())
        .min()
        .map(|(_, known)| known)
}

/// Levenshtein's.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (at, left) in from.chars().enumerate() {
        let mut diagonal = at;
        let mut before = at + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(to.chars()) {
            let above = *cell;
            before = (diagonal + usize::from(left != right))
                .min(above + 1)
                .min(before + 1);
            diagonal = above;
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
