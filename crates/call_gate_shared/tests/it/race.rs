//! Many openers at once: one gate.

use crate::place::{LIMIT, Place, used};
use crate::worker;
use call_gate_core::CallGate;
use std::io::Write;
use std::sync::Barrier;
use std::thread;

/// Sixteen threads open a gate that is not there at the same time, and share it.
#[track_caller]
pub(crate) fn sixteen_share(open: impl Fn() -> CallGate + Sync) {
    let barrier = Barrier::new(16);
    let admitted: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let gate = open();
                    (0..2).filter(|_| gate.try_update(1).is_ok()).count()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(admitted, usize::try_from(LIMIT).unwrap());
}

#[test]
fn sixteen_threads_open_one_gate() {
    let place = Place::new();
    for round in 0..50 {
        let name = format!("race {round}");
        sixteen_share(|| place.open(&name).unwrap());
    }
    assert_eq!(place.names().len(), 50);
}

/// Starts eight workers at the same time and returns the sum of what they booked.
fn eight(job: &str, place: &Place) -> u64 {
    let mut workers: Vec<_> = (0..8).map(|_| worker::start(job, place.path())).collect();
    for worker in &mut workers {
        worker.stdin.take().unwrap().write_all(b"!").unwrap();
    }
    let told = workers.into_iter().flat_map(worker::told);
    told.map(|booked| booked.parse::<u64>().unwrap()).sum()
}

#[test]
fn eight_processes_open_one_gate() {
    let place = Place::new();
    assert_eq!(eight("book", &place), 20 * LIMIT);
    assert_eq!(place.names().len(), 20);
}

#[test]
fn processes_that_make_and_remove_all_the_time_never_fail() {
    let place = Place::new();
    let booked = eight("churn", &place);
    assert!(booked > 0);
    assert!(place.names().len() <= 1, "{:?}", place.names());
}

#[test]
fn threads_that_make_and_remove_all_the_time_never_fail() {
    let place = Place::new();
    thread::scope(|scope| {
        for thread in 0..6 {
            let place = &place;
            scope.spawn(move || {
                for turn in 0..300 {
                    if (turn + thread) % 3 == 0 {
                        place.storage().remove_segment("mail").unwrap();
                    }
                    drop(place.open("mail").unwrap());
                }
            });
        }
    });
    let gate = place.open("mail").unwrap();
    let used = used(&gate);
    gate.try_update(LIMIT - used).unwrap();
    assert_eq!(place.names(), ["call_gate.mail"]);
}
