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
static GATES: LazyLock<Mutex<HashMap<String, CallGate>>> = LazyLock::new(Mutex::default);

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

// the lock and the key are temporaries of the call, and of nothing after it
#[call_gate(*GATES.lock().unwrap_or_else(PoisonError::into_inner).entry(format!("{key}")).or_insert_with(make))]
fn locked(key: u8) -> Result<usize, UpdateError> {
    Ok(GATES.try_lock().map_or(0, |gates| gates.len()))
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
    assert_eq!(locked(1)?, 1);
    chosen(0)?;
    chosen(1)?;
    block()
}
