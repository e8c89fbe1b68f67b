//! Histories of concurrent operations, and an obvious sequential window that must explain them.

use crate::explore::explore_most;
use crate::sequential::{Beside, Sequential};
use call_gate_core::model::{ModelWindow, Said, killed_at};
use std::collections::{BTreeMap, BTreeSet};

/// An operation; times are seconds after the window was made in second 0.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Op {
    Book(u64, u64),
    Update(u64, u64),
    Refund(u64, u64),
    Clear,
    Limits(u64, u64),
    Read(u64),
    /// Abandoned for good before its write of this number.
    Killed(u32, Box<Op>),
}
use Op::*;

impl Op {
    pub(crate) fn second(&self) -> Option<u64> {
        match self {
            Book(second, _) | Update(second, _) | Refund(second, _) | Read(second) => Some(*second),
            Killed(_, op) => op.second(),
            Clear | Limits(..) => None,
        }
    }

    fn changes_the_plan(&self) -> bool {
        match self {
            Clear | Limits(..) => true,
            Killed(_, op) => op.changes_the_plan(),
            _ => false,
        }
    }
}

/// `None`: killed.
type Outcome = Option<Said>;

fn run(window: &ModelWindow, op: &Op) -> Outcome {
    Some(match op {
        Book(second, value) => window.book(*second, *value),
        Update(second, value) => window.update(*second, *value),
        Refund(second, value) => window.refund(*second, *value),
        Clear => window.clear(),
        Limits(frame, gate) => window.set_limits([*frame, *gate]),
        Read(second) => window.read(*second),
        Killed(writes, op) => return killed_at(*writes, || run(window, op)).flatten(),
    })
}

type History = Vec<Vec<(Op, Outcome)>>;

/// Whether some order of `history`, each thread's own kept, gives its answers and ends in a state that `last` accepts.
fn explained(
    model: &Sequential,
    history: &History,
    at: &mut Vec<usize>,
    beside: Beside,
    last: &dyn Fn(&Sequential) -> bool,
) -> bool {
    if at
        .iter()
        .zip(history)
        .all(|(at, thread)| *at == thread.len())
    {
        return last(model);
    }
    for thread in 0..history.len() {
        let Some((op, said)) = history[thread].get(at[thread]) else {
            continue;
        };
        // time is shared: an operation in flight may have moved the head before it takes effect itself
        if let Some(second) = op.second() {
            for head in model.head + 1..=second {
                let moved = Sequential {
                    head,
                    ..model.clone()
                };
                if explained(&moved, history, at, beside, last) {
                    return true;
                }
            }
        }
        at[thread] += 1;
        let mut after = model.clone();
        let expected = after.apply(op);
        let found = match said {
            Some(said) => {
                Sequential::accepts(&expected, said, beside)
                    && explained(&after, history, at, beside, last)
            }
            // done, or not
            None => {
                explained(&after, history, at, beside, last)
                    || explained(model, history, at, beside, last)
            }
        };
        at[thread] -= 1;
        if found {
            return true;
        }
    }
    false
}

pub(crate) fn check(frames: u64, limits: [u64; 2], prelude: &[Op], threads: &[&[Op]], end: u64) {
    check_all(frames, limits, prelude, threads, end, 0);
}

/// As [`check`], with one preemption fewer: for three threads, plans that meet plans, and the many points of a kill.
pub(crate) fn check_heavy(
    frames: u64,
    limits: [u64; 2],
    prelude: &[Op],
    threads: &[&[Op]],
    end: u64,
) {
    check_all(frames, limits, prelude, threads, end, 1);
}

/// Checks every interleaving of `threads` after `prelude`, with `fewer` preemptions than the environment allows.
fn check_all(
    frames: u64,
    limits: [u64; 2],
    prelude: &[Op],
    threads: &[&[Op]],
    end: u64,
    fewer: usize,
) {
    let prelude = prelude.to_vec();
    let threads: Vec<Vec<Op>> = threads.iter().map(|thread| thread.to_vec()).collect();
    let all = || threads.iter().flatten();
    let seconds: BTreeSet<u64> = all().filter_map(Op::second).collect();
    let takes_back = |op: &Op| !matches!(op, Book(..) | Update(..) | Limits(..) | Read(_));
    let beside = match all().any(Op::changes_the_plan) {
        false => Beside::Nothing,
        true if seconds.len() > 1 || all().any(takes_back) => Beside::Clears,
        true => Beside::Limits,
    };
    explore_most(fewer, move || {
        let window = loom::sync::Arc::new(ModelWindow::new(0, frames, limits));
        let mut model = Sequential {
            frames,
            limits,
            head: 0,
            held: BTreeMap::new(),
        };
        for op in &prelude {
            let said = run(&window, op).unwrap();
            let expected = model.apply(op);
            assert!(
                Sequential::accepts(&expected, &said, Beside::Nothing),
                "{op:?}: {said:?} instead of {expected:?}"
            );
        }
        let handles: Vec<_> = threads
            .iter()
            .cloned()
            .map(|ops| {
                let window = window.clone();
                // all work is done in spawned threads: loom explores far less of what its main thread does
                loom::thread::spawn(move || -> Vec<(Op, Outcome)> {
                    ops.into_iter()
                        .map(|op| (op.clone(), run(&window, &op)))
                        .collect()
                })
            })
            .collect();
        let history: History = handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .collect();
        // whoever is dead, the window works on, and shows a state that some order leaves
        let probe = run(&window, &Book(end, 1)).unwrap();
        let shown = run(&window, &Read(end)).unwrap();
        let found = explained(
            &model,
            &history,
            &mut vec![0; history.len()],
            beside,
            &|model| {
                let mut model = model.clone();
                let expected = model.apply(&Book(end, 1));
                Sequential::accepts(&expected, &probe, Beside::Nothing)
                    && model.apply(&Read(end)) == shown
            },
        );
        assert!(
            found,
            "no order explains {history:?}, then {probe:?}, {shown:?}"
        );
    });
}
