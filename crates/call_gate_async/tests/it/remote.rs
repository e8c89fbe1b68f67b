//! A storage behind a network: it is awaited, never waited for, and may lose track of whoever gives up on the way.

use crate::hand::{Bell, counted, poll};
use crate::{SECOND, paused};
use call_gate_async::{AsyncCallGate, TokioClock};
use call_gate_core::{CallGate, Limits, Refund, UpdateError, Wait};
use call_gate_testkit::Loopback;
use call_gate_testkit::loopback::Leg;
use call_gate_testkit::spec::fresh_name;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep, timeout};

const MILLI: Duration = Duration::from_millis(1);

/// A gate of `limit` in 10 s on a server of its own, in tokio's time, which begins with a frame.
pub(crate) fn gate(limit: u64) -> (AsyncCallGate, Loopback) {
    let clock = TokioClock::starting_at(SystemTime::UNIX_EPOCH);
    let server = Loopback::new(clock);
    let gate = CallGate::builder(fresh_name(), 10 * SECOND, SECOND)
        .gate_limit(limit)
        .storage(server.clone())
        .clock(clock)
        .build()
        .unwrap();
    (gate.into(), server)
}

/// Another family of handles of the same counters, as another process has one.
pub(crate) fn same(gate: &AsyncCallGate, server: &Loopback) -> CallGate {
    CallGate::builder(gate.name(), gate.gate_size(), gate.frame_step())
        .limits(gate.limits())
        .storage(server.clone())
        .build()
        .unwrap()
}

pub(crate) fn wait(gate: &AsyncCallGate, value: u64) -> JoinHandle<Result<Duration, UpdateError>> {
    let (gate, began) = (gate.clone(), Instant::now());
    tokio::spawn(async move {
        gate.update_with(value, Wait::Forever)
            .await
            .map(|_| began.elapsed())
    })
}

/// Lets all tasks go as far as they can without time passing.
pub(crate) async fn settle() {
    for _ in 0..50 {
        yield_now().await;
    }
}

#[test]
fn every_verb_awaits_the_server_and_none_blocks_the_thread() {
    paused().block_on(async {
        let (gate, server) = gate(10);
        gate.update(1).await.unwrap();
        gate.try_update(1).await.unwrap();
        gate.check_limits().await.unwrap();
        assert_eq!(gate.peek(1).await.unwrap().remaining, 8);
        assert_eq!(gate.refund(1).await.unwrap().sum(), 1);
        let pass = gate.enter(3).await.unwrap();
        assert_eq!(pass.refund().await.unwrap(), Refund::Returned(3));
        let pass = gate.enter_owned(3).await.unwrap();
        assert_eq!(pass.settle(1).await.unwrap(), Refund::Returned(2));
        let pass = gate.enter(1).await.unwrap();
        assert_eq!(pass.settle(3).await.unwrap(), Refund::Returned(0));
        assert_eq!(gate.run(1, async { 7 }).await.unwrap(), 7);
        gate.set_limits(Limits::gate(6)).await.unwrap();
        assert_eq!(gate.gate_limit(), Some(6));
        assert_eq!(gate.state().await.unwrap().sum(), 6);
        assert_eq!(gate.sum().await.unwrap(), 6);
        assert_eq!(gate.data().await.unwrap().iter().sum::<u64>(), 6);
        assert_eq!(gate.current_frame().await.unwrap().value(), 6);
        assert_eq!(gate.last_frame().await.unwrap().value(), 0);
        assert_eq!(gate.snapshot().await.unwrap().frames()[0], 6);
        assert!(matches!(
            gate.check_limits().await,
            Err(UpdateError::GateLimit(_))
        ));
        assert!(matches!(
            gate.update(7).await,
            Err(UpdateError::TooLarge(_))
        ));
        let began = Instant::now();
        gate.update(6).await.unwrap();
        assert_eq!(began.elapsed(), 10 * SECOND);
        gate.clear().await.unwrap();
        gate.update(6).await.unwrap();
        let asked = server.asked();
        assert_eq!(asked.blocking, 0);
        assert!(asked.awaited > 20, "{asked:?}");
    });
}

#[test]
fn a_crowd_is_served_in_order_and_each_asks_at_most_three_times() {
    paused().block_on(async {
        let (gate, server) = gate(5);
        gate.update(5).await.unwrap();
        let before = server.asked().awaited;
        let mut crowd = Vec::new();
        for number in 1..=100_u32 {
            crowd.push((number, wait(&gate, 1)));
            settle().await;
            assert_eq!(gate.waiters(), usize::try_from(number).unwrap());
        }
        for (number, one) in crowd {
            let waited = one.await.unwrap().unwrap();
            assert_eq!(waited, number.div_ceil(5) * 10 * SECOND, "number {number}");
        }
        assert_eq!((gate.waiters(), gate.sum().await.unwrap()), (0, 5));
        let asked = server.asked();
        assert_eq!(asked.blocking, 0);
        // as the first in line, and once more where there was no room yet; the very first asks before it joins, too
        assert!(asked.awaited - before <= 100 + 20 + 2, "{asked:?}");
    });
}

#[test]
fn whoever_gives_up_on_the_way_there_books_nothing_and_on_the_way_back_may_have_booked() {
    for (leg, booked) in [(Leg::There, 0), (Leg::Back, 1)] {
        paused().block_on(async {
            let (gate, server) = gate(2);
            server.hold(leg);
            // asked without waiting
            assert!(timeout(SECOND, gate.update(1)).await.is_err());
            server.let_go();
            assert_eq!(
                (gate.sum().await.unwrap(), gate.waiters()),
                (booked, 0),
                "{leg:?}"
            );
            gate.clear().await.unwrap();
            // asked as the first in line
            gate.update(2).await.unwrap();
            let head = wait(&gate, 1);
            let next = wait(&gate, 1);
            settle().await;
            assert_eq!(gate.waiters(), 2);
            server.hold(leg);
            sleep(12 * SECOND).await;
            assert_eq!(gate.waiters(), 2);
            head.abort();
            assert!(head.await.unwrap_err().is_cancelled());
            assert_eq!(gate.waiters(), 1);
            server.let_go();
            timeout(SECOND, next).await.unwrap().unwrap().unwrap();
            assert_eq!(
                (gate.sum().await.unwrap(), gate.waiters()),
                (booked + 1, 0),
                "{leg:?}"
            );
            assert_eq!(server.asked().blocking, 0);
        });
    }
}

#[test]
fn an_answer_wakes_the_waker_of_the_last_poll() {
    paused().block_on(async {
        let (gate, server) = gate(1);
        server.hold(Leg::There);
        let mut update = gate.update(1);
        let (_, before) = Bell::new();
        for _ in 0..3 {
            assert!(poll(Pin::new(&mut update), &before).is_pending());
        }
        let (bell, after) = Bell::new();
        assert!(poll(Pin::new(&mut update), &after).is_pending());
        assert_eq!(bell.rings(), 0);
        server.let_go();
        assert_eq!(bell.rings(), 1);
        assert!(poll(Pin::new(&mut update), &after).is_pending());
        assert_eq!(bell.rings(), 2);
        assert!(matches!(
            poll(Pin::new(&mut update), &after),
            Poll::Ready(Ok(_))
        ));
    });
}

#[test]
fn closing_does_not_take_back_an_answer_that_is_under_way() {
    paused().block_on(async {
        let (gate, server) = gate(1);
        server.hold(Leg::Back);
        let booked = wait(&gate, 1);
        settle().await;
        gate.close();
        settle().await;
        server.let_go();
        booked.await.unwrap().unwrap();
        assert_eq!(gate.sum().await.unwrap(), 1);
        assert!(matches!(gate.update(1).await, Err(UpdateError::Closed)));
    });
    paused().block_on(async {
        let (gate, server) = gate(1);
        gate.update(1).await.unwrap();
        let head = wait(&gate, 1);
        let next = wait(&gate, 1);
        settle().await;
        server.hold(Leg::There);
        sleep(11 * SECOND).await;
        gate.close();
        // the second has no request under way
        assert!(matches!(next.await.unwrap(), Err(UpdateError::Closed)));
        settle().await;
        assert!(!head.is_finished());
        server.let_go();
        assert_eq!(head.await.unwrap().unwrap(), 11 * SECOND);
        assert_eq!((gate.waiters(), gate.sum().await.unwrap()), (0, 1));
    });
}

#[test]
fn a_head_whose_server_fails_is_told_and_hands_on() {
    paused().block_on(async {
        let (gate, server) = gate(1);
        gate.update(1).await.unwrap();
        let head = wait(&gate, 1);
        let next = wait(&gate, 1);
        settle().await;
        server.take_down();
        sleep(9 * SECOND).await;
        assert_eq!(gate.waiters(), 2);
        let told = head.await.unwrap();
        assert!(matches!(told, Err(UpdateError::Storage(_))), "{told:?}");
        let told = next.await.unwrap();
        assert!(matches!(told, Err(UpdateError::Storage(_))), "{told:?}");
        server.bring_up();
        assert_eq!(gate.waiters(), 0);
        gate.update(1).await.unwrap();
        assert_eq!(server.asked().blocking, 0);
    });
}

#[test]
fn room_that_is_made_on_the_server_through_this_gate_wakes_the_head() {
    paused().block_on(async {
        let (gate, _server) = gate(1);
        gate.update(1).await.unwrap();
        let head = wait(&gate, 1);
        sleep(500 * MILLI).await;
        gate.refund(1).await.unwrap();
        assert_eq!(head.await.unwrap().unwrap(), 500 * MILLI);
    });
}

#[test]
fn a_wait_that_ends_while_its_request_is_under_way_still_hears_the_answer() {
    paused().block_on(async {
        let (gate, server) = gate(2);
        gate.update(2).await.unwrap();
        let ends = |value: u64| {
            let (gate, wait) = (gate.clone(), Wait::For(12 * SECOND));
            tokio::spawn(async move { counted(gate.update_with(value, wait)).await })
        };
        let admitted = ends(2);
        settle().await;
        server.hold(Leg::There);
        sleep(15 * SECOND).await;
        assert!(!admitted.is_finished());
        server.let_go();
        let (outcome, _) = admitted.await.unwrap();
        assert_eq!(outcome.unwrap().sum(), 2);
        let exhausted = ends(2);
        settle().await;
        server.hold(Leg::There);
        sleep(11 * SECOND).await;
        // somebody else takes the room meanwhile
        let other = same(&gate, &server);
        other.try_update(2).unwrap();
        sleep(4 * SECOND).await;
        assert!(!exhausted.is_finished());
        server.let_go();
        let (outcome, _) = exhausted.await.unwrap();
        assert!(
            matches!(outcome, Err(UpdateError::WaitExhausted(_))),
            "{outcome:?}"
        );
        assert_eq!(gate.waiters(), 0);
    });
}
