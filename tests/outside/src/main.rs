//! A crate that knows `call_gate_core` alone: a gate admits up to its limit, then denies.

#![forbid(unsafe_code)]

use std::error::Error;
use std::time::Duration;

use call_gate_core::{CallGate, UpdateError};

fn main() -> Result<(), Box<dyn Error>> {
    let gate = CallGate::unnamed(Duration::from_secs(3600), Duration::from_secs(60))
        .gate_limit(3)
        .build()?;

    for _ in 0..3 {
        gate.try_update(1)?;
    }
    assert!(matches!(gate.try_update(1), Err(UpdateError::GateLimit(_))));
    assert_eq!(gate.sum()?, 3);

    gate.clear()?;
    assert_eq!(gate.sum()?, 0);
    assert_eq!(gate.try_update(2)?.sum(), 2);
    println!("call_gate_core alone: 3 of 4 calls admitted, as the limit says");
    Ok(())
}
