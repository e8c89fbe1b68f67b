//! What callers of a gate see of a policy.

use super::*;
use call_gate_core::{Refund, UpdateError, Wait};
use std::thread;
use std::time::Instant;

#[test]
fn a_denial_by_the_policy_is_a_denial_and_an_error_is_an_error() {
    let clock = clock();
    let server = Server::away(Limits::gate(8));
    let built = |policy| gate(&server, policy, &clock, |builder| builder).0;
    let error = built(OnStorageError::Error).try_update(1).unwrap_err();
    assert!(matches!(error, UpdateError::Storage(_)) && !error.is_denied());
    let deny = built(OnStorageError::Deny);
    for outcome in [deny.try_update(1), at_once(deny.awaited().try_update(1))] {
        let error = outcome.unwrap_err();
        let denial = *error.denial().unwrap();
        assert!(matches!(error, UpdateError::GateLimit(_)));
        assert_eq!((denial.limit(), denial.retry_after()), (8, PAUSE));
        assert_eq!(denial.gate().as_deref(), Some("gate"));
    }
    assert!(deny.check_limits().unwrap_err().is_denied());
    assert!(!deny.peek(1).unwrap().allowed);
    let allow = built(OnStorageError::Allow);
    allow.try_update(1000).unwrap();
    allow.check_limits().unwrap();
    let local = built(local(2));
    local.try_update(4).unwrap();
    assert!(local.try_update(1).unwrap_err().is_denied());
    // above its part, not above the limit
    assert!(local.try_update(8).unwrap_err().is_denied());
    assert!(!local.peek(8).unwrap().allowed);
    let never = local.try_update(9).unwrap_err();
    assert!(matches!(never, UpdateError::TooLarge(error) if error.limit() == 8));
    for gate in [&deny, &allow, &local] {
        assert!(matches!(gate.refund(1), Err(UpdateError::Storage(_))));
        assert!(gate.state().is_err() && gate.clear().is_err());
        assert!(gate.set_limits(Limits::gate(5)).is_err());
    }
    server.fail(StorageErrorKind::Unauthorized);
    for gate in [&deny, &allow, &local] {
        assert!(matches!(gate.try_update(1), Err(UpdateError::Storage(_))));
    }
}

#[test]
fn passes_come_back_to_where_they_were_booked() {
    let clock = clock();
    let server = Server::away(Limits::gate(8));
    let (local, _) = gate(&server, local(2), &clock, |builder| builder);
    let pass = local.enter_with(4, Wait::Never).unwrap();
    server.come_back();
    let asked = server.asked();
    assert_eq!(pass.settle(1).unwrap(), Refund::Returned(3));
    assert_eq!(server.asked(), asked);
    // booked by the server, and given back to it
    let pass = local.enter_with(2, Wait::Never).unwrap();
    assert_eq!(at_once(pass.refund_awaited()).unwrap(), Refund::Returned(2));
    assert_eq!(server.asked(), asked + 2);
    let pass = local.enter_with(2, Wait::Never).unwrap();
    server.fail(StorageErrorKind::TimedOut);
    assert!(matches!(pass.refund(), Err(UpdateError::Storage(_))));
    assert_eq!(local.try_update(0).unwrap().sum(), 1);
    let (allow, _) = gate(&server, OnStorageError::Allow, &clock, |builder| builder);
    let pass = allow.enter_with(2, Wait::Never).unwrap();
    assert_eq!(pass.refund().unwrap(), Refund::Expired);
}

#[test]
fn who_waits_finds_the_server_when_it_is_back() {
    let server = Server::away(Limits::gate(8));
    let (deny, _) = gate(&server, OnStorageError::Deny, &clock(), |builder| builder);
    let started = Instant::now();
    thread::scope(|scope| {
        let waits = scope.spawn(|| deny.update_with(1, Wait::For(Duration::from_secs(60))));
        while server.asked() < 2 {
            assert!(started.elapsed() < Duration::from_secs(30), "nobody asks");
            thread::yield_now();
        }
        server.come_back();
        let reading = waits.join().unwrap().unwrap();
        assert_eq!(reading.sum(), 5, "the server's own reading");
    });
    assert!(started.elapsed() < Duration::from_secs(30));
}
