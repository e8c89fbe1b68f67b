//! Threads that die at each of their writes.

use crate::history::{Op, Op::*, check_heavy};
use call_gate_core::model::{ModelWindow, Said, killed_at};

/// Kills `op` before each of its writes, beside `other`.
fn killed(limits: [u64; 2], prelude: &[Op], op: Op, most_writes: u32, other: &[Op], end: u64) {
    for writes in 0..most_writes {
        check_heavy(
            2,
            limits,
            prelude,
            &[other, &[Killed(writes, Box::new(op.clone()))]],
            end,
        );
    }
}

#[test]
fn killed_in_a_roll() {
    killed([3, 4], &[Book(1, 2)], Book(2, 1), 7, &[Book(2, 2)], 3);
}

#[test]
fn killed_in_a_farther_roll() {
    killed([3, 4], &[Book(1, 2)], Book(3, 1), 7, &[Book(2, 2)], 3);
}

#[test]
fn killed_in_a_refund() {
    killed(
        [3, 4],
        &[Book(1, 3)],
        Refund(1, 2),
        4,
        &[Book(1, 1), Refund(1, 1)],
        2,
    );
}

#[test]
fn killed_in_a_clear() {
    killed([3, 4], &[Book(1, 2)], Clear, 15, &[Book(2, 2)], 3);
}

#[test]
fn killed_in_a_change_of_limits() {
    killed([3, 4], &[Book(1, 2)], Limits(1, 2), 12, &[Book(1, 1)], 2);
}

#[test]
fn killed_in_a_change_of_limits_beside_another() {
    killed([3, 4], &[Book(1, 2)], Limits(1, 2), 12, &[Limits(2, 5)], 2);
}

/// A change that a dead thread left behind happens before the next booking or never: later it would take that along.
#[test]
fn what_a_dead_thread_left_is_not_done_later() {
    for writes in 0..15 {
        loom::model(move || {
            let window = ModelWindow::new(1, 2, [3, 4]);
            window.book(1, 2);
            killed_at(writes, || window.clear());
            let Said::Booked { used, .. } = window.book(1, 1) else {
                panic!("there is room for one more, cleared or not");
            };
            window.set_limits([3, 4]);
            let Said::Frames(_, values) = window.read(1) else {
                panic!("frames are read");
            };
            assert_eq!(values[0], used[0], "killed before write {writes}");
        });
    }
}
