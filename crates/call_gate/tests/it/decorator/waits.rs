//! How long a call waits, and what comes of it.

use super::{gate, passed};
use call_gate::{Admit, AsGate, CallGate, Entry, UpdateError, Wait, call_gate};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

#[test]
fn a_call_waits_as_long_as_it_is_told() {
    #[call_gate(gate, wait = never)]
    fn never(gate: &CallGate) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(gate, wait = "250ms")]
    fn quarter(gate: &CallGate) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(gate, wait = frames(frames))]
    fn frames(gate: &CallGate, frames: u32) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(gate, wait = wait)]
    fn given(gate: &CallGate, wait: Wait) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(gate, wait = window)]
    fn window(gate: &CallGate) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(gate)]
    fn unsaid(gate: &CallGate) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(gate, wait = forever)]
    fn forever(gate: &CallGate) -> Result<(), UpdateError> {
        Ok(())
    }

    /// Whether a call to a full gate passes, and after how long.
    fn call(function: impl Fn(&CallGate) -> Result<(), UpdateError>) -> (bool, Duration) {
        let (gate, clock) = gate(1);
        gate.try_update(1).unwrap();
        (function(&gate).is_ok(), passed(&clock))
    }

    let seconds = Duration::from_secs;
    assert_eq!(call(never), (false, Duration::ZERO));
    assert_eq!(call(quarter), (false, Duration::from_millis(250)));
    assert_eq!(call(|gate| frames(gate, 3)), (false, seconds(3)));
    let two = Wait::For(seconds(2));
    assert_eq!(call(|gate| given(gate, two)), (false, seconds(2)));
    assert_eq!(call(window), (true, seconds(10)));
    assert_eq!(call(unsaid), (true, seconds(10)));
    assert_eq!(call(forever), (true, seconds(10)));
}

#[test]
fn a_limiter_learns_what_was_written() {
    /// Admits all, and keeps what it was asked.
    struct Asked(Cell<Option<Entry>>);

    impl AsGate for Asked {
        type Gate = Self;

        fn as_gate(&self) -> &Self {
            self
        }
    }

    impl Admit for Asked {
        type Guard = ();

        fn admit(&self, entry: Entry) -> Result<(), UpdateError> {
            self.0.set(Some(entry));
            Ok(())
        }
    }

    #[call_gate(asked, value = 3)]
    fn reports(asked: &Asked) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(asked, wait = never)]
    fn never(asked: &Asked) -> Result<(), UpdateError> {
        Ok(())
    }
    #[call_gate(asked)]
    fn silent(asked: &Asked) {}
    #[call_gate(asked, wait = Wait::Forever)]
    fn forever(asked: &Asked) {}

    let asked = Asked(Cell::default());
    reports(&asked).unwrap();
    assert_eq!(asked.0.take(), Some(Entry::new(3)));
    never(&asked).unwrap();
    assert_eq!(asked.0.take(), Some(Entry::new(1).with_wait(Wait::Never)));
    silent(&asked);
    assert_eq!(asked.0.take(), Some(Entry::new(1).unreported()));
    forever(&asked);
    let entry = Entry::new(1).with_wait(Wait::Forever).unreported();
    assert_eq!(asked.0.take(), Some(entry));
}

#[test]
fn a_function_without_a_result_waits_until_it_is_admitted() {
    #[call_gate(gate)]
    fn wait(gate: &CallGate) {}

    let (gate, clock) = gate(1);
    for _ in 0..4 {
        wait(&gate);
    }
    assert_eq!(passed(&clock), Duration::from_secs(30));
}

#[test]
fn a_function_without_a_result_panics_when_waiting_cannot_help() {
    #[call_gate(gate)]
    fn r#loop(gate: &CallGate, runs: &Cell<u32>) {
        runs.set(runs.get() + 1);
    }

    let ((gate, _), runs) = (gate(1), Cell::new(0));
    gate.close();
    let panic = catch_unwind(AssertUnwindSafe(|| r#loop(&gate, &runs))).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("`loop`"), "{message}");
    assert!(message.contains("not spelled `Result`"), "{message}");
    assert!(message.contains("the gate is closed"), "{message}");
    assert_eq!(runs.get(), 0);
}
