//! Constants that break a limiter's rules.

use call_gate::call_gate;

const SIX: u64 = 6;

#[call_gate(per_second = SIX - 6)]
fn zero() {}

#[call_gate(per_second = 3, second_window = SIX - 6)]
fn window_of_zero() {}

#[call_gate(per_second = 3, max_burst = SIX - 6, value = 2)]
fn burst_of_zero() {}

#[call_gate(per_day = 3, day_window = SIX * 1500)]
fn over_twenty_years() {}

#[call_gate(max_burst = SIX << 30)]
fn burst_too_large() {}

#[call_gate(per_minute = SIX, per_hour = SIX + 1, max_burst = SIX - 1, value = 7)]
fn value_above_two() {}

#[call_gate(per_second = limit())]
fn no_constant() {}

fn limit() -> u64 {
    SIX
}

fn main() {}
