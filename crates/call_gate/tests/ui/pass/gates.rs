//! What may stand in the gate's place.

#![deny(warnings, missing_docs, unused_qualifications, clippy::pedantic)]

use call_gate::{AsyncCallGate, CallGate, UpdateError, Wait, call_gate};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

static ARC: LazyLock<Arc<CallGate>> = LazyLock::new(|| Arc::new(make()));
static BOX: LazyLock<Box<CallGate>> = LazyLock::new(|| Box::new(make()));
static ASYNC: LazyLock<AsyncCallGate> = LazyLock::new(|| AsyncCallGate::from(make()));
static GATES: LazyLock<Mutex<HashMap<u8, CallGate>>> = LazyLock::new(Mutex::default);

fn make() -> CallGate {
    CallGate::unnamed(Duration::from_secs(10), Duration::from_secs(1))
        .build()
        .unwrap()
}

#[call_gate(ARC)]
fn arc() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(BOX)]
async fn boxed() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(ASYNC)]
async fn awaited() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(gate)]
fn argument(gate: &CallGate) -> Result<(), UpdateError> {
    let _ = gate;
    Ok(())
}

#[call_gate(gate)]
fn owned(gate: CallGate) -> Result<CallGate, UpdateError> {
    Ok(gate)
}

#[call_gate(gate)]
fn shared(gate: &Rc<CallGate>) -> u64 {
    gate.gate_limit().unwrap_or(0)
}

#[call_gate(make())]
fn made(wait: Wait) -> Wait {
    wait
}

// what the expression locks stays locked while the call waits; here the lock ends with the function
fn gate_of(key: u8) -> CallGate {
    let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
    gates.entry(key).or_insert_with(make).clone()
}

#[call_gate(gate_of(key))]
fn keyed(key: u8) -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(gate_of(key))]
async fn keyed_awaited(key: u8) -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(if key == 0 { &**ARC } else { &**BOX })]
fn chosen(key: u8) -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate({ let _ = made(Wait::Never); &ARC })]
fn block() -> Result<(), UpdateError> {
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), UpdateError> {
    arc()?;
    boxed().await?;
    awaited().await?;
    argument(&ARC)?;
    owned(make())?;
    assert_eq!(shared(&Rc::new(make())), 0);
    assert_eq!(made(Wait::Never), Wait::Never);
    keyed(1)?;
    keyed_awaited(1).await?;
    chosen(0)?;
    chosen(1)?;
    block()
}
