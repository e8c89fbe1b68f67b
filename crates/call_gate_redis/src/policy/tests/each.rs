//! Each policy and each act, on both ways.

use super::*;
use crate::policy::fallback::HERE;
use call_gate_core::{Booked, Scope};

const LIMITS: Limits = Limits::gate(100).with_frame(20);

fn policies() -> [OnStorageError; 4] {
    [
        OnStorageError::Error,
        OnStorageError::Allow,
        OnStorageError::Deny,
        local(4),
    ]
}

fn acts() -> [Act; 8] {
    let booked = Some(Booked::new(Moment::default(), ERA));
    [
        Act::Update { value: 1 },
        Act::Refund {
            value: 1,
            booked: None,
        },
        Act::Refund { value: 1, booked },
        Act::Peek { value: 1 },
        Act::Check,
        Act::State,
        Act::Clear,
        Act::SetLimits(LIMITS),
    ]
}

/// The answers of `policy` while its server is away, on both ways and to both kinds of trouble.
fn away(policy: OnStorageError, act: &Act) -> Vec<Result<Answer, StorageError>> {
    let mut answers = Vec::new();
    for kind in OUTAGES {
        for awaited in [false, true] {
            let server = Server::new(LIMITS);
            server.fail(kind);
            let fallback = fallback(&server, policy, &clock());
            answers.push(ask(&fallback, act.clone(), awaited));
            assert_eq!(server.asked(), 1, "the server is asked first, and once");
        }
    }
    answers
}

/// The one answer that all of them are.
fn answered(policy: OnStorageError, act: &Act) -> Answer {
    let mut answers = away(policy, act).into_iter().map(Result::unwrap);
    let first = answers.next().unwrap();
    assert!(answers.all(|answer| answer == first));
    first
}

fn frame_start() -> Moment {
    clock().time().into()
}

#[test]
fn a_server_that_is_there_has_the_word() {
    for policy in policies() {
        for act in acts() {
            for awaited in [false, true] {
                let server = Server::new(LIMITS);
                let fallback = fallback(&server, policy, &clock());
                let told = ask(&fallback, act.clone(), awaited).unwrap();
                assert_eq!(told, answer(&act), "{policy:?} {act:?}");
                assert_eq!(*server.asked.lock().unwrap(), std::slice::from_ref(&act));
            }
        }
    }
}

#[test]
fn every_other_error_stays_one() {
    for policy in policies() {
        for act in acts() {
            for kind in [
                StorageErrorKind::Unauthorized,
                StorageErrorKind::Corrupt,
                StorageErrorKind::Mismatch,
                StorageErrorKind::Protocol,
                StorageErrorKind::Retired,
            ] {
                for awaited in [false, true] {
                    let server = Server::new(LIMITS);
                    server.fail(kind);
                    let fallback = fallback(&server, policy, &clock());
                    let error = ask(&fallback, act.clone(), awaited).unwrap_err();
                    assert_eq!(error.kind(), kind, "{policy:?} {act:?}");
                }
            }
        }
    }
}

#[test]
fn what_may_have_been_done_is_not_answered_for() {
    for policy in policies() {
        for act in acts() {
            let has_a_say = matches!(act, Act::Update { .. } | Act::Peek { .. } | Act::Check);
            if has_a_say && policy != OnStorageError::Error {
                continue;
            }
            let kinds = away(policy, &act)
                .into_iter()
                .map(|answer| answer.unwrap_err().kind());
            let [first, second] = OUTAGES;
            assert!(
                kinds.eq([first, first, second, second]),
                "{policy:?} {act:?}"
            );
        }
    }
}

#[test]
fn allow_admits_and_counts_nothing() {
    let allow = |act| answered(OnStorageError::Allow, &act);
    let reading = Reading::new(Frame::new(frame_start(), 0), 0, 20).of_era(HERE);
    for value in [0, 1, 1000] {
        assert_eq!(allow(Act::Update { value }), Answer::Admitted(reading));
        let decision = Decision::new(true, 20, 20, Duration::ZERO, Duration::ZERO);
        assert_eq!(allow(Act::Peek { value }), Answer::Decided(decision, None));
    }
    assert_eq!(allow(Act::Check), Answer::Done);
}

#[test]
fn deny_denies_as_a_full_window() {
    let deny = |act| answered(OnStorageError::Deny, &act);
    let denial = Denial::new(Scope::Gate, 100, 100, 7, PAUSE);
    assert_eq!(deny(Act::Update { value: 7 }), Answer::Denied(denial));
    let decision = Decision::new(false, 100, 0, PAUSE, PAUSE);
    assert_eq!(
        deny(Act::Peek { value: 7 }),
        Answer::Decided(decision, Some(denial))
    );
    let denial = Denial::new(Scope::Gate, 100, 100, 1, PAUSE);
    assert_eq!(deny(Act::Check), Answer::Denied(denial));
    // above a limit that is known: it never can be
    let denial = Denial::new(Scope::Frame, 20, 20, 21, PAUSE);
    assert_eq!(deny(Act::Update { value: 21 }), Answer::Denied(denial));
    // and nothing at all is always admitted
    let reading = Reading::new(Frame::new(frame_start(), 0), 0, 0).of_era(HERE);
    assert_eq!(deny(Act::Update { value: 0 }), Answer::Admitted(reading));
    let decision = Decision::new(true, 100, 0, Duration::ZERO, Duration::ZERO);
    assert_eq!(
        deny(Act::Peek { value: 0 }),
        Answer::Decided(decision, None)
    );
}

#[test]
fn limits_that_nobody_set_are_the_most_there_is() {
    let clock = clock();
    let cases = [
        (Limits::none(), Scope::Gate, u64::MAX),
        (Limits::frame(9), Scope::Frame, 9),
        (Limits::gate(50), Scope::Gate, 50),
    ];
    for (limits, scope, limit) in cases {
        let server = Server::away(limits);
        let deny = fallback(&server, OnStorageError::Deny, &clock);
        let denial = Denial::new(scope, limit, limit, 1, PAUSE);
        let told = ask(&deny, Act::Update { value: 1 }, false).unwrap();
        assert_eq!(told, Answer::Denied(denial));
        let allow = fallback(&server, OnStorageError::Allow, &clock);
        match ask(&allow, Act::Update { value: 1 }, false).unwrap() {
            Answer::Admitted(reading) => assert_eq!(reading.remaining(), limit),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_booking_made_here_is_never_given_back_to_the_server() {
    for policy in policies() {
        for error in [None, Some(StorageErrorKind::Unavailable)] {
            for awaited in [false, true] {
                let server = Server::new(LIMITS);
                *server.error.lock().unwrap() = error;
                let fallback = fallback(&server, policy, &clock());
                let booked = Some(Booked::new(frame_start(), HERE));
                let refund = Act::Refund { value: 1, booked };
                let told = ask(&fallback, refund, awaited).unwrap();
                // no policy has booked anything yet
                assert_eq!(told, Answer::Expired, "{policy:?}");
                assert_eq!(server.asked(), 0);
            }
        }
    }
}

#[test]
fn the_rest_is_the_servers() {
    let key = Key::new("gate");
    let denial = Denial::new(Scope::Gate, 1, 1, 1, PAUSE);
    for policy in policies() {
        let server = Server::away(LIMITS);
        let fallback = fallback(&server, policy, &clock());
        assert_eq!(fallback.limits(&key), LIMITS);
        server.set_limits(Limits::gate(3));
        assert_eq!(fallback.limits(&key), Limits::gate(3));
        let wait = fallback.ask_again_after(&denial);
        assert_eq!(wait, PAUSE + Duration::from_millis(1));
    }
}

#[test]
fn a_part_of_nothing_is_none() {
    assert_eq!(OnStorageError::local(0), None);
    assert_eq!(OnStorageError::default(), OnStorageError::Error);
}

#[test]
fn by_itself_it_lives_by_the_clock_of_the_machine() {
    for policy in [OnStorageError::Allow, local(2)] {
        let server = Server::away(LIMITS);
        let (_, config) = gate(&server, policy, &clock(), |builder| builder);
        let fallback = Fallback::new(server, policy, &config, PAUSE);
        let before = SystemTime::now();
        let told = ask(&fallback, Act::Update { value: 1 }, false).unwrap();
        let after = SystemTime::now();
        let Answer::Admitted(reading) = told else {
            panic!("{told:?}");
        };
        let start = reading.frame().start();
        // a frame of slack: a gate's clock is set to the wall once, and a thread may be held up while that is done
        assert!(
            start + 2 * STEP > before && start <= after + STEP,
            "{start:?}"
        );
        let since = start.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(since.subsec_nanos(), 0);
    }
}
