//! The checker checked: by hand and against a full search.

use proptest::prelude::*;

use super::*;

fn history(admissions: &[(u64, u64)], gate: Option<u64>, frame: Option<u64>) -> History {
    let mut history = History::new(10, 3).with_limits(gate, frame);
    history.extend(
        admissions
            .iter()
            .map(|&(time, value)| Admission { time, value }),
    );
    history
}

#[test]
fn names_the_interval() {
    let full = [(9, 4), (10, 2), (29, 2), (35, 2), (39, 2)];
    assert_eq!(history(&full, Some(8), Some(4)).check(), Ok(()));
    assert_eq!(history(&full, Some(8), Some(4)).fullest_window(), 8);
    let over = history(&full, Some(8), Some(3)).check().unwrap_err();
    assert_eq!(
        over,
        Violation {
            kind: ViolationKind::Frame,
            from: 0,
            to: 10,
            held: 4,
            limit: 3
        }
    );
    let over = history(&full, Some(7), None).check().unwrap_err();
    assert_eq!(
        over,
        Violation {
            kind: ViolationKind::Window,
            from: 0,
            to: 30,
            held: 8,
            limit: 7
        }
    );
    assert_eq!(
        over.to_string(),
        "the aligned window from 0 ns to 30 ns holds 8, its limit is 7"
    );
    // Between 9 and 39 are 4 + 2 + 2 + 2, which no aligned window sees.
    let over = history(&full, Some(8), None).strict().check().unwrap_err();
    assert_eq!(
        over,
        Violation {
            kind: ViolationKind::Interval,
            from: 9,
            to: 39,
            held: 10,
            limit: 8
        }
    );
}

#[test]
fn an_interval_ends_before_its_end() {
    assert_eq!(
        history(&[(5, 1), (35, 1)], Some(1), None).strict().check(),
        Ok(())
    );
    assert!(
        history(&[(5, 1), (34, 1)], Some(1), None)
            .strict()
            .check()
            .is_err()
    );
    assert!(
        history(&[(34, 1), (5, 1)], Some(1), None)
            .strict()
            .check()
            .is_err()
    );
    assert!(
        history(&[(5, 1), (5, 1)], Some(1), None)
            .strict()
            .check()
            .is_err()
    );
}

#[test]
fn sums_do_not_wrap() {
    assert!(
        history(&[(5, u64::MAX), (5, u64::MAX)], Some(u64::MAX), None)
            .check()
            .is_err()
    );
    assert!(history(&[], Some(1), Some(1)).check().is_ok());
}

proptest! {
    /// Every nanosecond as the beginning of a frame, a window or an interval.
    #[test]
    fn finds_what_a_full_search_finds(
        admissions in proptest::collection::vec((0_u64..120, 1_u64..4), 0..14),
        gate in 3_u64..9,
        frame in 2_u64..6,
        strict: bool,
    ) {
        let mut history = history(&admissions, Some(gate), Some(frame));
        if strict {
            history = history.strict();
        }
        let held = |from: u64, to: u64| -> u64 {
            admissions.iter().filter(|(time, _)| from <= *time && *time < to).map(|(_, value)| value).sum()
        };
        let fine = (0..150).all(|from| {
            let aligned = from % 10 == 0;
            (!aligned || held(from, from + 10) <= frame) && (!aligned && !strict || held(from, from + 30) <= gate)
        });
        prop_assert_eq!(history.check().is_ok(), fine);
    }
}
