//! Keys that are unknown, twice there, without a value, or in the wrong place.

use call_gate::{UpdateError, call_gate};

#[call_gate(GATE, vlaue = 5)]
fn misspelt() {}

#[call_gate(gatesize = "10m", frame_step = "1s", gate_limit = 5)]
fn misspelt_and_so_missing() {}

#[call_gate(GATE, limit_of_the_gate = 5)]
fn unknown() {}

#[call_gate(GATE, rate = 5)]
fn like_no_key_that_is_meant() {}

#[call_gate(gate_size = "10m", frame_step = "1s", limit = 5)]
fn which_limit() {}

#[call_gate(size = "10m", step = "1s", gate_limit = 5)]
fn half_of_the_names() {}

#[call_gate(gate = GATE)]
fn gate_by_a_key() {}

#[call_gate(GATE, value = 5, value = 6)]
fn twice() {}

#[call_gate(gate_size = "10m", frame_step = "1s", gate_limit = 5, strict)]
fn without_value() {}

#[call_gate(value = 5, GATE)]
fn gate_not_first() {}

#[call_gate(GATE, OTHER)]
fn two_gates() {}

#[call_gate(GATE, wait: never)]
fn colon() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(GATE, value = )]
fn nothing() {}

#[call_gate(GATE, valeu = 5, wait = forever, wait = forever)]
fn two_mistakes() {}

// none of the functions is missing because of its attribute
fn main() {
    misspelt();
    misspelt_and_so_missing();
    unknown();
    like_no_key_that_is_meant();
    which_limit();
    half_of_the_names();
    gate_by_a_key();
    twice();
    without_value();
    gate_not_first();
    two_gates();
    let _: Result<(), UpdateError> = colon();
    nothing();
    two_mistakes();
}
