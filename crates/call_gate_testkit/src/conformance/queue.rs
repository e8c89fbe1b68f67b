//! Waiting in order.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use call_gate_core::{CallGate, Limits, Reading, Scope, UpdateError, Wait};

use super::handles::gate;
use super::{Make, somewhere, until};
use crate::fixture::Fixture;
use crate::spec::Spec;

type Waiting = JoinHandle<Result<Reading, UpdateError>>;

const STEP: Duration = Duration::from_secs(1);

fn full(fixture: &dyn Fixture, limit: u64) -> CallGate {
    let gate = gate(fixture, &Spec::new(1_000_000_000, 2).with_caps(limit, None));
    gate.try_update(limit).unwrap();
    gate
}

/// Starts a waiter and returns once it has its place, or has left it again.
fn wait(gate: &CallGate, value: u64, wait: Wait) -> Waiting {
    let before = gate.waiters();
    let mine = gate.clone();
    let waiting = thread::spawn(move || mine.update_with(value, wait));
    until("a waiter has its place", || {
        gate.waiters() > before || waiting.is_finished()
    });
    waiting
}

/// Moves the clock on by frames until all have returned.
fn drain(fixture: &dyn Fixture, waiting: &[Waiting]) {
    until("every waiter has returned", || {
        fixture.time().advance(STEP / 2);
        waiting.iter().all(Waiting::is_finished)
    });
}

/// Waiters are admitted in the order of their arrival.
pub fn fair_order(make: Make<'_>) {
    let fixture = somewhere(make);
    let gate = full(&*fixture, 1);
    let waiting: Vec<Waiting> = (0..8).map(|_| wait(&gate, 1, Wait::Forever)).collect();
    assert_eq!(gate.waiters(), 8);
    drain(&*fixture, &waiting);
    let frames: Vec<_> = waiting
        .into_iter()
        .map(|one| one.join().unwrap().unwrap().frame().start())
        .collect();
    assert!(
        frames.is_sorted_by(|a, b| a < b),
        "admitted out of order: {frames:?}"
    );
    assert_eq!(gate.waiters(), 0);
}

/// While anyone waits, newcomers are told so, and a value of nothing passes.
pub fn newcomers_are_queued(make: Make<'_>) {
    let fixture = somewhere(make);
    let gate = full(&*fixture, 5);
    gate.refund(1).unwrap();
    // One fits now, but five came first.
    let waiting = vec![wait(&gate, 5, Wait::Forever)];
    match gate.try_update(1) {
        Err(UpdateError::Queued(denial)) => {
            assert_eq!((denial.scope(), denial.requested()), (Scope::Queue, 1));
        }
        other => panic!("not queued: {other:?}"),
    }
    match gate.try_update(6) {
        Err(UpdateError::TooLarge(_)) => {}
        // whether it is too large is the server's to say, who is not asked past the queue
        Err(UpdateError::Queued(_)) if gate.is_remote() => {}
        other => panic!("admitted or misnamed: {other:?}"),
    }
    assert_eq!(gate.try_update(0).unwrap().sum(), 4);
    drain(&*fixture, &waiting);
    for one in waiting {
        assert_eq!(one.join().unwrap().unwrap().sum(), 5);
    }
}

/// Small values do not overtake a large one, which therefore is not starved.
pub fn large_value_is_not_starved(make: Make<'_>) {
    let fixture = somewhere(make);
    let gate = full(&*fixture, 4);
    let mut waiting = vec![wait(&gate, 1, Wait::Forever), wait(&gate, 4, Wait::Forever)];
    waiting.extend((0..3).map(|_| wait(&gate, 1, Wait::Forever)));
    drain(&*fixture, &waiting);
    let frames: Vec<_> = waiting
        .into_iter()
        .map(|one| one.join().unwrap().unwrap().frame().start())
        .collect();
    assert!(
        frames[0] < frames[1] && frames[1] < frames[2],
        "the large one was overtaken: {frames:?}"
    );
    assert!(
        frames.is_sorted(),
        "small ones overtook each other: {frames:?}"
    );
}

/// A waiter whose patience ends books nothing and delays nobody.
pub fn waiter_that_gives_up(make: Make<'_>) {
    let fixture = somewhere(make);
    let gate = full(&*fixture, 2);
    let full_at = gate.current_frame().unwrap().start();
    let hasty = wait(&gate, 2, Wait::For(STEP / 2));
    let patient = wait(&gate, 2, Wait::Window);
    fixture.time().advance(STEP / 2);
    until("the hasty one has returned", || hasty.is_finished());
    match hasty.join().unwrap() {
        Err(UpdateError::WaitExhausted(denial)) => assert_eq!(denial.requested(), 2),
        other => panic!("not exhausted: {other:?}"),
    }
    assert_eq!(gate.sum().unwrap(), 2);
    // behind it, others are told when it asks again; told no before the time moves, it counts from that time
    until("the patient one has been told when to ask again", || {
        let behind = gate.try_update(2).unwrap_err();
        behind
            .denial()
            .is_some_and(|denial| !denial.retry_after().is_zero())
    });
    fixture.time().advance(STEP / 2);
    fixture.time().advance(STEP);
    until("the patient one has returned", || patient.is_finished());
    let reading = patient.join().unwrap().unwrap();
    assert_eq!(
        (reading.frame().start(), reading.sum()),
        (full_at + 2 * STEP, 2)
    );
}

/// Room that is given back wakes whoever waits for it, without any time passing.
pub fn room_wakes_the_head(make: Make<'_>) {
    let ways: [fn(&CallGate); 3] = [
        |gate| assert_eq!(gate.refund(1).unwrap().sum(), 2),
        |gate| gate.clear().unwrap(),
        |gate| gate.set_limits(Limits::gate(4)).unwrap(),
    ];
    for way in ways {
        let fixture = somewhere(make);
        let gate = full(&*fixture, 3);
        let waiting = wait(&gate, 1, Wait::Forever);
        assert!(!waiting.is_finished());
        way(&gate);
        until("the waiter found the room", || waiting.is_finished());
        waiting.join().unwrap().unwrap();
    }
}

/// Closing a gate sends every waiter home.
pub fn close_wakes_all(make: Make<'_>) {
    let fixture = somewhere(make);
    let gate = full(&*fixture, 1);
    let (told, outcomes) = mpsc::channel();
    let waiting: Vec<_> = (0..4)
        .map(|count| {
            let (mine, told) = (gate.clone(), told.clone());
            let waiting =
                thread::spawn(move || told.send(mine.update_with(1, Wait::Forever)).unwrap());
            until("a waiter has its place", || gate.waiters() > count);
            waiting
        })
        .collect();
    gate.close();
    for one in waiting {
        one.join().unwrap();
        assert!(matches!(outcomes.recv().unwrap(), Err(UpdateError::Closed)));
    }
    assert_eq!(gate.waiters(), 0);
    assert_eq!(gate.sum().unwrap(), 1);
}
