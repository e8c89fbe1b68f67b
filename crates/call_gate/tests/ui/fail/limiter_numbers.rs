//! Limits that let nothing through, or contradict each other.

use call_gate::call_gate;

#[call_gate(per_second = 0)]
fn limit_of_zero() {}

#[call_gate(per_hour = 3, hour_window = 0)]
fn window_of_zero() {}

#[call_gate(per_second = 3, max_burst = 0)]
fn burst_of_zero() {}

#[call_gate(per_second = 0, second_window = 0, per_day = 0, max_burst = 0, value = 0)]
fn zeros() {}

#[call_gate(per_second = -3)]
fn negative() {}

#[call_gate(per_minute = "3")]
fn text() {}

#[call_gate(per_minute = 3, minute_window = 1.5)]
fn fraction() {}

#[call_gate(per_day = 3, day_window = 8000)]
fn over_twenty_years() {}

#[call_gate(per_second = 3, second_window = 631_152_001)]
fn over_twenty_years_in_seconds() {}

#[call_gate(max_burst = 16777216)]
fn burst_too_large() {}

#[call_gate(per_second = 3, second_window = 60, per_minute = 5)]
fn one_length_twice() {}

#[call_gate(per_second = 3, second_window = 7200, per_hour = 5, hour_window = 2)]
fn one_length_in_two_units() {}

#[call_gate(per_second = 3, second_window = 3, per_minute = 5, value = 4)]
fn value_above_a_rate() {}

#[call_gate(per_second = 3, max_burst = 2, value = 5)]
fn value_above_all() {}

#[call_gate(max_burst = 2, value = 3)]
fn value_above_the_burst() {}

fn main() {}
