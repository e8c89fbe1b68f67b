//! What a limiter has room for.

use call_gate_core::{TurnstileState, WindowState};
use std::time::Duration;

/// What a limiter has room for, by each of its limits.
///
/// The windows are looked at together, the permits right after them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remaining {
    /// Each window of requests, in the order seconds, minutes, hours, days, then the others.
    pub windows: Vec<WindowRoom>,
    /// Each window of cost, likewise.
    pub costs: Vec<WindowRoom>,
    /// How many permits may still be taken; `None`: any number.
    pub burst: Option<u64>,
}

/// One window's limit and the room under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowRoom {
    /// How long the window is.
    pub window: Duration,
    /// The most that it may hold.
    pub limit: u64,
    /// What there is room for now; 0 also where more is counted than a lowered limit allows.
    pub remaining: u64,
}

impl From<TurnstileState> for Remaining {
    fn from(state: TurnstileState) -> Self {
        let rooms = |windows: Vec<WindowState>| {
            windows
                .into_iter()
                .map(|window| WindowRoom {
                    window: window.length,
                    limit: window.limit,
                    remaining: window.limit.saturating_sub(window.used),
                })
                .collect()
        };
        Self {
            windows: rooms(state.windows),
            costs: rooms(state.costs),
            burst: state.permits.map(|(most, out)| most.saturating_sub(out)),
        }
    }
}
