//! Limits that change while others book.

use crate::history::{Op::*, check, check_heavy};

#[test]
fn limits_fall_beside_an_admission() {
    check(
        2,
        [3, 4],
        &[Book(1, 1)],
        &[&[Limits(1, 2)], &[Book(1, 1), Book(1, 1)]],
        2,
    );
}

#[test]
fn limits_rise_beside_an_admission() {
    check(
        2,
        [1, 2],
        &[Book(1, 1)],
        &[&[Limits(3, 4)], &[Book(1, 1), Book(1, 1)]],
        2,
    );
}

#[test]
fn limits_change_beside_a_roll() {
    check(
        2,
        [3, 4],
        &[Book(1, 3)],
        &[&[Limits(2, 3)], &[Book(2, 1)]],
        3,
    );
}

#[test]
fn two_changes_of_limits_are_never_mixed() {
    check_heavy(
        2,
        [3, 4],
        &[Book(1, 2)],
        &[&[Limits(1, 1)], &[Limits(3, 6), Book(1, 1)]],
        2,
    );
}

#[test]
fn limits_change_beside_a_clear() {
    check_heavy(2, [3, 4], &[Book(1, 3)], &[&[Limits(2, 3)], &[Clear]], 2);
}

#[test]
fn a_reading_beside_a_change_is_not_older_than_its_booking() {
    check(
        2,
        [3, 9],
        &[Update(1, 1)],
        &[&[Limits(4, 9), Book(1, 1)], &[Update(1, 1)]],
        1,
    );
}
