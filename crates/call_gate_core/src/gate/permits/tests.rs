//! The word at its edges.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use super::*;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Wake, Waker};

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

#[test]
fn who_waits_while_too_many_are_judged_is_woken_when_one_is_done() {
    let (permits, queue) = (Permits::new(MOST), Queue::new(1));
    let hold = |if_full| permits.hold(1, &queue, if_full);
    let mut judged: Vec<_> = (0..MOST_JUDGED)
        .map(|_| hold(IfFull::Go).unwrap())
        .collect();
    assert_eq!(hold(IfFull::Go).unwrap_err().out, MOST_JUDGED);

    let woken = Arc::new(Woken::default());
    let (place, ..) = queue.join(Waker::from(woken.clone()));
    assert!(hold(IfFull::Want).is_err());
    let is_woken = || woken.0.load(std::sync::atomic::Ordering::SeqCst);
    assert!(!is_woken());
    judged.pop().unwrap().keep();
    assert!(is_woken());
    assert!(hold(IfFull::Want).is_ok());
    drop((place, judged));
    let places = permits.places();
    assert_eq!((places.most, places.out, places.judged), (MOST, 1, 0));
}

#[test]
fn neighbours_in_the_word_are_left_alone() {
    let (permits, queue) = (Permits::new(MOST), Queue::new(1));
    permits.hold(MOST, &queue, IfFull::Go).unwrap().keep();
    assert_eq!(permits.hold(1, &queue, IfFull::Want).unwrap_err().judged, 0);
    assert_eq!(
        permits.hold(u64::MAX, &queue, IfFull::Go).unwrap_err().out,
        MOST
    );
    permits.set_most(1);
    assert!(permits.hold(1, &queue, IfFull::LookAgain).is_err());
    // fewer may be out than are
    assert!(!permits.release(MOST - 1), "the change took the flag");
    assert!(permits.hold(1, &queue, IfFull::Want).is_err());
    assert!(permits.release(1));
    assert!(!permits.release(0));
    permits.hold(0, &queue, IfFull::Go).unwrap().keep();
    let places = permits.places();
    assert_eq!((places.most, places.out, places.judged), (1, 0, 0));
}
