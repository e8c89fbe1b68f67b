//! Other attributes, before and after.

#![deny(warnings, missing_docs, unused_qualifications, clippy::pedantic)]

use call_gate::{CallGate, UpdateError, call_gate};
use std::sync::LazyLock;
use std::time::Duration;
use tracing::instrument;

static GATE: LazyLock<CallGate> = LazyLock::new(|| {
    CallGate::unnamed(Duration::from_secs(10), Duration::from_secs(1))
        .build()
        .unwrap()
});

#[instrument(err)]
#[call_gate(GATE)]
fn within_a_span(number: u8) -> Result<u8, UpdateError> {
    Ok(number)
}

#[call_gate(GATE)]
#[instrument(ret, err)]
fn before_a_span(number: u8) -> Result<u8, UpdateError> {
    Ok(number)
}

#[instrument(skip_all)]
#[call_gate(GATE, value = number)]
async fn awaited_within_a_span(number: u64) -> Result<u64, UpdateError> {
    Ok(number)
}

#[call_gate(GATE, value = number)]
#[instrument(skip_all)]
async fn awaited_before_a_span(number: u64) -> u64 {
    number
}

struct Api {
    gate: CallGate,
}

impl Api {
    #[instrument(skip(self))]
    #[call_gate(self.gate)]
    async fn within(&mut self) -> Result<(), UpdateError> {
        Ok(())
    }

    #[call_gate(self.gate)]
    #[cfg_attr(all(), instrument(skip(self)))]
    async fn before(&mut self) -> Result<(), UpdateError> {
        Ok(())
    }
}

#[call_gate(GATE)]
#[tokio::main(flavor = "current_thread")]
async fn awaited_main() -> Result<u64, UpdateError> {
    Ok(awaited_within_a_span(1).await? + awaited_before_a_span(2).await)
}

#[tokio::main(flavor = "current_thread")]
#[call_gate(GATE)]
async fn main() -> Result<(), UpdateError> {
    within_a_span(1)?;
    before_a_span(1)?;
    let mut api = Api { gate: GATE.clone() };
    api.within().await?;
    api.before().await?;
    std::thread::spawn(awaited_main).join().unwrap()?;
    Ok(())
}
