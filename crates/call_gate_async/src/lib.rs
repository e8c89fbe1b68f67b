//! The gate of the `call_gate` family for tokio.
//!
//! [`AsyncCallGate`] has the verbs of [`CallGate`](call_gate_core::CallGate), awaited. The two are handles of one gate and
//! stand in one queue: `From` turns either into the other. Waiting tasks sleep on tokio's timer and block no thread.
//!
//! ```
//! use call_gate_async::AsyncCallGate;
//! use call_gate_core::CallGate;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), call_gate_core::Error> {
//! let gate = CallGate::unnamed(Duration::from_millis(200), Duration::from_millis(100)).gate_limit(2).build()?;
//! let gate = AsyncCallGate::from(gate);
//! gate.update(2).await?;
//! gate.update(1).await?; // once the first two have left the window
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod admit;
mod clock;
mod enter;
mod gate;
mod pass;
mod run;
mod timer;
mod update;
mod waiting;

pub use admit::AdmitAsync;
pub use clock::TokioClock;
pub use enter::{Enter, EnterOwned};
pub use gate::AsyncCallGate;
pub use pass::{AsyncOwnedPass, AsyncPass};
pub use run::{Run, TryRun};
pub use update::Update;
pub use waiting::Waiting;
