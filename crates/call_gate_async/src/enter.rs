//! Futures of passes.

use crate::pass::{AsyncOwnedPass, AsyncPass};
use crate::update::Update;
use call_gate_core::{CallGate, UpdateError, Wait};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Books a value, waiting its turn, for a scope.
///
/// # Cancel safety
/// As [`Update`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Enter<'g> {
    gate: &'g CallGate,
    value: u64,
    update: Update<'g>,
}

impl<'g> Enter<'g> {
    pub(crate) fn new(gate: &'g CallGate, value: u64, wait: Wait) -> Self {
        let update = Update::new(gate, value, wait);
        Self {
            gate,
            value,
            update,
        }
    }
}

impl<'g> Future for Enter<'g> {
    type Output = Result<AsyncPass<'g>, UpdateError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let (gate, value) = (self.gate, self.value);
        let reading = Pin::new(&mut self.update).poll(context);
        reading.map_ok(|reading| AsyncPass(gate.pass(value, reading)))
    }
}

/// Books a value, waiting its turn, for a scope that may go to another task.
///
/// # Cancel safety
/// As [`Update`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct EnterOwned<'g>(Enter<'g>);

impl<'g> EnterOwned<'g> {
    pub(crate) fn new(gate: &'g CallGate, value: u64, wait: Wait) -> Self {
        Self(Enter::new(gate, value, wait))
    }
}

impl Future for EnterOwned<'_> {
    type Output = Result<AsyncOwnedPass, UpdateError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let pass = Pin::new(&mut self.0).poll(context);
        pass.map_ok(|pass| AsyncOwnedPass(pass.0.into_owned()))
    }
}
