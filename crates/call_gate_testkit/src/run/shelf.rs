//! A place for gates to stay while passes borrow them.

use std::cell::OnceCell;

use call_gate_core::CallGate;

/// Keeps the gates of a [`Pair`](super::Pair), of which it needs one more with every restore.
#[derive(Debug, Default)]
pub struct Shelf(OnceCell<Box<(CallGate, Shelf)>>);

impl Shelf {
    /// An empty shelf.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a gate where it stays; tells where the next one goes.
    pub(super) fn put(&self, gate: CallGate) -> (&CallGate, &Self) {
        let (gate, next) = &**self.0.get_or_init(|| Box::new((gate, Self::default())));
        (gate, next)
    }
}
