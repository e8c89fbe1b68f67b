//! Limiters for one kind of function, before the other kind.

use call_gate::{Admit, AdmitAsync, AsGate, Entry, UpdateError, call_gate};

struct SyncOnly;

impl AsGate for SyncOnly {
    type Gate = Self;

    fn as_gate(&self) -> &Self {
        self
    }
}

impl Admit for SyncOnly {
    type Guard = ();

    fn admit(&self, _: Entry) -> Result<(), UpdateError> {
        Ok(())
    }
}

struct AsyncOnly;

impl AsGate for AsyncOnly {
    type Gate = Self;

    fn as_gate(&self) -> &Self {
        self
    }
}

impl AdmitAsync for AsyncOnly {
    type Guard = ();

    async fn admit_async(&self, _: Entry) -> Result<(), UpdateError> {
        Ok(())
    }
}

#[call_gate(SyncOnly)]
async fn awaited() -> Result<(), UpdateError> {
    Ok(())
}

#[call_gate(AsyncOnly)]
fn sync() -> Result<(), UpdateError> {
    Ok(())
}

fn main() {}
