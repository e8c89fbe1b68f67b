//! Threads in one queue.

use super::{Admitted, STEP, asked_little, gate, judge};
use crate::checker::{SLACK, until};
use crate::crew::{alone, evals};
use crate::lag::Lag;
use call_gate_core::{CallGate, UpdateError, Wait};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Server;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

#[test]
fn fifty_threads_are_served_in_the_order_in_which_they_came() {
    let _alone = alone();
    let server = Server::start(&[]);
    let lag = Lag::measure();
    let (gate, done) = (gate(&server, 5), AtomicUsize::new(0));
    let crowd: Vec<Admitted> = thread::scope(|scope| {
        let mut crowd = Vec::new();
        for number in 0..50 {
            crowd.push(scope.spawn(|| {
                let came = SystemTime::now();
                let admitted = Admitted::of(came, gate.update_with(1, Wait::Forever));
                done.fetch_add(1, SeqCst);
                admitted
            }));
            // in this order: who goes from one to the other in between is not counted twice
            until("it waits", || done.load(SeqCst) + gate.waiters() > number);
        }
        let crowd = crowd.into_iter();
        crowd.map(|one| one.join().unwrap()).collect()
    });
    let asked = evals(&server);
    let latest = judge(&crowd, 5, lag);
    println!("50 threads: asked {asked} times, {latest:?} late at most");
    asked_little(asked, &crowd);
    assert_eq!(gate.waiters(), 0);
}

#[test]
fn a_close_ends_all_waits_at_once() {
    let _alone = alone();
    let server = Server::start(&[]);
    let storage = RedisStorage::from_url(server.url()).unwrap();
    let gate = CallGate::builder("closed", Duration::from_secs(600), Duration::from_secs(60))
        .gate_limit(1)
        .storage(storage)
        .build()
        .unwrap();
    gate.try_update(1).unwrap();
    let (lag, mut slowest) = (Lag::measure(), Duration::ZERO);
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                scope.spawn(|| {
                    let told = gate.update_with(1, Wait::Forever);
                    (told, Instant::now())
                })
            })
            .collect();
        until("all wait", || gate.waiters() == 20);
        // the head too is denied by now, and sleeps
        until("the head has asked", || evals(&server) > 2);
        thread::sleep(STEP);
        let closed = Instant::now();
        gate.close();
        for one in waiting {
            let (told, ended) = one.join().unwrap();
            assert!(matches!(told, Err(UpdateError::Closed)), "{told:?}");
            slowest = slowest.max(ended - closed);
        }
    });
    assert!(slowest <= SLACK + lag.most(), "{slowest:?} later");
    // one found it full, and then the head did; or some did before one was the head
    assert!(evals(&server) <= 22, "asked again after the close");
}
