//! The crate under another name, and the attribute through other macros.

#![deny(warnings, missing_docs, unused_qualifications, clippy::pedantic)]

use std::sync::LazyLock;

mod vendor {
    pub(crate) mod gates {
        pub(crate) use ::call_gate::*;
    }
}

// stands in the way of the name
mod call_gate {}

use vendor::gates::{CallGate, UpdateError};

static GATE: LazyLock<CallGate> = LazyLock::new(|| {
    CallGate::unnamed(
        core::time::Duration::from_secs(10),
        core::time::Duration::from_secs(1),
    )
    .build()
    .unwrap()
});

#[vendor::gates::call_gate(GATE, crate = vendor::gates)]
fn by_path() -> Result<(), UpdateError> {
    Ok(())
}

#[::call_gate::call_gate(GATE)]
fn by_its_own_name() -> Result<(), UpdateError> {
    Ok(())
}

macro_rules! gated {
    ($gate:expr, $value:expr, $wait:literal, $error:ty, $result:ty, $body:block) => {
        #[::call_gate::call_gate($gate, value = $value, wait = $wait, crate = $crate::vendor::gates)]
        fn by_macro() -> Result<(), $error> $body

        #[::call_gate::call_gate($gate, value = $value)]
        async fn by_macro_awaited() -> $result $body
    };
}

gated!(GATE, 1, "10s", UpdateError, Result<(), UpdateError>, { Ok(()) });

macro_rules! gated_item {
    ($item:item) => {
        #[::call_gate::call_gate(GATE)]
        $item
    };
}

gated_item! {
    fn by_item() -> Result<(), UpdateError> {
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), UpdateError> {
    by_path()?;
    by_its_own_name()?;
    by_macro()?;
    by_macro_awaited().await?;
    by_item()
}
