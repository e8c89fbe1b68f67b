//! Tasks in one queue.

use super::{Admitted, STEP, asked_little, gate, judge};
use crate::checker::SLACK;
use crate::crew::{alone, evals};
use crate::lag::Lag;
use call_gate_core::{CallGate, Reading, Step, UpdateError, Wait};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Server;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

/// The driver of a waiter's steps; the family's own is in a crate that this one may not know.
async fn update(gate: CallGate, value: u64) -> Result<Reading, UpdateError> {
    if !gate.must_wait(value) {
        let tried = gate.awaited().try_update(value).await;
        if !tried.as_ref().is_err_and(UpdateError::may_pass_later) {
            return tried;
        }
    }
    let mut waiter = gate.waiter(value, Wait::Forever);
    let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
    let mut step = waiter.step(&waker);
    loop {
        step = match step {
            Step::Done(outcome) => return outcome,
            // of a remote storage, which is all there is here
            Step::Ask => {
                let answer = waiter.ask_remote().await;
                waiter.answer(answer, &waker)
            }
            Step::Sleep(at, turn) => {
                let time = at.and_then(|at| waiter.alarm(at, turn, &waker));
                // whoever has no timer is woken
                let mut timer = pin!(sleep(time.unwrap_or(Duration::from_secs(3_600))));
                let mut asleep = false;
                let rang = poll_fn(|context| {
                    if timer.as_mut().poll(context).is_ready() {
                        return Poll::Ready(true);
                    }
                    if asleep {
                        return Poll::Ready(false);
                    }
                    asleep = true;
                    Poll::Pending
                });
                match (rang.await, time) {
                    (true, Some(time)) => waiter.fired(time, &waker),
                    _ => waiter.step(&waker),
                }
            }
        }
    }
}

fn runtime() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap()
}

async fn until(what: &str, mut met: impl FnMut() -> bool) {
    let over = Instant::now() + Duration::from_secs(20);
    while !met() {
        assert!(Instant::now() < over, "waited in vain until {what}");
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn fifty_tasks_are_served_in_the_order_in_which_they_came() {
    let _alone = alone();
    let server = Server::start(&[]);
    let lag = Lag::measure();
    let (gate, done) = (gate(&server, 5), Arc::new(AtomicUsize::new(0)));
    let crowd = runtime().block_on(async {
        let mut crowd = Vec::new();
        for number in 0..50 {
            let (mine, all) = (gate.clone(), done.clone());
            crowd.push(tokio::spawn(async move {
                let came = SystemTime::now();
                let admitted = Admitted::of(came, update(mine, 1).await);
                all.fetch_add(1, SeqCst);
                admitted
            }));
            // in this order: who goes from one to the other in between is not counted twice
            until("it waits", || done.load(SeqCst) + gate.waiters() > number).await;
        }
        let mut told = Vec::new();
        for one in crowd {
            told.push(one.await.unwrap());
        }
        told
    });
    let asked = evals(&server);
    let latest = judge(&crowd, 5, lag);
    println!("50 tasks: asked {asked} times, {latest:?} late at most");
    asked_little(asked, &crowd);
    assert_eq!(gate.waiters(), 0);
}

#[test]
fn a_close_ends_the_waits_of_tasks_at_once() {
    let _alone = alone();
    let server = Server::start(&[]);
    let gate = gate(&server, 1);
    let (lag, mut slowest) = (Lag::measure(), Duration::ZERO);
    runtime().block_on(async {
        let waiting: Vec<_> = (0..500)
            .map(|_| {
                let gate = gate.clone();
                tokio::spawn(async move { (update(gate, 1).await, Instant::now()) })
            })
            .collect();
        until("most wait", || gate.waiters() > 400).await;
        let closed = Instant::now();
        gate.close();
        for one in waiting {
            let (told, ended) = one.await.unwrap();
            match told {
                Ok(_) => {}
                Err(UpdateError::Closed) => {
                    slowest = slowest.max(ended.saturating_duration_since(closed));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    });
    assert!(slowest <= SLACK + lag.most(), "{slowest:?} later");
    assert_eq!(gate.waiters(), 0);
}

/// Who is given up while it waits books nothing; who is given up while the server is asked may be booked.
#[test]
fn tasks_that_are_given_up_book_nothing_but_what_was_under_way() {
    let _alone = alone();
    let server = Server::start(&[]);
    let storage = RedisStorage::from_url(server.url()).unwrap();
    let gate = CallGate::builder("given up", STEP * 1_000, STEP)
        .frame_limit(15)
        .storage(storage.deadline(Duration::from_secs(10)))
        .build()
        .unwrap();
    let (mut acknowledged, mut given_up) = (0, 0);
    runtime().block_on(async {
        let over = Instant::now() + Duration::from_millis(1_500);
        let callers = (0..40_u64).map(|number| {
            let gate = gate.clone();
            tokio::spawn(async move {
                let (mut acknowledged, mut given_up) = (0, 0);
                for turn in 0_u64.. {
                    if Instant::now() > over {
                        break;
                    }
                    // from at once to long enough, in no order
                    let part = (number + 1).wrapping_mul(turn.wrapping_mul(2_654_435_761)) >> 7;
                    let patience = Duration::from_micros(part % 40_000);
                    match timeout(patience, update(gate.clone(), 1)).await {
                        Ok(told) => acknowledged += u64::from(told.is_ok()),
                        Err(_) => given_up += 1,
                    }
                }
                (acknowledged, given_up)
            })
        });
        for one in callers.collect::<Vec<_>>() {
            let (booked, left) = one.await.unwrap();
            acknowledged += booked;
            given_up += left;
        }
        assert_eq!(gate.waiters(), 0);
        // the queue goes on
        update(gate.clone(), 1).await.unwrap();
        acknowledged += 1;
    });
    // what was under way has arrived by now, because this comes after it on the same connection or on a later one
    let mut sums = BTreeSet::new();
    let sum = loop {
        let sum = gate.sum().unwrap();
        if !sums.insert(sum) {
            break sum;
        }
        std::thread::sleep(STEP);
    };
    println!("{acknowledged} acknowledged, {given_up} given up, {sum} counted");
    assert!(acknowledged > 100 && given_up > 100);
    assert!((acknowledged..=acknowledged + given_up).contains(&sum));
}
