//! Async functions behind a gate.

use super::{gate, passed};
use call_gate::{AsyncCallGate, CallGate, UpdateError, call_gate};
use std::sync::LazyLock;
use std::time::Duration;

#[tokio::test]
async fn one_static_serves_sync_and_async_functions() {
    static SHARED: LazyLock<CallGate> = LazyLock::new(|| gate(2).0);

    #[call_gate(SHARED, wait = never)]
    fn sync() -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(SHARED, wait = never)]
    async fn awaited() -> Result<(), UpdateError> {
        Ok(())
    }

    sync().unwrap();
    awaited().await.unwrap();
    assert!(matches!(sync(), Err(UpdateError::GateLimit(_))));
    assert!(matches!(awaited().await, Err(UpdateError::GateLimit(_))));
}

#[tokio::test]
async fn nothing_is_booked_before_the_first_poll() {
    #[call_gate(gate)]
    async fn call(gate: &AsyncCallGate) -> Result<u64, UpdateError> {
        Ok(gate.sum().await?)
    }

    let gate = AsyncCallGate::from(gate(5).0);
    let waiting = call(&gate);
    assert_eq!(gate.sum().await.unwrap(), 0);
    assert_eq!(waiting.await.unwrap(), 1);
}

#[tokio::test]
async fn a_function_without_a_result_waits_until_it_is_admitted() {
    #[call_gate(gate)]
    async fn wait(gate: &CallGate) -> u8 {
        1
    }

    let (gate, clock) = gate(1);
    assert_eq!(wait(&gate).await + wait(&gate).await, 2);
    assert_eq!(passed(&clock), Duration::from_secs(10));
}
