//! What a function behind `#[call_gate(..)]` does: it passes the gate, then runs as if nothing stood before it.

#[cfg(feature = "tokio")]
mod awaited;
mod guard;
mod inline;
#[cfg(feature = "limiter")]
mod limiter;
mod traced;
mod waits;

use call_gate::{CallGate, ManualClock, UpdateError, call_gate};
use std::cell::Cell;
use std::num::{IntErrorKind, ParseIntError};
use std::time::{Duration, SystemTime};

/// A gate of `limit` in ten seconds, and its clock, which waiting moves.
#[expect(clippy::unwrap_used, reason = "the sizes are sound")]
fn gate(limit: u64) -> (CallGate, ManualClock) {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
    let gate = CallGate::unnamed(Duration::from_secs(10), Duration::from_secs(1))
        .gate_limit(limit)
        .clock(clock.clone())
        .build()
        .unwrap();
    (gate, clock)
}

fn passed(clock: &ManualClock) -> Duration {
    clock
        .time()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

#[derive(Debug)]
enum AppError {
    Gate(UpdateError),
    Number(ParseIntError),
}

impl From<UpdateError> for AppError {
    fn from(error: UpdateError) -> Self {
        Self::Gate(error)
    }
}

impl From<ParseIntError> for AppError {
    fn from(error: ParseIntError) -> Self {
        Self::Number(error)
    }
}

#[test]
fn a_call_books_once_and_before_its_body() {
    #[call_gate(gate)]
    fn sum(gate: &CallGate) -> Result<u64, UpdateError> {
        Ok(gate.sum()?)
    }

    let (gate, _) = gate(5);
    assert_eq!([1, 2, 3], [(); 3].map(|()| sum(&gate).unwrap()));
    assert_eq!(gate.sum().unwrap(), 3);
}

#[test]
fn a_denied_call_does_not_run_its_body() {
    #[call_gate(gate, wait = never)]
    fn count(gate: &CallGate, runs: &Cell<u32>) -> Result<(), UpdateError> {
        runs.set(runs.get() + 1);
        Ok(())
    }

    let ((gate, clock), runs) = (gate(1), Cell::new(0));
    count(&gate, &runs).unwrap();
    assert!(matches!(
        count(&gate, &runs),
        Err(UpdateError::GateLimit(_))
    ));
    assert_eq!((runs.get(), passed(&clock)), (1, Duration::ZERO));
}

#[test]
fn a_body_returns_and_fails_and_borrows_as_ever() {
    #[call_gate(gate)]
    fn first<'a>(gate: &CallGate, words: &'a mut Vec<String>) -> Result<&'a mut str, AppError> {
        if words.is_empty() {
            words.push("none".to_owned());
            return Ok(&mut words[0]);
        }
        let length: usize = words[0].parse()?;
        words[0].truncate(length);
        Ok(&mut words[0])
    }

    let (gate, _) = gate(5);
    let mut words = Vec::new();
    first(&gate, &mut words).unwrap().make_ascii_uppercase();
    assert_eq!(words, ["NONE"]);
    match first(&gate, &mut words) {
        Err(AppError::Number(error)) => assert_eq!(*error.kind(), IntErrorKind::InvalidDigit),
        other => panic!("no error of the body: {other:?}"),
    }
    words[0] = "1".repeat(3);
    assert_eq!(first(&gate, &mut words).unwrap(), "111");
    assert_eq!(gate.sum().unwrap(), 3);
}

#[test]
fn the_value_is_made_of_the_arguments() {
    #[call_gate(gate, value = batch.len() as u64 * weight, wait = never)]
    fn push(gate: &CallGate, batch: &[u8], weight: u64) -> Result<(), AppError> {
        Ok(())
    }

    let (gate, _) = gate(10);
    push(&gate, b"four", 2).unwrap();
    assert_eq!(gate.sum().unwrap(), 8);
    push(&gate, b"", 2).unwrap();
    match push(&gate, b"three", 1) {
        Err(AppError::Gate(error)) => assert_eq!(error.denial().unwrap().requested(), 5),
        other => panic!("not denied: {other:?}"),
    }
    assert_eq!(gate.sum().unwrap(), 8);
}

#[test]
fn a_method_has_its_receiver_to_itself() {
    struct Batch {
        gate: CallGate,
        rows: Vec<u8>,
    }

    impl Batch {
        #[call_gate(self.gate, value = row.into())]
        fn push(&mut self, row: u8) -> Result<&mut Vec<u8>, UpdateError> {
            self.rows.push(row);
            // the gate is not borrowed any more
            (self.gate, _) = gate(1);
            Ok(&mut self.rows)
        }

        #[call_gate(self.gate)]
        fn into_rows(self) -> Result<Vec<u8>, UpdateError> {
            drop(self.gate);
            Ok(self.rows)
        }
    }

    let (gate, _) = gate(5);
    let mut batch = Batch {
        gate: gate.clone(),
        rows: Vec::new(),
    };
    batch.push(5).unwrap().push(6);
    assert_eq!(gate.sum().unwrap(), 5);
    assert_eq!(batch.into_rows().unwrap(), [5, 6]);
}

#[test]
fn of_two_gates_the_lower_one_is_passed_first() {
    #[call_gate(upper, wait = never)]
    #[call_gate(lower, wait = never)]
    fn both(upper: &CallGate, lower: &CallGate) -> Result<(), UpdateError> {
        Ok(())
    }

    let ((upper, _), (lower, _)) = (gate(2), gate(1));
    both(&upper, &lower).unwrap();
    both(&upper, &lower).unwrap_err();
    assert_eq!((upper.sum().unwrap(), lower.sum().unwrap()), (1, 1));
}
