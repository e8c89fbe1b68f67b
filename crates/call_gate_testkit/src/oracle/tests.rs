//! The judge judged: tables computed by hand.
// long file: tables worked out by hand, one beside the other

use super::*;

const S: u64 = 1_000_000_000;

fn rules(frames: u64, gate: Option<u64>, frame: Option<u64>) -> Rules {
    Rules {
        frame_step: S,
        frames,
        strict: false,
        credits: false,
        caps: Caps { gate, frame },
        ceiling: None,
        most: u64::MAX,
        sees: Sees::Always,
    }
}

fn admitted(outcome: &Outcome) -> (u64, u64, u64, u64) {
    match outcome {
        Outcome::Admitted(r) => (r.sum, r.frame_start / S, r.frame_value, r.remaining),
        other => panic!("{other:?}"),
    }
}

fn denied(outcome: &Outcome) -> (Rule, u64, u64, u64, u64) {
    match outcome {
        Outcome::Denied(d) => (d.rule, d.limit, d.used, d.requested, d.retry_after),
        other => panic!("{other:?}"),
    }
}

fn decided(outcome: &Outcome) -> (bool, u64, u64, u64, u64) {
    match outcome {
        Outcome::Decision(d) => (
            d.allowed,
            d.limit,
            d.remaining,
            d.retry_after,
            d.reset_after,
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_window_of_three_frames_by_hand() {
    let mut oracle = Oracle::new(rules(3, Some(10), Some(6)), 100 * S);
    //         time   value  sum frame held remaining
    let table = [
        (100 * S, 4, (4, 100, 4, 2)),
        (100 * S + 1, 2, (6, 100, 6, 0)),
        (101 * S, 3, (9, 101, 3, 1)),
        (102 * S, 1, (10, 102, 1, 0)),
        (103 * S, 5, (9, 103, 5, 1)),
        (104 * S, 4, (10, 104, 4, 0)),
        (107 * S - 1, 1, (5, 106, 1, 5)),
        (107 * S, 6, (7, 107, 6, 0)),
    ];
    for (now, value, expected) in table {
        assert_eq!(
            admitted(&oracle.try_update(now, value)),
            expected,
            "{value} at {now}"
        );
    }
}

#[test]
fn denials_by_hand() {
    let mut oracle = Oracle::new(rules(4, Some(10), Some(6)), 0);
    for (second, value) in [(0, 2), (1, 3), (2, 4)] {
        admitted(&oracle.try_update(second * S, value));
    }
    let half = 2 * S + S / 2;
    // The sum is 9: in the frames of seconds 0, 1 and 2 are 2, 3 and 4.
    assert_eq!(
        denied(&oracle.try_update(half, 2)),
        (Rule::Gate, 10, 9, 2, S + S / 2)
    );
    assert_eq!(
        denied(&oracle.try_update(half, 3)),
        (Rule::Frame, 6, 4, 3, S + S / 2)
    );
    assert_eq!(
        denied(&oracle.try_update(half, 4)),
        (Rule::Frame, 6, 4, 4, 2 * S + S / 2)
    );
    assert_eq!(
        denied(&oracle.try_update(half, 6)),
        (Rule::Frame, 6, 4, 6, 2 * S + S / 2)
    );
    let too_large = |rule, limit, requested| Outcome::TooLarge {
        rule,
        limit,
        requested,
    };
    assert_eq!(oracle.try_update(half, 7), too_large(Rule::Frame, 6, 7));
    assert_eq!(oracle.try_update(half, 11), too_large(Rule::Frame, 6, 11));
    oracle.set_caps(Caps {
        gate: Some(10),
        frame: None,
    });
    assert_eq!(oracle.try_update(half, 11), too_large(Rule::Gate, 10, 11));
    oracle.set_caps(Caps {
        gate: Some(10),
        frame: Some(6),
    });
    // A frame later the frame is empty and the window is not.
    assert_eq!(
        denied(&oracle.try_update(3 * S, 6)),
        (Rule::Gate, 10, 9, 6, 2 * S)
    );
}

#[test]
fn the_time_to_come_back_is_when_it_is_admitted() {
    for value in 1..=6 {
        let mut oracle = Oracle::new(rules(4, Some(10), Some(6)), 0);
        for (second, value) in [(0, 2), (1, 3), (2, 4)] {
            admitted(&oracle.try_update(second * S, value));
        }
        let now = 2 * S + 7;
        let Outcome::Denied(denial) = oracle.try_update(now, value) else {
            continue;
        };
        denied(&oracle.try_update(now + denial.retry_after - 1, value));
        admitted(&oracle.try_update(now + denial.retry_after, value));
    }
}

#[test]
fn strict_counts_one_frame_more() {
    let mut loose = Oracle::new(rules(2, Some(3), None), 0);
    let mut strict = Oracle::new(
        Rules {
            strict: true,
            ..rules(2, Some(3), None)
        },
        0,
    );
    assert_eq!(admitted(&loose.try_update(0, 3)), (3, 0, 3, 0));
    assert_eq!(admitted(&strict.try_update(0, 3)), (3, 0, 3, 0));
    assert_eq!(denied(&loose.try_update(S, 1)), (Rule::Gate, 3, 3, 1, S));
    assert_eq!(
        denied(&strict.try_update(S, 1)),
        (Rule::Gate, 3, 3, 1, 2 * S)
    );
    assert_eq!(admitted(&loose.try_update(2 * S, 1)), (1, 2, 1, 2));
    assert_eq!(
        denied(&strict.try_update(2 * S, 1)),
        (Rule::Gate, 3, 3, 1, S)
    );
    assert_eq!(strict.held(2 * S).frames, [0, 0, 3]);
    assert_eq!(admitted(&strict.try_update(3 * S, 1)), (1, 3, 1, 2));
}

#[test]
fn a_clock_behind_books_in_the_newest_frame() {
    let mut oracle = Oracle::new(rules(2, Some(3), None), 50 * S);
    assert_eq!(admitted(&oracle.try_update(60 * S, 1)), (1, 60, 1, 2));
    assert_eq!(admitted(&oracle.try_update(40 * S, 1)), (2, 60, 2, 1));
    assert_eq!(
        denied(&oracle.try_update(40 * S, 2)),
        (Rule::Gate, 3, 2, 2, 22 * S)
    );
    // Asking sees the time, also in vain.
    assert_eq!(
        denied(&oracle.try_update(61 * S, 2)),
        (Rule::Gate, 3, 2, 2, S)
    );
    assert_eq!(oracle.held(40 * S).frame_start, 61 * S);
    assert_eq!(oracle.held(70 * S).frame_start, 70 * S);
    assert_eq!(admitted(&oracle.try_update(61 * S, 2)), (2, 70, 2, 1));
    // A gate that was just made has seen the time too.
    let mut oracle = Oracle::new(rules(2, Some(3), None), 50 * S);
    assert_eq!(admitted(&oracle.try_update(40 * S, 1)), (1, 50, 1, 2));
}

#[test]
fn refunds_by_hand() {
    let mut oracle = Oracle::new(rules(3, Some(9), None), 0);
    admitted(&oracle.try_update(0, 5));
    assert_eq!(admitted(&oracle.refund(0, 2)), (3, 0, 3, 6));
    assert_eq!(
        oracle.refund(0, 4),
        Outcome::Underflow {
            requested: 4,
            booked: 3
        }
    );
    assert_eq!(admitted(&oracle.refund(0, 0)), (3, 0, 3, 6));
    assert_eq!(
        oracle.refund(S, 1),
        Outcome::Underflow {
            requested: 1,
            booked: 0
        }
    );
    assert_eq!(oracle.held(S).frames, [0, 3, 0]);
}

#[test]
fn passes_by_hand() {
    let pass = |oracle: &mut Oracle, now, value| oracle.enter(now, value).1.expect("admitted");
    let mut oracle = Oracle::new(rules(3, Some(9), None), 0);
    let (a, b) = (pass(&mut oracle, 0, 4), pass(&mut oracle, 0, 3));
    assert_eq!(oracle.settle_slip(S - 1, a, 1), Outcome::Returned(3));
    assert_eq!(oracle.held(0).sum, 4);
    assert_eq!(oracle.refund_slip(S, b), Outcome::Expired);
    assert_eq!(oracle.held(S).sum, 4);
    // Settling up books the difference where the clock is, or is denied and leaves the booking.
    let c = pass(&mut oracle, S, 2);
    assert_eq!(oracle.settle_slip(2 * S, c, 4), Outcome::Returned(0));
    assert_eq!(oracle.held(2 * S).frames, [2, 2, 4]);
    let d = pass(&mut oracle, 2 * S, 1);
    assert_eq!(
        denied(&oracle.settle_slip(2 * S, d, 2)),
        (Rule::Gate, 9, 9, 1, S)
    );
    assert_eq!(oracle.held(2 * S).sum, 9);
    assert!(oracle.enter(2 * S, 1).1.is_none());
}

#[test]
fn credits_reach_as_far_as_the_window() {
    let credits = Rules {
        credits: true,
        ..rules(3, Some(9), None)
    };
    for (second, expected) in [
        (0, Outcome::Returned(4)),
        (2, Outcome::Returned(4)),
        (3, Outcome::Expired),
    ] {
        let mut oracle = Oracle::new(credits.clone(), 0);
        let slip = oracle.enter(0, 4).1.expect("admitted");
        assert_eq!(
            oracle.refund_slip(second * S, slip),
            expected,
            "{second} s later"
        );
    }
    let mut strict = Oracle::new(
        Rules {
            strict: true,
            ..credits
        },
        0,
    );
    let slip = strict.enter(0, 4).1.expect("admitted");
    assert_eq!(strict.refund_slip(3 * S, slip), Outcome::Returned(4));
}

#[test]
fn a_clear_ends_an_era() {
    for credits in [false, true] {
        let mut oracle = Oracle::new(
            Rules {
                credits,
                ..rules(3, Some(9), None)
            },
            0,
        );
        let slip = oracle.enter(5 * S, 4).1.expect("admitted");
        assert_eq!(oracle.clear(), Outcome::Done);
        admitted(&oracle.try_update(5 * S, 6));
        assert_eq!(oracle.refund_slip(5 * S, slip), Outcome::Expired);
        assert_eq!(oracle.held(0).frames, [6, 0, 0]);
        assert_eq!(
            oracle.held(0).frame_start,
            5 * S,
            "a clear does not turn time back"
        );
    }
}

#[test]
fn limits_change_and_counts_stay() {
    let mut oracle = Oracle::new(
        Rules {
            ceiling: Some(20),
            ..rules(2, Some(9), None)
        },
        0,
    );
    admitted(&oracle.try_update(0, 8));
    let caps = |gate, frame| Caps { gate, frame };
    assert_eq!(oracle.set_caps(caps(Some(3), None)), Outcome::Done);
    assert_eq!(admitted(&oracle.try_update(0, 0)), (8, 0, 8, 0));
    assert_eq!(
        denied(&oracle.try_update(0, 1)),
        (Rule::Gate, 3, 8, 1, 2 * S)
    );
    for wrong in [
        caps(Some(3), Some(4)),
        caps(Some(0), None),
        caps(None, Some(0)),
        caps(Some(21), None),
    ] {
        assert_eq!(oracle.set_caps(wrong), Outcome::Rejected);
    }
    assert_eq!(oracle.rules().caps, caps(Some(3), None));
    assert_eq!(oracle.set_caps(caps(None, None)), Outcome::Done);
    assert_eq!(admitted(&oracle.try_update(0, 100)).0, 108);
}

#[test]
fn decisions_by_hand() {
    let mut oracle = Oracle::new(rules(3, Some(10), Some(6)), 0);
    assert_eq!(decided(&oracle.peek(S / 2, 0)), (true, 6, 6, 0, 0));
    assert_eq!(
        decided(&oracle.decide(S / 2, 6)),
        (true, 6, 0, 0, 2 * S + S / 2)
    );
    assert_eq!(
        decided(&oracle.peek(S / 2, 1)),
        (false, 6, 0, S / 2, 2 * S + S / 2)
    );
    assert_eq!(decided(&oracle.peek(S, 4)), (true, 10, 4, 0, 2 * S));
    assert_eq!(decided(&oracle.peek(S, 5)), (false, 10, 4, 2 * S, 2 * S));
    assert_eq!(
        oracle.peek(S, 7),
        Outcome::TooLarge {
            rule: Rule::Frame,
            limit: 6,
            requested: 7
        }
    );
    assert_eq!(decided(&oracle.decide(S, 3)), (true, 10, 1, 0, 3 * S));
    // An old frame that still counts, and a newest one that was refunded to nothing.
    oracle.refund(S, 3);
    assert_eq!(decided(&oracle.peek(S, 1)), (true, 10, 4, 0, 2 * S));
}

#[test]
fn checks_tell_the_gate_first() {
    let mut oracle = Oracle::new(rules(3, Some(4), Some(2)), 0);
    assert_eq!(oracle.check_limits(0), Outcome::Done);
    admitted(&oracle.try_update(0, 2));
    assert_eq!(denied(&oracle.check_limits(0)), (Rule::Frame, 2, 2, 1, S));
    admitted(&oracle.try_update(S, 2));
    assert_eq!(
        denied(&oracle.check_limits(S)),
        (Rule::Gate, 4, 4, 1, 2 * S)
    );
    assert_eq!(oracle.check_limits(3 * S), Outcome::Done);
}

#[test]
fn no_sum_passes_what_can_be_told() {
    let mut oracle = Oracle::new(rules(2, None, None), 0);
    assert_eq!(
        admitted(&oracle.try_update(0, u64::MAX)),
        (u64::MAX, 0, u64::MAX, 0)
    );
    assert_eq!(
        denied(&oracle.try_update(0, 1)),
        (Rule::Gate, u64::MAX, u64::MAX, 1, 2 * S)
    );
    assert_eq!(
        admitted(&oracle.try_update(2 * S, 5)),
        (5, 2, 5, u64::MAX - 5)
    );
}

#[test]
fn a_restored_gate_believes_what_it_is_told() {
    let mut oracle = Oracle::restored(
        rules(3, Some(9), None),
        12 * S,
        Some((11 * S, &[1, 2, 3, 4])),
    )
    .unwrap();
    assert_eq!(oracle.held(12 * S).frames, [0, 1, 2]);
    assert_eq!(oracle.held(11 * S).frames, [0, 1, 2]);
    assert_eq!(admitted(&oracle.try_update(13 * S, 8)), (9, 13, 8, 0));
    assert_eq!(
        Oracle::restored(rules(3, None, None), 12 * S, None)
            .unwrap()
            .held(12 * S)
            .sum,
        0
    );
    // One window ahead of the clock may be a clock that was set back, more is nonsense.
    let ahead = |newest| Oracle::restored(rules(3, None, None), 12 * S, Some((newest, &[1])));
    assert_eq!(ahead(15 * S).unwrap().held(12 * S).frame_start, 15 * S);
    assert!(ahead(16 * S).is_none());
}

/// A gate that only changes make see the time.
fn frugal(frames: u64, gate: u64) -> Oracle {
    let rules = Rules {
        sees: Sees::Changes,
        ..rules(frames, Some(gate), None)
    };
    Oracle::new(rules, 50 * S)
}

#[test]
fn a_look_leaves_no_trace() {
    let mut oracle = frugal(3, 3);
    // It was made at 50 s, and looked at later.
    assert_eq!(oracle.held(60 * S).frame_start, 60 * S);
    assert_eq!(admitted(&oracle.try_update(40 * S, 2)), (2, 40, 2, 1));
    let looks: [fn(&mut Oracle, u64) -> Outcome; 7] = [
        |gate, now| gate.peek(now, 1),
        |gate, now| gate.check_limits(now),
        |gate, now| Outcome::Held(gate.held(now)),
        |gate, now| gate.try_update(now, 0),
        |gate, now| gate.refund(now, 0),
        |gate, now| gate.decide(now, 2),
        |gate, now| gate.refund(now, 9),
    ];
    for look in looks {
        look(&mut oracle, 42 * S);
        assert_eq!(oracle.held(41 * S).frame_start, 41 * S);
        assert_eq!(oracle.held(39 * S).frame_start, 40 * S);
        assert_eq!(oracle.held(39 * S).sum, 2);
    }
    assert_eq!(
        denied(&oracle.try_update(42 * S, 2)),
        (Rule::Gate, 3, 2, 2, S)
    );
    assert_eq!(admitted(&oracle.try_update(41 * S, 1)), (3, 41, 1, 0));
    assert_eq!(oracle.held(40 * S).frame_start, 41 * S);
}

#[test]
fn changes_see_the_time() {
    let starts = |oracle: &mut Oracle| oracle.held(40 * S).frame_start / S;
    let mut oracle = frugal(5, 9);
    let (_, slip) = oracle.enter(41 * S, 5);
    assert_eq!(starts(&mut oracle), 41);
    let slip = slip.expect("admitted");
    assert_eq!(oracle.settle_slip(42 * S, slip, 5), Outcome::Returned(0));
    assert_eq!(oracle.refund_slip(42 * S, slip), Outcome::Expired);
    assert_eq!(starts(&mut oracle), 41, "nothing came of it");
    let credits = Rules {
        credits: true,
        ..oracle.rules().clone()
    };
    let mut oracle = Oracle::new(credits, 0);
    let (_, slip) = oracle.enter(41 * S, 5);
    let slip = slip.expect("admitted");
    assert_eq!(oracle.settle_slip(42 * S, slip, 3), Outcome::Returned(2));
    assert_eq!(starts(&mut oracle), 42);
    assert_eq!(oracle.held(42 * S).frames, [0, 3, 0, 0, 0]);
    oracle.try_update(43 * S, 2);
    oracle.refund(43 * S, 2);
    assert_eq!(starts(&mut oracle), 43);
    oracle.clear();
    oracle.set_caps(Caps::default());
    assert_eq!(starts(&mut oracle), 43);
    // Told what another gate held, it has seen its own time and that one's newest frame; if that held nothing, nothing.
    let restored = |newest: u64, values: &[u64]| {
        let rules = oracle.rules().clone();
        let oracle = Oracle::restored(rules, 43 * S, Some((newest * S, values)));
        starts(&mut oracle.expect("a snapshot to believe"))
    };
    assert_eq!((restored(44, &[0, 1]), restored(44, &[0, 0])), (44, 40));
    assert_eq!(
        (restored(39, &[1]), restored(38, &[1])),
        (43, 40),
        "of its window or not"
    );
}

#[test]
fn a_clock_a_window_behind_finds_an_empty_gate() {
    let full = || {
        let mut oracle = frugal(3, 3);
        let slip = oracle.enter(50 * S, 3).1.expect("admitted");
        (oracle, slip)
    };
    // Three frames behind it is clamped, four behind it is not.
    let (mut oracle, slip) = full();
    assert_eq!(oracle.held(47 * S).frame_start, 50 * S);
    assert_eq!(
        denied(&oracle.try_update(47 * S, 1)),
        (Rule::Gate, 3, 3, 1, 6 * S)
    );
    let held = oracle.held(47 * S - 1);
    assert_eq!((held.frame_start, held.sum), (46 * S, 0));
    assert_eq!(oracle.refund_slip(46 * S, slip), Outcome::Expired);
    assert_eq!(decided(&oracle.peek(46 * S, 1)), (true, 3, 3, 0, 0));
    // Nobody booked there, so it counts again.
    assert_eq!(oracle.held(49 * S).frames, [3, 0, 0]);
    assert_eq!(oracle.refund_slip(50 * S, slip), Outcome::Returned(3));
    // Somebody did.
    let (mut oracle, slip) = full();
    let (told, other) = oracle.enter(46 * S, 2);
    assert_eq!(admitted(&told), (2, 46, 2, 1));
    assert_eq!(oracle.held(50 * S).frames, [0, 0, 0]);
    assert_eq!(oracle.held(48 * S).frames, [0, 0, 2]);
    assert_eq!(oracle.refund_slip(46 * S, slip), Outcome::Expired);
    let other = other.expect("admitted");
    assert_eq!(oracle.refund_slip(46 * S, other), Outcome::Returned(2));
    assert_eq!(
        oracle.refund(46 * S, 1),
        Outcome::Underflow {
            requested: 1,
            booked: 0
        }
    );
    // A clear there forgets what was counted, and the gate is still ahead.
    let (mut oracle, slip) = full();
    oracle.clear();
    assert_eq!(oracle.held(46 * S).frame_start, 46 * S);
    assert_eq!(oracle.held(48 * S).frame_start, 50 * S);
    assert_eq!(oracle.held(50 * S).sum, 0);
    assert_eq!(oracle.refund_slip(50 * S, slip), Outcome::Expired);
    // A strict gate keeps a frame more, and waits for it.
    let strict = Rules {
        strict: true,
        ..oracle.rules().clone()
    };
    let mut oracle = Oracle::new(strict, 0);
    oracle.try_update(50 * S, 1);
    assert_eq!(oracle.held(46 * S).sum, 1);
    assert_eq!(oracle.held(46 * S - 1).sum, 0);
}

#[test]
fn a_long_list_is_summed_up_where_it_was_seen() {
    let (mut long, mut short) = (frugal(3, 9), frugal(3, 9));
    for oracle in [&mut long, &mut short] {
        oracle.try_update(50 * S, 1);
        oracle.try_update(52 * S, 2);
        oracle.refund(52 * S, 1);
    }
    for now in [90 * S, 10 * S, 53 * S] {
        short.sum_up(now);
    }
    assert_eq!((long.entries(), short.entries()), (3, 2));
    for now in [10 * S, 49 * S, 50 * S, 53 * S, 54 * S, 90 * S] {
        assert_eq!(long.held(now), short.held(now), "at {now}");
    }
}

#[test]
fn sums_end_where_numbers_do() {
    let most = (1 << 53) - 1;
    let unlimited = Rules {
        most,
        ..rules(2, None, None)
    };
    let mut oracle = Oracle::new(unlimited, 0);
    let too_large = Outcome::TooLarge {
        rule: Rule::Gate,
        limit: most,
        requested: most + 1,
    };
    assert_eq!(oracle.try_update(0, most + 1), too_large);
    assert_eq!(oracle.peek(0, most + 1), too_large);
    assert_eq!(decided(&oracle.peek(0, 1)), (true, u64::MAX, most, 0, 0));
    assert_eq!(admitted(&oracle.try_update(0, most)), (most, 0, most, 0));
    assert_eq!(
        denied(&oracle.try_update(S, 1)),
        (Rule::Gate, most, most, 1, S)
    );
    assert_eq!(
        denied(&oracle.check_limits(0)),
        (Rule::Gate, most, most, 1, 2 * S)
    );
    let caps = |gate| Caps {
        gate: Some(gate),
        frame: None,
    };
    assert_eq!(oracle.set_caps(caps(most + 1)), Outcome::Rejected);
    assert_eq!(oracle.set_caps(caps(most)), Outcome::Done);
    // a frame limit alone names itself
    oracle.set_caps(Caps {
        gate: None,
        frame: Some(5),
    });
    assert!(matches!(
        oracle.try_update(0, most + 1),
        Outcome::TooLarge {
            rule: Rule::Frame,
            limit: 5,
            ..
        }
    ));
}
