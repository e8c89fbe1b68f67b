//! Leases: fast, and never one too many.
// long file: one test after the other

use super::super::fake::{EPOCH, Fake, Mood, Rules, Server};
use super::super::{Desk, Lease, Told};
use super::{admitted, denied, failed, later};
use call_gate_core::StorageErrorKind;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// A desk that holds a lease of the frame that the server is in, and the units in it.
fn leased(server: &Arc<Server>) -> (Arc<Desk<Fake>>, u64) {
    server.set_trip(50, 50);
    let desk = server.desk(Some(Lease::new()));
    // the first call shows the rate at which units go, and the next one asks
    admitted(desk.update(1, later()));
    let before = server.sum();
    admitted(desk.update(1, later()));
    let units = server.sum() - before - 1;
    assert!(units >= 2, "no lease was granted");
    (desk, units)
}

#[test]
fn a_lease_is_spent_without_asking_and_then_the_server_is_asked_again() {
    let server = Server::new(Rules::of(1_000_000));
    let (desk, units) = leased(&server);
    let (calls, sum) = (server.count(), server.sum());
    for spent in 1..=units {
        let told = admitted(desk.update(1, later()));
        assert_eq!(told.frame, EPOCH / 1_000_000);
        assert_eq!(told.used.get(1), Some(sum));
        assert_eq!(told.remaining, 1_000_000 - sum + units - spent);
    }
    assert_eq!((server.count(), server.sum()), (calls, sum));
    admitted(desk.update(1, later()));
    let next = server.calls().last().unwrap().lease.unwrap();
    assert_eq!(next.last_frame, EPOCH / 1_000_000);
    assert!(next.most > units, "it grows: {next:?} after {units}");
}

#[test]
fn a_value_above_the_lease_is_asked_for_whole() {
    let server = Server::new(Rules::of(1_000_000));
    let (desk, units) = leased(&server);
    let sum = server.sum();
    admitted(desk.update(units + 1, later()));
    let call = server.calls().last().unwrap().clone();
    assert_eq!(call.groups[0].value, units + 1);
    assert!(call.lease.is_some());
    let granted = server.sum() - sum - (units + 1);
    // what was left of the first lease is not lost: both are of one frame
    let calls = server.count();
    admitted(desk.update(units + granted, later()));
    assert_eq!(server.count(), calls);
}

#[test]
fn threads_spend_no_unit_twice() {
    let server = Server::new(Rules::of(40_000));
    let (desk, _) = leased(&server);
    let booked = AtomicU64::new(2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Told::Admitted(_) = desk.update(1, later()).unwrap() {
                    booked.fetch_add(1, Relaxed);
                }
            });
        }
    });
    let unspent = desk.purse.as_ref().unwrap().left();
    assert_eq!(booked.load(Relaxed) + unspent, server.sum());
    assert!(server.sum() <= 40_000);
}

#[test]
fn a_lease_ends_with_its_frame() {
    let server = Server::new(Rules::of(1_000_000));
    let (desk, _) = leased(&server);
    // 1 ms of margin, and a thousandth of a second
    server.pass(EPOCH + 998_000 - 300 - server.now());
    let calls = server.count();
    admitted(desk.update(1, later()));
    assert_eq!(server.count(), calls);
    server.pass(300);
    let told = admitted(desk.update(1, later()));
    assert_eq!(server.count(), calls + 1);
    assert_eq!(told.frame, EPOCH / 1_000_000);
    assert_eq!(
        server.calls().last().unwrap().lease,
        None,
        "the frame is as good as over"
    );
    server.pass(2_000);
    let told = admitted(desk.update(1, later()));
    assert_eq!(told.frame, EPOCH / 1_000_000 + 1);
    assert!(server.calls().last().unwrap().lease.is_some());
}

#[test]
fn short_frames_and_slow_servers_have_no_leases() {
    for (frame, trip) in [(1_000, 10), (10_000, 1_200)] {
        let server = Server::new(Rules {
            frame,
            ..Rules::of(1_000_000)
        });
        server.set_trip(trip, trip);
        let desk = server.desk(Some(Lease::new()));
        for _ in 0..300 {
            admitted(desk.update(1, later()));
            server.pass(7);
        }
        let calls = server.calls();
        assert_eq!(calls.len(), 300);
        // before the first answer nobody knows how slow the server is
        assert!(calls.iter().all(|call| call.lease.is_none()));
    }
}

#[test]
fn who_asks_rarely_leases_nothing() {
    let server = Server::new(Rules::of(1_000_000));
    server.set_trip(50, 50);
    let desk = server.desk(Some(Lease::new()));
    for _ in 0..50 {
        admitted(desk.update(1, later()));
        server.pass(900_000);
    }
    assert_eq!(server.count(), 50);
    assert!(server.calls().iter().all(|call| call.lease.is_none()));
}

#[test]
fn a_lost_answer_costs_a_lease_and_no_more() {
    let server = Server::new(Rules::of(1_000));
    server.set_trip(50, 50);
    let desk = server.desk(Some(Lease::new()));
    admitted(desk.update(1, later()));
    server.set_mood(Mood::Loses);
    failed(desk.update(1, later()), StorageErrorKind::TimedOut);
    assert_eq!(desk.purse.as_ref().unwrap().left(), 0);
    server.set_mood(Mood::Well);
    admitted(desk.update(1, later()));
    assert!(
        server.calls().last().unwrap().lease.is_some(),
        "it may ask again"
    );
}

#[test]
fn a_denial_is_remembered_until_it_would_be_admitted() {
    let server = Server::new(Rules {
        frames: 1,
        ..Rules::of(10)
    });
    server.set_trip(50, 50);
    let desk = server.desk(Some(Lease::new().up_to(0)));
    admitted(desk.update(8, later()));
    server.pass(400_000);
    let first = denied(desk.update(5, later()));
    let calls = server.count();
    server.pass(100_000);
    let again = denied(desk.update(5, later()));
    assert_eq!(
        again.retry_after,
        first.retry_after.saturating_sub(Duration::from_millis(100))
    );
    assert_eq!(server.count(), calls);
    // of others it is not known when they have room
    denied(desk.update(6, later()));
    denied(desk.update(4, later()));
    admitted(desk.update(2, later()));
    assert_eq!(server.count(), calls + 3);
    server.pass(EPOCH + 1_000_000 - server.now());
    admitted(desk.update(5, later()));
}

#[test]
fn a_denial_is_forgotten_when_something_is_given_back() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(Some(Lease::new().up_to(0)));
    admitted(desk.update(10, later()));
    denied(desk.update(3, later()));
    server.give_back(5);
    denied(desk.update(3, later()));
    desk.forget();
    admitted(desk.update(3, later()));
    // what another process gives back is noticed after a second
    denied(desk.update(3, later()));
    server.give_back(3);
    denied(desk.update(3, later()));
    server.pass(1_000_000);
    admitted(desk.update(3, later()));
}

#[test]
fn a_denial_on_its_way_while_something_is_given_back_is_not_remembered() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(Some(Lease::new().up_to(0)));
    admitted(desk.update(10, later()));
    server.hold();
    thread::scope(|scope| {
        let slow = scope.spawn(|| desk.update(3, later()));
        super::in_flight(&server, 2);
        server.give_back(5);
        desk.forget();
        server.let_go(2);
        denied(slow.join().unwrap());
        admitted(desk.update(3, later()));
    });
}

#[test]
fn clearing_voids_leases_here_at_once_and_elsewhere_with_the_next_answer() {
    let server = Server::new(Rules::of(1_000_000));
    let (desk, units) = leased(&server);
    server.clear();
    desk.cleared();
    assert_eq!(desk.purse.as_ref().unwrap().left(), 0);
    let (other, _) = leased(&server);
    server.clear();
    admitted(other.update(units + 1_000_000 / 2, later()));
    let booked = server.sum();
    assert_eq!(
        other.purse.as_ref().unwrap().left() + units + 500_000,
        booked
    );
}

#[test]
fn a_lease_of_before_the_clearing_is_not_kept_when_it_comes_after() {
    let server = Server::new(Rules::of(1_000_000));
    server.set_trip(50, 50);
    let desk = server.desk(Some(Lease::new()));
    admitted(desk.update(1, later()));
    server.hold();
    thread::scope(|scope| {
        let slow = scope.spawn(|| desk.update(1, later()));
        super::in_flight(&server, 2);
        assert!(server.calls()[1].lease.is_some());
        server.clear();
        desk.cleared();
        server.let_go(1);
        admitted(slow.join().unwrap());
    });
    assert_eq!(desk.purse.as_ref().unwrap().left(), 0);
}

/// What one of several processes does.
#[derive(Debug, Clone, Copy)]
struct Step {
    desk: usize,
    value: u64,
    repeat: u64,
    pass: u64,
    there: u64,
    back: u64,
    lost: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let times = (
        prop_oneof![4 => 0_u64..300, 2 => 0_u64..9_000, 1 => 0_u64..60_000],
        0_u64..2_000,
        0_u64..2_000,
    );
    let what = (
        0_usize..3,
        1_u64..5,
        1_u64..60,
        proptest::bool::weighted(0.05),
    );
    (what, times).prop_map(|((desk, value, repeat, lost), (pass, there, back))| Step {
        desk,
        value,
        repeat,
        pass,
        there,
        back,
        lost,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Several processes whose clocks drift, by the server's true time: never over-admitted, and nothing is admitted that
    /// the server has not booked in that frame.
    #[test]
    fn no_window_ever_holds_more_than_its_limit(
        steps in proptest::collection::vec(step(), 1..80),
        drifts in [-900_i64..900, -900_i64..900, -900_i64..900],
        limit in 20_u64..3_000,
        frame_limit in proptest::option::of(5_u64..800),
    ) {
        let frame = 40_000;
        let rules = Rules { frame, frames: 4, frame_limit, gate_limit: Some(limit) };
        let server = Server::new(rules);
        server.set_processes(3);
        let desks = drifts.map(|drift| server.desk_that_drifts(Some(Lease::new()), drift));
        let mut frames = std::collections::BTreeMap::<u64, u64>::new();
        for step in steps {
            server.set_trip(step.there, step.back);
            server.set_mood(if step.lost { Mood::Loses } else { Mood::Well });
            for _ in 0..step.repeat {
                let asked = server.count();
                let at = server.now();
                match desks[step.desk].update(step.value, later()) {
                    Ok(Told::Admitted(told)) => {
                        // one from a lease is admitted now; a call's is judged on its way
                        if server.count() == asked {
                            prop_assert_eq!(told.frame, at / frame);
                        }
                        *frames.entry(told.frame).or_default() += step.value;
                    }
                    Ok(Told::Denied(denied)) if server.count() == asked => {
                        // remembered: the server would deny it now, and the time it tells is not too short
                        prop_assert!(server.would_deny(step.value));
                        let ready = denied.retry_after;
                        prop_assert!(ready > Duration::ZERO);
                    }
                    Ok(Told::Denied(_)) => {}
                    Err(error) => prop_assert_eq!(error.kind(), StorageErrorKind::TimedOut),
                }
                server.pass(3);
            }
            server.pass(step.pass);
        }
        for &newest in frames.keys() {
            let window: u64 = frames.range(newest - 3..=newest).map(|(_, sum)| sum).sum();
            prop_assert!(window <= limit);
            prop_assert!(frame_limit.is_none_or(|limit| frames[&newest] <= limit));
            prop_assert!(frames[&newest] <= server.booked_in(newest));
        }
    }
}
