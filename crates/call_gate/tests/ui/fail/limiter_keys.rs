//! Limiters that are half gates, or half of a limiter.

use call_gate::{UpdateError, call_gate};

#[call_gate(gate_size = "10m", frame_step = "1s", gate_limit = 5, per_second = 3)]
fn gate_and_limiter() {}

#[call_gate(max_burst = 2, frame_limit = 5)]
fn burst_and_frames() {}

#[call_gate(gate_size = "10m", frame_step = "1s", gate_limit = 5, blocking = true)]
fn gate_that_blocks() {}

#[call_gate(LIMITER, name = "own", per_minute = 3)]
fn named_and_own() {}

#[call_gate(LIMITER, blocking = false)]
fn named_and_not_blocking() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(second_window = 3)]
fn no_rate() {}

#[call_gate(per_second = 3, minute_window = 2)]
fn another_rate() {}

#[call_gate(second_window = 2, minute_window = 2, hour_window = 2, day_window = 2, max_burst = 1)]
fn no_rates_at_all() {}

#[call_gate(blocking = false)]
fn nothing_but_blocking() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(blocking = true, name = "own", strict = true)]
fn still_nothing() {}

#[call_gate(strict = true)]
fn nothing_but_strict() {}

#[call_gate(name = "own")]
fn nothing_but_a_name() {}

#[call_gate(per_second = 3, blocking = 1)]
fn switch() {}

#[call_gate(name = "", per_second = 3)]
fn empty_name() {}

#[call_gate(sec = 3, sec_window = 3, min = 5)]
fn as_in_flowguard() {}

#[call_gate(per_week = 3)]
fn unknown() {}

#[call_gate(per_second = 3, per_second = 4)]
fn twice() {}

#[call_gate(per_second = 3, max_burst)]
fn without_value() {}

fn main() {}
