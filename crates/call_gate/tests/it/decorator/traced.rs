//! `#[tracing::instrument]` above and below: what its span sees of the gate.

use call_gate::{Admit, AsGate, CallGate, Entry, UpdateError, call_gate};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing::instrument;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

/// What happened, in order: `enter` and `exit` of a span, an `event` in it, an `ask` of the gate, the `body`.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, what: &'static str) {
        self.lock().push(what);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened since it was last asked.
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.lock())
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.note("event");
    }

    fn enter(&self, _: &Id) {
        self.note("enter");
    }

    fn exit(&self, _: &Id) {
        self.note("exit");
    }
}

/// A gate for one call, which notes when it is asked.
struct Asked {
    gate: CallGate,
    log: Log,
}

impl AsGate for Asked {
    type Gate = Self;

    fn as_gate(&self) -> &Self {
        self
    }
}

impl Admit for Asked {
    type Guard = ();

    fn admit(&self, entry: Entry) -> Result<(), UpdateError> {
        self.log.note("ask");
        self.gate.admit(entry)
    }
}

#[cfg(feature = "tokio")]
impl call_gate::AdmitAsync for Asked {
    type Guard = ();

    async fn admit_async(&self, entry: Entry) -> Result<(), UpdateError> {
        self.log.note("ask");
        self.gate.admit(entry)
    }
}

fn asked() -> Asked {
    Asked {
        gate: super::gate(1).0,
        log: Log::default(),
    }
}

#[test]
fn a_span_holds_the_gate_only_if_it_stands_below() {
    #[call_gate(gate, wait = never)]
    #[instrument(skip_all, err)]
    fn below(gate: &Asked) -> Result<(), UpdateError> {
        gate.log.note("body");
        Ok(())
    }
    #[instrument(skip_all, err)]
    #[call_gate(gate, wait = never)]
    fn above(gate: &Asked) -> Result<(), UpdateError> {
        gate.log.note("body");
        Ok(())
    }

    let gate = asked();
    with_default(gate.log.clone(), || {
        below(&gate).unwrap();
        assert_eq!(gate.log.take(), ["enter", "ask", "body", "exit"]);
        below(&gate).unwrap_err();
        assert_eq!(gate.log.take(), ["enter", "ask", "event", "exit"]);
    });
    let gate = asked();
    with_default(gate.log.clone(), || {
        above(&gate).unwrap();
        assert_eq!(gate.log.take(), ["ask", "enter", "body", "exit"]);
        above(&gate).unwrap_err();
        assert_eq!(gate.log.take(), ["ask"]);
    });
}

#[cfg(feature = "tokio")]
#[test]
fn so_does_the_span_of_an_async_function() {
    #[call_gate(gate, wait = never)]
    #[instrument(skip_all, err)]
    async fn below(gate: &Asked) -> Result<(), UpdateError> {
        gate.log.note("body");
        Ok(())
    }
    #[instrument(skip_all, err)]
    #[call_gate(gate, wait = never)]
    async fn above(gate: &Asked) -> Result<(), UpdateError> {
        gate.log.note("body");
        Ok(())
    }

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    // a span may be entered and left more than once, as its future is polled and dropped
    let runs = |function: &dyn Fn(&Asked) -> Result<(), UpdateError>| {
        let gate = asked();
        with_default(gate.log.clone(), || {
            function(&gate).unwrap();
            let admitted = gate.log.take();
            function(&gate).unwrap_err();
            (admitted, gate.log.take())
        })
    };
    let (admitted, denied) = runs(&|gate| runtime.block_on(below(gate)));
    assert_eq!(admitted[..3], ["enter", "ask", "body"]);
    assert_eq!(denied[..3], ["enter", "ask", "event"]);
    let (admitted, denied) = runs(&|gate| runtime.block_on(above(gate)));
    assert_eq!(admitted[..3], ["ask", "enter", "body"]);
    assert_eq!(denied, ["ask"]);
}
