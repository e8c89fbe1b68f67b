//! The local gate: its part of the limits, its denials, its passes, its memory.

use super::*;
use crate::policy::fallback::HERE;
use call_gate_core::{Booked, Scope};

fn update(fallback: &Fallback, value: u64) -> Answer {
    ask(fallback, Act::Update { value }, false).unwrap()
}

fn admitted(fallback: &Fallback, value: u64) -> Reading {
    match update(fallback, value) {
        Answer::Admitted(reading) => reading,
        other => panic!("{other:?}"),
    }
}

fn denied(fallback: &Fallback, value: u64) -> Denial {
    match update(fallback, value) {
        Answer::Denied(denial) => denial,
        other => panic!("{other:?}"),
    }
}

/// Gives back what was booked in the frame of `reading`.
fn refund(fallback: &Fallback, value: u64, reading: &Reading) -> Answer {
    let booked = Some(Booked::new(reading.frame().start().into(), HERE));
    let blocking = ask(fallback, Act::Refund { value, booked }, false).unwrap();
    if let Answer::Returned(_) = blocking {
        return blocking;
    }
    // what changes nothing is the same on both ways
    let awaited = ask(fallback, Act::Refund { value, booked }, true).unwrap();
    assert_eq!(awaited, blocking);
    blocking
}

#[test]
fn it_admits_its_part_and_tells_the_whole_limit() {
    let (server, clock) = (Server::away(Limits::gate(103)), clock());
    let fallback = fallback(&server, local(4), &clock);
    // 103 / 4 is 25
    let reading = admitted(&fallback, 20);
    assert_eq!(reading.sum(), 20);
    assert_eq!(reading.remaining(), 5);
    assert_eq!(reading, Reading::new(reading.frame(), 20, 5).of_era(HERE));
    // 78 are the others'
    let denial = Denial::new(Scope::Gate, 103, 98, 6, PAUSE);
    assert_eq!(denied(&fallback, 6), denial);
    let decision = Decision::new(false, 103, 5, PAUSE, SIZE);
    for awaited in [false, true] {
        let peek = ask(&fallback, Act::Peek { value: 6 }, awaited).unwrap();
        assert_eq!(peek, Answer::Decided(decision, Some(denial)));
        let peek = ask(&fallback, Act::Peek { value: 5 }, awaited).unwrap();
        let decision = Decision::new(true, 103, 5, Duration::ZERO, SIZE);
        assert_eq!(peek, Answer::Decided(decision, None));
        assert_eq!(ask(&fallback, Act::Check, awaited).unwrap(), Answer::Done);
    }
    assert_eq!(admitted(&fallback, 5).remaining(), 0);
    let denial = Denial::new(Scope::Gate, 103, 103, 1, PAUSE);
    for awaited in [false, true] {
        let check = ask(&fallback, Act::Check, awaited).unwrap();
        assert_eq!(check, Answer::Denied(denial));
    }
    assert_eq!(admitted(&fallback, 0).sum(), 25);
}

#[test]
fn a_wait_is_no_longer_than_the_pause_and_no_longer_than_it_takes() {
    let (server, clock) = (Server::away(Limits::frame(10)), clock());
    let fallback = fallback(&server, local(2), &clock);
    admitted(&fallback, 5);
    assert_eq!(denied(&fallback, 1).retry_after(), PAUSE);
    clock.advance(Duration::from_millis(960));
    let denial = Denial::new(Scope::Frame, 10, 10, 1, Duration::from_millis(40));
    assert_eq!(denied(&fallback, 1), denial);
    clock.advance(Duration::from_millis(40));
    admitted(&fallback, 1);
}

#[test]
fn a_value_above_its_part_is_denied_as_long_as_the_server_may_take_it() {
    let server = Server::away(Limits::gate(100).with_frame(40));
    let fallback = fallback(&server, local(4), &clock());
    for value in [11, 30, 40] {
        let denial = denied(&fallback, value);
        assert_eq!(denial, Denial::new(Scope::Frame, 40, 30, value, PAUSE));
        assert!(denial.limit() >= value && denial.used() + value > denial.limit());
        let peek = ask(&fallback, Act::Peek { value }, false).unwrap();
        match peek {
            Answer::Decided(decision, Some(denial)) => {
                assert!(!decision.allowed && decision.remaining == 10);
                assert_eq!((decision.limit, denial.limit()), (40, 40));
                assert_eq!((decision.retry_after, denial.retry_after()), (PAUSE, PAUSE));
            }
            other => panic!("{other:?}"),
        }
    }
    // the server would say too that it never can be
    assert!(denied(&fallback, 41).limit() < 41);
    admitted(&fallback, 10);
}

#[test]
fn a_peek_names_the_limit_that_binds() {
    let server = Server::away(Limits::gate(44).with_frame(40));
    let clock = clock();
    let fallback = fallback(&server, local(4), &clock);
    let peek = |value| match ask(&fallback, Act::Peek { value }, true).unwrap() {
        Answer::Decided(decision, denial) => {
            assert_eq!(
                denial.map(|denial| denial.limit()),
                (!decision.allowed).then_some(decision.limit)
            );
            (decision.limit, denial.map(|denial| denial.scope()))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(peek(1), (40, None));
    admitted(&fallback, 10);
    assert_eq!(peek(1), (40, Some(Scope::Frame)));
    clock.advance(STEP);
    assert_eq!(peek(1), (44, None));
    admitted(&fallback, 1);
    assert_eq!(peek(1), (44, Some(Scope::Gate)));
}

#[test]
fn a_part_of_nothing_denies() {
    let server = Server::away(Limits::gate(100).with_frame(3));
    let fallback = fallback(&server, local(4), &clock());
    assert_eq!(
        denied(&fallback, 1),
        Denial::new(Scope::Gate, 100, 100, 1, PAUSE)
    );
    assert_eq!(admitted(&fallback, 0).sum(), 0);
    let check = ask(&fallback, Act::Check, false).unwrap();
    assert!(matches!(check, Answer::Denied(denial) if denial.requested() == 1));
}

#[test]
fn no_limit_stays_none_and_one_of_one_is_the_whole() {
    let clock = clock();
    let none = fallback(&Server::away(Limits::none()), local(3), &clock);
    admitted(&none, u64::MAX / 2);
    let whole = fallback(&Server::away(Limits::gate(10)), local(1), &clock);
    assert_eq!(admitted(&whole, 10).remaining(), 0);
    assert_eq!(
        denied(&whole, 1),
        Denial::new(Scope::Gate, 10, 10, 1, PAUSE)
    );
}

#[test]
fn it_remembers_from_one_outage_to_the_next() {
    let (server, clock) = (Server::away(Limits::gate(20)), clock());
    let fallback = fallback(&server, local(2), &clock);
    admitted(&fallback, 6);
    server.come_back();
    assert_eq!(update(&fallback, 6), answer(&Act::Update { value: 6 }));
    clock.advance(9 * STEP);
    server.fail(StorageErrorKind::TimedOut);
    denied(&fallback, 5);
    assert_eq!(admitted(&fallback, 4).sum(), 10);
    clock.advance(STEP);
    // the six have left the window
    assert_eq!(admitted(&fallback, 6).sum(), 10);
}

#[test]
fn it_follows_the_limits_that_the_server_tells() {
    let (server, clock) = (Server::away(Limits::gate(20)), clock());
    let fallback = fallback(&server, local(2), &clock);
    admitted(&fallback, 8);
    server.set_limits(Limits::gate(10));
    // more than its five are used
    assert_eq!(
        denied(&fallback, 1),
        Denial::new(Scope::Gate, 10, 13, 1, PAUSE)
    );
    server.set_limits(Limits::gate(1));
    denied(&fallback, 1);
    server.set_limits(Limits::gate(2_000_000_000_000).with_frame(24));
    assert_eq!(admitted(&fallback, 4).sum(), 12);
    denied(&fallback, 1);
    server.set_limits(Limits::none());
    admitted(&fallback, 1_000_000);
    // as a server may have been told by others
    server.set_limits(Limits::gate(2_000_100).with_frame(3_000_000));
    assert_eq!(admitted(&fallback, 38).remaining(), 0);
}

#[test]
fn a_pass_is_given_back_to_the_gate_that_made_it() {
    let (server, clock) = (Server::away(Limits::gate(20)), clock());
    let fallback = fallback(&server, local(2), &clock);
    let reading = admitted(&fallback, 10);
    denied(&fallback, 1);
    server.come_back();
    let asked = server.asked();
    match refund(&fallback, 4, &reading) {
        Answer::Returned(left) => {
            assert_eq!(left, Reading::new(left.frame(), 6, 4).of_era(HERE));
            assert_eq!(left.frame().value(), 6);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(refund(&fallback, 7, &reading), Answer::Underflow(6));
    assert_eq!(server.asked(), asked, "not the server's");
    server.fail(StorageErrorKind::Unavailable);
    admitted(&fallback, 4);
    clock.advance(STEP);
    assert_eq!(refund(&fallback, 1, &reading), Answer::Expired);
    denied(&fallback, 1);
}

#[test]
fn with_credits_closed_frames_are_credited() {
    let (server, clock) = (Server::away(Limits::gate(20)), clock());
    let (_, config) = gate(&server, local(2), &clock, CallGateBuilder::credits);
    let time = Arc::new(clock.clone());
    let fallback = Fallback::with_clock(server, local(2), &config, PAUSE, time);
    let reading = admitted(&fallback, 10);
    clock.advance(STEP);
    denied(&fallback, 1);
    assert!(matches!(refund(&fallback, 3, &reading), Answer::Returned(left) if left.sum() == 7));
    admitted(&fallback, 3);
}

#[test]
fn strict_stays_strict() {
    let (server, clock) = (Server::away(Limits::gate(20)), clock());
    let (_, config) = gate(&server, local(2), &clock, CallGateBuilder::strict);
    let time = Arc::new(clock.clone());
    let fallback = Fallback::with_clock(server, local(2), &config, PAUSE, time);
    admitted(&fallback, 10);
    clock.advance(SIZE);
    denied(&fallback, 1);
    clock.advance(STEP);
    admitted(&fallback, 1);
}
