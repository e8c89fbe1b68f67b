//! Threads that share calls.
// long file: what threads do to each other is told in one place

use super::super::fake::{Mood, Rules, Server};
use super::super::{Told, told};
use super::{admitted, denied, failed, in_flight, later, soon, until};
use crate::protocol::{Group, MOST};
use call_gate_core::StorageErrorKind;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

fn group(value: u64, count: u64) -> Group {
    Group { value, count }
}

#[test]
fn one_who_is_alone_sends_at_once_and_is_told_everything() {
    let server = Server::new(Rules {
        frame_limit: Some(5),
        ..Rules::of(8)
    });
    let desk = server.desk(None);
    let first = admitted(desk.update(3, later()));
    assert_eq!(first.frame, 1_700_000_000);
    assert_eq!(first.used.iter().collect::<Vec<_>>(), [3, 3]);
    assert_eq!(first.remaining, 2);
    let full = denied(desk.update(3, later()));
    assert_eq!((full.span, full.limit, full.used), (0, 5, 3));
    assert_eq!(full.retry_after, Duration::from_secs(1));
    server.pass(1_000_000);
    let second = admitted(desk.update(4, later()));
    assert_eq!(second.used.get(0), Some(4));
    assert_eq!(second.used.get(1), Some(7));
    assert_eq!(second.used.get(2), None);
    let full = denied(desk.update(2, later()));
    assert_eq!((full.span, full.limit, full.used), (0, 5, 4));
    assert_eq!(server.count(), 4);
}

#[test]
fn those_who_wait_share_the_next_call_in_order_of_arrival() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    thread::scope(|scope| {
        let first = scope.spawn(|| desk.update(1, later()));
        in_flight(&server, 1);
        let mut others = Vec::new();
        for value in [2, 2, 3, 2, 5] {
            let queued = desk.threads.waiting();
            let desk = &desk;
            others.push(scope.spawn(move || desk.update(value, later())));
            until(|| desk.threads.waiting() == queued + 1);
        }
        server.let_go(2);
        assert_eq!(admitted(first.join().unwrap()).used.get(1), Some(1));
        let told: Vec<_> = others
            .into_iter()
            .map(|other| other.join().unwrap())
            .collect();
        let sums: Vec<_> = told
            .into_iter()
            .map(|told| match told.unwrap() {
                Told::Admitted(admitted) => (true, admitted.used.get(1).unwrap()),
                Told::Denied(denied) => (false, denied.used),
            })
            .collect();
        assert_eq!(
            sums,
            [(true, 3), (true, 5), (true, 8), (true, 10), (false, 10)]
        );
    });
    let calls = server.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        calls[1].groups,
        [group(2, 2), group(3, 1), group(2, 1), group(5, 1)]
    );
}

#[test]
fn many_threads_are_admitted_exactly_what_the_limit_holds() {
    let server = Server::new(Rules::of(3_000));
    let desk = server.desk(None);
    let requests = AtomicU64::new(0);
    let booked = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (desk, requests, booked) = (&desk, &requests, &booked);
            scope.spawn(move || {
                for turn in 0..400 {
                    let value = 1 + (thread + turn) % 4;
                    requests.fetch_add(1, Relaxed);
                    if let Told::Admitted(_) = desk.update(value, later()).unwrap() {
                        booked.fetch_add(value, Relaxed);
                    }
                }
                // what is left has room for ones
                while let Told::Admitted(_) = desk.update(1, later()).unwrap() {
                    requests.fetch_add(1, Relaxed);
                    booked.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(booked.load(Relaxed), 3_000);
    assert_eq!(server.sum(), 3_000);
    assert!(server.count() <= 8 + usize::try_from(requests.load(Relaxed)).unwrap());
    assert_eq!(desk.threads.waiting(), 0);
}

#[test]
fn who_queues_until_its_deadline_was_never_sent() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    thread::scope(|scope| {
        let first = scope.spawn(|| desk.update(1, later()));
        in_flight(&server, 1);
        let text = failed(desk.update(1, soon(20)), StorageErrorKind::Unavailable);
        assert!(text.contains("not sent"), "{text}");
        assert_eq!(desk.threads.kept(), 0);
        server.let_go(2);
        admitted(first.join().unwrap());
        admitted(desk.update(1, later()));
    });
    assert_eq!(server.sum(), 2);
}

#[test]
fn who_is_in_flight_at_its_deadline_is_told_that_it_may_be_booked() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    thread::scope(|scope| {
        let first = scope.spawn(|| desk.update(1, later()));
        in_flight(&server, 1);
        let leader = scope.spawn(|| desk.update(1, later()));
        until(|| desk.threads.waiting() == 1);
        let hurried = scope.spawn(|| desk.update(1, soon(700)));
        until(|| desk.threads.waiting() == 2);
        server.let_go(1);
        in_flight(&server, 2);
        failed(hurried.join().unwrap(), StorageErrorKind::TimedOut);
        server.let_go(1);
        admitted(first.join().unwrap());
        admitted(leader.join().unwrap());
    });
    assert_eq!(server.sum(), 3);
}

#[test]
fn an_error_reaches_all_whom_the_call_carried() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    thread::scope(|scope| {
        let first = scope.spawn(|| desk.update(1, later()));
        in_flight(&server, 1);
        let others: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| desk.update(1, later())))
            .collect();
        until(|| desk.threads.waiting() == 3);
        server.set_mood(Mood::Fails(StorageErrorKind::Unauthorized));
        server.let_go(2);
        admitted(first.join().unwrap());
        for other in others {
            let text = failed(other.join().unwrap(), StorageErrorKind::Unauthorized);
            assert!(
                text.ends_with("2 more failed: as the test wants it"),
                "{text}"
            );
        }
    });
    assert_eq!(server.count(), 2);
}

#[test]
fn a_panic_strands_nobody() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.set_mood(Mood::Panics);
    assert!(catch_unwind(AssertUnwindSafe(|| desk.update(1, later()))).is_err());
    server.set_mood(Mood::Well);
    server.hold();
    thread::scope(|scope| {
        let first = scope.spawn(|| desk.update(1, later()));
        in_flight(&server, 2);
        let other = scope.spawn(|| desk.update(1, later()));
        until(|| desk.threads.waiting() == 1);
        // it has more time
        let leader = scope.spawn(|| catch_unwind(AssertUnwindSafe(|| desk.update(1, later()))));
        until(|| desk.threads.waiting() == 2);
        server.set_mood(Mood::Panics);
        server.let_go(3);
        admitted(first.join().unwrap());
        assert!(leader.join().unwrap().is_err());
        failed(other.join().unwrap(), StorageErrorKind::TimedOut);
    });
    server.set_mood(Mood::Well);
    admitted(desk.update(1, later()));
}

#[test]
fn no_call_carries_more_than_512_groups() {
    let server = Server::new(Rules::of(1_000_000));
    let mut queue = super::super::queue::Queue::default();
    for value in 0..1_200 {
        let seat = super::super::seat::Seat::new(value / 2, later());
        queue.push(Arc::new(seat));
    }
    for seats in [1_024, 176, 0] {
        let mut aboard = Vec::new();
        queue.board(&mut aboard);
        assert_eq!(aboard.len(), seats);
    }
    assert!(server.calls().is_empty());
}

#[test]
fn an_answer_to_something_else_is_an_error() {
    let server = Server::new(Rules::of(5));
    let groups = [group(1, 2), group(9, 1)];
    let good = server.answer(&groups);
    assert!(told::checked(&groups, good.clone()).is_ok());
    let spoilt = |spoil: fn(&mut crate::protocol::Booked)| {
        let mut booked = good.clone();
        spoil(&mut booked);
        told::checked(&groups, booked).unwrap_err().kind()
    };
    assert_eq!(
        spoilt(|b| b.outcomes.truncate(1)),
        StorageErrorKind::Protocol
    );
    assert_eq!(
        spoilt(|b| b.outcomes[0].admitted = 3),
        StorageErrorKind::Protocol
    );
    assert_eq!(
        spoilt(|b| b.outcomes[1].refused = None),
        StorageErrorKind::Protocol
    );
    assert_eq!(
        spoilt(|b| b.stand.spans.truncate(1)),
        StorageErrorKind::Protocol
    );
    // what no limit holds back has the script's own bound
    let mut unlimited = good.clone();
    unlimited.stand.spans[1].limit = None;
    let unlimited = told::checked(&groups, unlimited).unwrap();
    let mut last = None;
    told::each(&groups, &unlimited, |told| last = Some(told));
    assert!(matches!(last, Some(Told::Denied(denied)) if denied.limit == MOST));
}

proptest! {
    /// Whatever shares a call is told what it would have been told alone.
    #[test]
    fn a_batch_is_told_what_each_would_be_told_alone(
        values in proptest::collection::vec(0_u64..6, 1..40),
        limit in 1_u64..60,
        frame_limit in proptest::option::of(1_u64..40),
    ) {
        let rules = Rules { frame_limit, ..Rules::of(limit) };
        let groups = told::groups(values.iter().copied());
        let booked = told::checked(&groups, Server::new(rules).answer(&groups)).unwrap();
        let mut together = Vec::new();
        told::each(&groups, &booked, |told| together.push(told));
        let desk = Server::new(rules).desk(None);
        let alone: Vec<_> = values.iter().map(|value| desk.update(*value, later()).unwrap()).collect();
        prop_assert_eq!(together, alone);
    }
}

#[test]
fn who_sends_for_others_is_held_no_longer_than_its_own_time() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    thread::scope(|scope| {
        let first = scope.spawn(|| desk.update(1, later()));
        in_flight(&server, 1);
        let hurried = scope.spawn(|| {
            let told = desk.update(1, soon(300));
            (told, Instant::now())
        });
        until(|| desk.threads.waiting() == 1);
        let patient = scope.spawn(|| desk.update(1, later()));
        until(|| desk.threads.waiting() == 2);
        let began = Instant::now();
        server.let_go(1);
        in_flight(&server, 2);
        let (told, ended) = hurried.join().unwrap();
        failed(told, StorageErrorKind::TimedOut);
        assert!(ended - began < Duration::from_secs(2));
        server.let_go(1);
        admitted(first.join().unwrap());
        // it has time, and is not cut short by who has not
        admitted(patient.join().unwrap());
    });
    assert_eq!(server.sum(), 3);
}

#[test]
fn one_that_was_called_is_not_swept_out_with_those_who_left() {
    let mut queue = crate::desk::queue::Queue::default();
    let seats: Vec<_> = (0..3)
        .map(|_| Arc::new(crate::desk::seat::Seat::new(1, later())))
        .collect();
    for seat in &seats {
        queue.push(Arc::clone(seat));
    }
    let called = queue.call().unwrap();
    called.wake();
    let stays = seats.iter().position(|seat| !seat.is_queued()).unwrap();
    for (place, seat) in seats.iter().enumerate() {
        if place != stays {
            seat.leave();
            queue.one_left();
        }
    }
    let mut aboard = Vec::new();
    queue.board(&mut aboard);
    assert!(aboard.len() == 1 && Arc::ptr_eq(&aboard[0], &seats[stays]));
}
