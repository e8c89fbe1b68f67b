//! The queue loses no wake-up: a lost one would leave a thread waiting for ever, which loom reports.

use call_gate_core::model::ModelQueue;
use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
use loom::thread;
use std::sync::Arc;

/// Room for so many, taken and made without any ordering of its own, as a window's words are.
fn take(room: &AtomicU64) -> bool {
    room.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
        .is_ok()
}

fn model(check: impl Fn(Arc<ModelQueue>, Arc<AtomicU64>) + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.check(move || {
        let queue = Arc::new(ModelQueue::new());
        check(queue.clone(), Arc::new(AtomicU64::new(0)));
        assert_eq!(queue.waiting(), 0);
    });
}

#[test]
fn room_made_beside_a_join_is_seen() {
    model(|queue, room| {
        let waiter = thread::spawn({
            let (queue, room) = (queue.clone(), room.clone());
            move || assert!(queue.wait(None, || take(&room)))
        });
        room.fetch_add(1, Relaxed);
        queue.nudge();
        waiter.join().unwrap();
        assert!(queue.is_open());
    });
}

#[test]
fn a_head_that_leaves_hands_on() {
    model(|queue, room| {
        let patient = thread::spawn({
            let (queue, room) = (queue.clone(), room.clone());
            move || assert!(queue.wait(None, || take(&room)))
        });
        // comes first or second; as the head it takes the nudge's wake-up with it when it leaves
        let impatient = thread::spawn({
            let queue = queue.clone();
            move || assert!(!queue.wait(Some(1), || false))
        });
        room.fetch_add(1, Relaxed);
        queue.nudge();
        patient.join().unwrap();
        impatient.join().unwrap();
    });
}

#[test]
fn an_admitted_head_hands_on() {
    model(|queue, room| {
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let (queue, room) = (queue.clone(), room.clone());
                thread::spawn(move || assert!(queue.wait(None, || take(&room))))
            })
            .collect();
        room.fetch_add(2, Relaxed);
        queue.nudge();
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

#[test]
fn close_reaches_whoever_joins() {
    model(|queue, _| {
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let queue = queue.clone();
                thread::spawn(move || assert!(!queue.wait(None, || false)))
            })
            .collect();
        queue.close();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert!(!queue.is_open());
    });
}
