//! Tasks in the other process.

use super::other::{Name, Other, asked, open, shown, tell};
use call_gate::{AsyncCallGate, Error, Limits};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

const TASKS: u64 = 8;

#[test]
fn a_gate_and_an_async_gate_of_two_processes_share_one_count() -> Result<(), Error> {
    let name = Name::new("async count");
    let gate = open(&name.0)?;
    let mut other = Other::start("async", &name);
    assert_eq!(other.ask("5"), "admitted, 5 in all");
    assert_eq!(gate.try_update(4)?.sum(), 9);
    assert_eq!(other.ask("2"), "denied, 9 of 10 used");
    assert_eq!(other.ask("1"), "admitted, 10 in all");
    assert!(gate.try_update(1).unwrap_err().is_denied());
    Ok(())
}

#[test]
fn threads_here_and_tasks_there_admit_together_what_the_limit_allows() -> Result<(), Error> {
    const LIMIT: u64 = 200_000;
    let name = Name::new("async race");
    let gate = open(&name.0)?;
    gate.set_limits(Limits::gate(LIMIT))?;
    let mut other = Other::start("async", &name);
    assert_eq!(other.ask("1"), "admitted, 1 in all");
    other.tell("storm");
    let here = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while gate.try_update(1).is_ok() {
                    here.fetch_add(1, Relaxed);
                }
            });
        }
    });
    let there: u64 = other.answer().parse().unwrap();
    assert_eq!(here.load(Relaxed) + there + 1, LIMIT);
    assert_eq!(gate.sum()?, LIMIT);
    Ok(())
}

/// For the other process: books each number that comes, or all there is.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
pub(super) async fn serve(name: &str) {
    let gate = AsyncCallGate::from(open(name).unwrap());
    for line in asked() {
        if line == "storm" {
            tell(storm(&gate).await);
        } else {
            let value = line.parse().unwrap();
            let outcome = gate.try_update(value).await;
            tell(shown(outcome.map(|reading| reading.sum())));
        }
    }
}

async fn storm(gate: &AsyncCallGate) -> u64 {
    let admitted = Arc::new(AtomicU64::new(0));
    let tasks = (0..TASKS).map(|_| {
        let (gate, admitted) = (gate.clone(), Arc::clone(&admitted));
        tokio::spawn(async move {
            while gate.try_update(1).await.is_ok() {
                admitted.fetch_add(1, Relaxed);
                tokio::task::yield_now().await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    admitted.load(Relaxed)
}
