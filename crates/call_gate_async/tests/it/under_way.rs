//! What happens at the gate while a storage behind a network is asked: no wake-up is taken for the answer's and lost.

use crate::hand::{Bell, poll};
use crate::remote::{gate, same, settle, wait};
use crate::{SECOND, paused};
use call_gate_async::AsyncCallGate;
use call_gate_core::{Limits, UpdateError, Wait};
use call_gate_testkit::Loopback;
use call_gate_testkit::loopback::Leg;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Lets the head ask, although there is no room yet; the denial gets stuck on its way back.
async fn deny_slowly(gate: &AsyncCallGate, server: &Loopback) {
    settle().await;
    assert_eq!(gate.waiters(), 1);
    let before = server.asked().awaited;
    server.hold(Leg::Back);
    // through the thread, whose answers are never held up
    gate.as_sync().set_limits(gate.limits()).unwrap();
    settle().await;
    assert_eq!(server.asked().awaited, before + 1, "the head asks");
}

/// A full gate of 1, and its head, whose denial is on its way back.
async fn denied_slowly() -> (
    AsyncCallGate,
    Loopback,
    JoinHandle<Result<Duration, UpdateError>>,
) {
    let (gate, server) = gate(1);
    gate.update(1).await.unwrap();
    let head = wait(&gate, 1);
    deny_slowly(&gate, &server).await;
    (gate, server, head)
}

#[test]
fn room_that_is_made_while_a_denial_is_on_its_way_back_is_taken_at_once() {
    type Room = fn(&AsyncCallGate);
    let rooms: [(&str, Room); 3] = [
        ("refund", |gate| {
            gate.as_sync().refund(1).unwrap();
        }),
        ("raise", |gate| {
            gate.as_sync().set_limits(Limits::gate(2)).unwrap();
        }),
        ("clear", |gate| gate.as_sync().clear().unwrap()),
    ];
    for (name, room) in rooms {
        paused().block_on(async {
            let (gate, server, head) = denied_slowly().await;
            room(&gate);
            // the wake-up is spent on a request that has no answer yet
            settle().await;
            assert!(!head.is_finished());
            server.let_go();
            assert_eq!(head.await.unwrap().unwrap(), Duration::ZERO, "{name}");
            assert_eq!(gate.waiters(), 0);
        });
    }
}

#[test]
fn a_close_ends_the_wait_while_or_after_a_denial_is_on_its_way_back() {
    for early in [true, false] {
        paused().block_on(async {
            let (gate, server, head) = denied_slowly().await;
            // takes the waker out of the queue while the request is under way
            gate.as_sync().set_limits(gate.limits()).unwrap();
            settle().await;
            if early {
                gate.close();
                settle().await;
            }
            server.let_go();
            settle().await;
            gate.close();
            settle().await;
            assert!(head.is_finished(), "closed early: {early}");
            assert!(matches!(head.await.unwrap(), Err(UpdateError::Closed)));
            assert_eq!(gate.waiters(), 0);
        });
    }
}

#[test]
fn a_future_that_moved_while_its_request_was_under_way_is_woken_where_it_is() {
    paused().block_on(async {
        let (gate, _server) = gate(1);
        gate.update(1).await.unwrap();
        let ((old, before), (new, after)) = (Bell::new(), Bell::new());
        let mut update = gate.update_with(1, Wait::Forever);
        // to the server and back: denied; then a place, and the head's own request is on its way
        for _ in 0..3 {
            assert!(poll(Pin::new(&mut update), &before).is_pending());
        }
        assert_eq!(gate.waiters(), 1);
        for _ in 0..2 {
            assert!(poll(Pin::new(&mut update), &after).is_pending());
        }
        let rings = (old.rings(), new.rings());
        gate.close();
        assert_eq!((old.rings(), new.rings()), (rings.0, rings.1 + 1));
        assert!(matches!(
            poll(Pin::new(&mut update), &after),
            Poll::Ready(Err(UpdateError::Closed))
        ));
    });
}

#[test]
fn whoever_makes_room_and_gives_up_on_the_way_back_wakes_the_head_all_the_same() {
    for what in ["refund", "clear", "set_limits", "pass", "settle", "owned"] {
        paused().block_on(async {
            let (gate, server) = gate(1);
            let booked = gate.enter_owned(1).await.unwrap();
            let head = wait(&gate, 1);
            settle().await;
            assert_eq!(gate.waiters(), 1);
            server.hold(Leg::Back);
            let making = tokio::spawn({
                let gate = gate.clone();
                async move {
                    match what {
                        "refund" => drop(gate.refund(1).await),
                        "clear" => drop(gate.clear().await),
                        "set_limits" => drop(gate.set_limits(Limits::gate(2)).await),
                        "settle" => drop(booked.settle(0).await),
                        _ => drop(booked.refund().await),
                    }
                }
            });
            settle().await;
            assert!(!making.is_finished() && !head.is_finished());
            making.abort();
            assert!(making.await.unwrap_err().is_cancelled());
            server.let_go();
            assert_eq!(head.await.unwrap().unwrap(), Duration::ZERO, "{what}");
            assert_eq!(gate.waiters(), 0);
        });
    }
}

#[test]
fn a_wait_runs_from_its_first_poll_also_while_the_server_is_silent() {
    paused().block_on(async {
        let (gate, server) = gate(1);
        gate.update(1).await.unwrap();
        server.hold(Leg::There);
        let began = Instant::now();
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move {
                let outcome = gate.update_with(1, Wait::For(SECOND)).await;
                (outcome, began.elapsed())
            }
        });
        sleep(5 * SECOND).await;
        server.let_go();
        let (outcome, waited) = waiting.await.unwrap();
        assert!(
            matches!(outcome, Err(UpdateError::WaitExhausted(_))),
            "{outcome:?}"
        );
        assert_eq!((waited, gate.waiters()), (5 * SECOND, 0));
        // and no sooner: what is left of it is waited for
        server.hold(Leg::There);
        let (began, update) = (Instant::now(), gate.update_with(1, Wait::For(3 * SECOND)));
        let waiting = tokio::spawn({
            let (gate, server) = (gate.clone(), server.clone());
            async move {
                sleep(SECOND).await;
                server.let_go();
                gate.waiters()
            }
        });
        let outcome = update.await;
        assert!(
            matches!(outcome, Err(UpdateError::WaitExhausted(_))),
            "{outcome:?}"
        );
        assert_eq!((began.elapsed(), waiting.await.unwrap()), (3 * SECOND, 0));
    });
}

#[test]
fn a_limit_that_another_process_raised_is_the_servers_to_judge_by() {
    paused().block_on(async {
        let (gate, server) = gate(2);
        let other = same(&gate, &server);
        other.set_limits(Limits::gate(5)).unwrap();
        assert_eq!(gate.gate_limit(), Some(2), "it does not know");
        other.try_update(5).unwrap();
        let head = wait(&gate, 1);
        settle().await;
        assert_eq!(gate.waiters(), 1);
        let tried = gate.try_update(3).await;
        assert!(matches!(tried, Err(UpdateError::Queued(_))), "{tried:?}");
        let tried = gate.as_sync().try_update(3);
        assert!(matches!(tried, Err(UpdateError::Queued(_))), "{tried:?}");
        // its time is over while it stands behind others: it was never asked about
        let outcome = gate.update_with(3, Wait::For(SECOND)).await;
        assert!(
            matches!(outcome, Err(UpdateError::WaitExhausted(_))),
            "{outcome:?}"
        );
        let behind = wait(&gate, 3);
        assert_eq!(head.await.unwrap().unwrap(), 10 * SECOND);
        // what the server itself finds too large is so
        let outcome = timeout(60 * SECOND, gate.update_with(6, Wait::Forever)).await;
        assert!(
            matches!(outcome, Ok(Err(UpdateError::TooLarge(_)))),
            "{outcome:?}"
        );
        assert_eq!(behind.await.unwrap().unwrap(), 9 * SECOND);
        assert_eq!((gate.waiters(), other.sum().unwrap()), (0, 4));
    });
}
