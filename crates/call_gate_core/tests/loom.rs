//! Models of the packed window: every interleaving of a few operations must be explained by some order of them; and of
//! the wait queue: nobody in it is left asleep; and of a turnstile's permits: never one too many.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=3 cargo test --release -p call_gate_core --test loom`
#![cfg(loom)]
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic
)]

#[path = "loom/explore.rs"]
mod explore;
#[path = "loom/history.rs"]
mod history;
#[path = "loom/killed.rs"]
mod killed;
#[path = "loom/limits.rs"]
mod limits;
#[path = "loom/notes.rs"]
mod notes;
#[path = "loom/permits.rs"]
mod permits;
#[path = "loom/queue.rs"]
mod queue;
#[path = "loom/sequential.rs"]
mod sequential;
#[path = "loom/waiters.rs"]
mod waiters;

use history::{Op, Op::*, check, check_heavy};

/// The frames of every scenario start here: two frames of one second, 3 in a frame and 4 in the window.
fn two_frames(prelude: &[Op], threads: &[&[Op]], end: u64) {
    check(2, [3, 4], prelude, threads, end);
}

#[test]
fn admissions_in_one_frame() {
    check(
        2,
        [3, 5],
        &[Book(1, 1)],
        &[&[Book(1, 1), Book(1, 1)], &[Book(1, 1), Book(1, 2)]],
        1,
    );
}

#[test]
fn a_roll_meets_a_stale_clock() {
    two_frames(
        &[Book(1, 1)],
        &[&[Book(2, 2)], &[Book(1, 1), Book(2, 1)]],
        2,
    );
}

#[test]
fn two_rolls_meet() {
    two_frames(&[Book(1, 2)], &[&[Book(2, 1)], &[Book(2, 2)]], 3);
}

#[test]
fn a_roll_meets_a_farther_roll() {
    check(3, [3, 4], &[Book(1, 2)], &[&[Book(2, 2)], &[Book(3, 2)]], 4);
}

#[test]
fn helpers_with_different_clocks_agree_on_a_frame() {
    check(
        3,
        [3, 5],
        &[Book(1, 2)],
        &[&[Book(2, 1), Book(3, 1)], &[Book(4, 1)]],
        5,
    );
}

#[test]
fn two_rolls_meet_one() {
    two_frames(
        &[Book(1, 2)],
        &[&[Book(2, 1), Book(3, 2)], &[Book(2, 2)]],
        3,
    );
}

#[test]
fn a_late_helper_does_no_harm() {
    two_frames(
        &[Book(1, 2)],
        &[&[Book(2, 1)], &[Book(2, 1), Book(3, 1), Book(4, 1)]],
        4,
    );
}

#[test]
fn a_roll_meets_a_refund() {
    two_frames(&[Book(1, 3)], &[&[Book(2, 2)], &[Refund(1, 1)]], 2);
}

#[test]
fn a_refund_meets_an_admission() {
    two_frames(
        &[Book(1, 3)],
        &[&[Book(1, 1)], &[Refund(1, 1), Refund(1, 3)]],
        2,
    );
}

#[test]
fn two_refunds_of_the_same_units() {
    two_frames(&[Book(1, 2)], &[&[Refund(1, 2)], &[Refund(1, 2)]], 2);
}

#[test]
fn a_refund_meets_a_clear() {
    two_frames(
        &[Book(1, 2), Book(2, 1)],
        &[&[Refund(2, 1)], &[Clear, Book(2, 1)]],
        3,
    );
}

#[test]
fn a_refund_meets_a_change_of_limits() {
    check(
        2,
        [3, 4],
        &[Book(1, 3)],
        &[&[Refund(1, 3)], &[Limits(2, 3)]],
        2,
    );
}

#[test]
fn a_refund_finds_the_same_word_after_a_change() {
    // 3 used of 4; with a limit of 3 and 2 refunded the head shows the same remainder, but only 1 can be taken back
    check(
        2,
        [4, 4],
        &[Book(1, 3)],
        &[&[Refund(1, 3)], &[Limits(3, 3), Refund(1, 1)]],
        2,
    );
}

#[test]
fn a_clear_meets_admissions() {
    two_frames(&[Book(1, 2)], &[&[Clear], &[Book(1, 1), Book(1, 2)]], 2);
}

#[test]
fn a_clear_meets_a_roll() {
    two_frames(&[Book(1, 2)], &[&[Clear], &[Book(2, 3)]], 3);
}

#[test]
fn two_clears_meet() {
    two_frames(
        &[Book(1, 2), Book(2, 1)],
        &[&[Clear], &[Clear, Book(2, 3)]],
        3,
    );
}

#[test]
fn a_very_late_roll_meets_a_clear() {
    // the ring comes round to the slot that the late helper is about to fill
    two_frames(
        &[Book(1, 2)],
        &[&[Book(2, 1)], &[Book(2, 1), Clear, Book(4, 2)]],
        5,
    );
}

#[test]
fn a_late_roll_meets_a_clear() {
    check_heavy(
        2,
        [3, 4],
        &[Book(1, 2)],
        &[&[Book(2, 1)], &[Book(2, 1), Clear, Book(3, 2)]],
        3,
    );
}

#[test]
fn a_read_beside_a_roll() {
    two_frames(&[Book(1, 2)], &[&[Read(2)], &[Book(2, 2)]], 3);
}

#[test]
fn a_read_beside_a_clear() {
    two_frames(
        &[Book(1, 2), Book(2, 1)],
        &[&[Read(2)], &[Clear, Book(2, 1)]],
        3,
    );
}

#[test]
fn a_read_beside_a_change_of_limits() {
    check(
        2,
        [3, 4],
        &[Book(1, 2)],
        &[&[Read(1)], &[Limits(1, 2), Refund(1, 1)]],
        2,
    );
}

#[test]
fn the_fast_path_beside_a_roll() {
    two_frames(
        &[Update(1, 1)],
        &[&[Update(1, 1), Update(2, 1)], &[Update(2, 2)]],
        2,
    );
}

#[test]
fn the_fast_path_beside_a_change_of_limits() {
    check(
        2,
        [2, 4],
        &[Update(1, 1)],
        &[&[Limits(3, 4)], &[Update(1, 1), Update(1, 1)]],
        1,
    );
}

#[test]
fn refusals_of_the_fast_path_beside_a_refund() {
    check(
        2,
        [2, 4],
        &[Update(1, 2), Update(1, 1)],
        &[&[Refund(1, 1)], &[Update(1, 1), Update(1, 1)]],
        1,
    );
}

#[test]
fn three_threads_roll_and_admit() {
    two_frames(
        &[Book(1, 2)],
        &[&[Book(2, 1)], &[Book(2, 1)], &[Book(1, 1)]],
        3,
    );
}

#[test]
fn three_threads_clear_refund_and_admit() {
    check_heavy(
        2,
        [3, 4],
        &[Book(1, 2)],
        &[&[Clear], &[Refund(1, 1)], &[Book(1, 1)]],
        2,
    );
}

#[test]
fn three_threads_change_limits_roll_and_admit() {
    check_heavy(
        2,
        [3, 4],
        &[Book(1, 2)],
        &[&[Limits(2, 5)], &[Book(2, 1)], &[Book(1, 1)]],
        2,
    );
}
