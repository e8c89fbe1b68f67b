//! Gates of functions' own.

#![deny(warnings, missing_docs, unused_qualifications, clippy::pedantic)]

use call_gate::{UpdateError, call_gate};

const GATE_LIMIT: u64 = 20;

#[call_gate(
    name = "gmail",
    gate_size = "10m",
    frame_step = "1s",
    gate_limit = 1200,
    frame_limit = 2
)]
fn send(_mail: &str) -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(gate_size = "1h 30m", frame_step = "1.5s", frame_limit = GATE_LIMIT / 2, strict = true, value = 10)]
fn constants() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(frame_step = "1us", gate_size = "1048576us", gate_limit = GATE_LIMIT, frame_limit = 1)]
async fn as_many_frames_as_there_may_be() {}

#[call_gate(gate_size = "2s", frame_step = "1s", gate_limit = 1_000_000u64, strict = false, wait = forever)]
fn generic<T: Default, const N: usize>() -> [T; N] {
    std::array::from_fn(|_| T::default())
}

struct Api;

impl Api {
    #[call_gate(gate_size = "2s", frame_step = "1s", gate_limit = Api::LIMIT)]
    fn associated_constant() {}

    const LIMIT: u64 = 5;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), UpdateError> {
    send("mail")?;
    constants()?;
    as_many_frames_as_there_may_be().await;
    assert_eq!(generic::<u8, 2>(), [0, 0]);
    assert_eq!(generic::<u16, 3>(), [0, 0, 0]);
    Api::associated_constant();
    Ok(())
}
