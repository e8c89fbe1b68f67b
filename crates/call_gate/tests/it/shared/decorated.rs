//! Functions of two processes behind one gate.

use super::other::{GATE, Name, Other, asked, fresh, open, shown, tell};
use call_gate::{CallGate, Error, UpdateError, call_gate};
use std::env;
use std::sync::LazyLock;

/// The static of both processes: of the gate that one was started with, and of this test's.
static MAIL: LazyLock<CallGate> = LazyLock::new(|| {
    let name = env::var(GATE).unwrap_or_else(|_| fresh("decorated"));
    open(&name).unwrap()
});

#[call_gate(MAIL, value = letters, wait = never)]
fn send(letters: u64) -> Result<u64, UpdateError> {
    Ok(MAIL.sum()?)
}

#[test]
fn a_function_is_behind_a_gate_that_processes_share() -> Result<(), Error> {
    // whatever becomes of the test, its gate is removed
    let name = Name(MAIL.name().to_owned());
    assert_eq!(send(3)?, 3);
    let mut other = Other::start("decorated", &name);
    assert_eq!(other.ask(4), "admitted, 7 in all");
    assert_eq!(send(3)?, 10);
    assert_eq!(other.ask(1), "denied, 10 of 10 used");
    assert!(send(1).unwrap_err().is_denied());
    assert_eq!(MAIL.sum()?, 10);
    Ok(())
}

/// For the other process: calls the function with each number that comes.
pub(super) fn serve() {
    for line in asked() {
        tell(shown(send(line.parse().unwrap())));
    }
}
