//! A turnstile's permits: never one too many is out, a denial for want of one is exact, and nobody sleeps beside a free one.
//!
//! Tasks are driven by hand as in `waiters`: polled when woken, dropped when cancelled, at a time that stands still. Loom
//! reports a lost wake-up as a deadlock.
// long file: one model beside the other, over the same few helpers

use crate::explore::{explore, explore_most};
use call_gate_core::model::Placed;
use call_gate_core::{
    Clock, Demand, Moment, Reading, Scope, Step, Turnstile, TurnstileBuilder, UpdateError, Wait,
    Waiter, Way, at_once,
};
use loom::cell::UnsafeCell;
use loom::sync::Notify;
use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
use loom::sync::mpsc::channel;
use loom::thread::{self, JoinHandle};
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const ONE: Demand = Demand::new(1);
const TWO: Demand = Demand::new(2);

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Moment {
        Moment::from_nanos(43_200_000_000_000)
    }
}

fn window_of(limit: u64, placed: Placed) -> TurnstileBuilder {
    let turnstile = Turnstile::builder()
        .window(limit, 2 * SECOND, SECOND)
        .storage(placed)
        .clock(Still);
    match placed {
        Placed::Packed => turnstile,
        Placed::Locked => turnstile.credits(),
    }
}

/// Room for nine in the window, `most` permits, of which `out` are out.
fn permits(placed: Placed, most: u64, out: u64) -> Turnstile {
    let turnstile = window_of(9, placed).permits(most).build().unwrap();
    // the first booking finds no fast path yet
    turnstile.try_take(ONE).unwrap();
    turnstile.release(1);
    turnstile.try_take(Demand::new(out)).unwrap();
    turnstile
}

struct Wakeup(Notify);

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

type Outcome = Result<Reading, UpdateError>;

struct Task<'t> {
    /// A model that ends in a deadlock unwinds its threads, where a waiter cannot leave its queue.
    waiter: ManuallyDrop<Waiter<'t>>,
    wakeup: Arc<Wakeup>,
    waker: Waker,
}

impl<'t> Task<'t> {
    fn new(turnstile: &'t Turnstile, demand: Demand) -> Self {
        let wakeup = Arc::new(Wakeup(Notify::new()));
        Self {
            waiter: ManuallyDrop::new(turnstile.waiter(demand, Wait::Forever)),
            waker: Waker::from(wakeup.clone()),
            wakeup,
        }
    }

    /// A task that has joined, and if it is the head, was denied.
    fn asleep(turnstile: &'t Turnstile, demand: Demand) -> Self {
        let mut task = Self::new(turnstile, demand);
        assert!(task.poll().is_none());
        task
    }

    /// `None`: it sleeps.
    fn poll(&mut self) -> Option<Outcome> {
        let mut step = self.waiter.step(&self.waker);
        loop {
            step = match step {
                Step::Ask => self.waiter.ask(&self.waker).unwrap(),
                Step::Sleep(..) => return None,
                Step::Done(outcome) => return Some(outcome),
            };
        }
    }

    /// Polled at once, and then whenever woken.
    fn run(mut self) -> Outcome {
        match self.poll() {
            Some(outcome) => outcome,
            None => self.woken(),
        }
    }

    /// Polled only when woken.
    fn woken(mut self) -> Outcome {
        loop {
            self.wakeup.0.wait();
            if let Some(outcome) = self.poll() {
                return outcome;
            }
        }
    }

    /// Dropped before it is done.
    fn cancel(self) {
        drop(ManuallyDrop::into_inner(self.waiter));
    }
}

/// As a limiter's `acquire` does.
fn acquire(turnstile: &Turnstile) -> Outcome {
    if let Some(reading) = turnstile.try_fast(ONE) {
        return Ok(reading);
    }
    match turnstile.try_take(ONE) {
        Err(error) if error.may_pass_later() => Task::new(turnstile, ONE).run(),
        outcome => outcome,
    }
}

/// Whether it was admitted; else the turnstile was closed.
fn admitted(outcome: Outcome) -> bool {
    match outcome {
        Ok(_) => true,
        Err(UpdateError::Closed) => false,
        Err(error) => panic!("{error}"),
    }
}

/// Who said no.
fn refused_by(outcome: Outcome) -> Option<Scope> {
    outcome
        .err()
        .map(|error| error.denial().expect("a denial").scope())
}

/// At rest `out` of `most` permits are out and the rest can be had, by the fast path where the window is packed.
fn at_rest(turnstile: &Turnstile, out: u64, most: u64) {
    assert_eq!(turnstile.waiters(), 0);
    assert_eq!(turnstile.permits(), Some((most, out)));
    for _ in out..most {
        turnstile.try_fast(ONE).unwrap();
    }
    assert_eq!(refused_by(turnstile.try_take(ONE)), Some(Scope::Burst));
}

fn spawn<T: 'static>(
    turnstile: &Turnstile,
    work: impl FnOnce(&Turnstile) -> T + 'static,
) -> JoinHandle<T> {
    let turnstile = turnstile.clone();
    thread::spawn(move || work(&turnstile))
}

/// What makes a place for one more where all permits are out.
#[derive(Debug, Clone, Copy)]
enum Room {
    Release,
    Permits,
}

impl Room {
    fn make(self, turnstile: &Turnstile) {
        match self {
            Self::Release => turnstile.release(1),
            Self::Permits => turnstile.set_permits(2).unwrap(),
        }
    }

    /// How many may then be out, which is also how many are once one more is admitted.
    fn most(self) -> u64 {
        match self {
            Self::Release => 1,
            Self::Permits => 2,
        }
    }
}

/// A place is made beside an acquire that finds none at first.
fn a_place_is_made_beside_an_acquire(placed: Placed, room: Room) {
    explore(move || {
        let turnstile = permits(placed, 1, 1);
        let waiting = spawn(&turnstile, acquire);
        let other = spawn(&turnstile, move |turnstile| room.make(turnstile));
        assert!(admitted(waiting.join().unwrap()));
        other.join().unwrap();
        assert_eq!(turnstile.permits(), Some((room.most(), room.most())));
        assert_eq!(turnstile.waiters(), 0);
    });
}

#[test]
fn an_acquire_and_a_release() {
    a_place_is_made_beside_an_acquire(Placed::Packed, Room::Release);
}

#[test]
fn an_acquire_and_a_release_locked() {
    a_place_is_made_beside_an_acquire(Placed::Locked, Room::Release);
}

#[test]
fn an_acquire_and_more_permits() {
    a_place_is_made_beside_an_acquire(Placed::Packed, Room::Permits);
}

/// The head that found no place is cancelled while one is made: whoever follows gets it.
fn a_cancelled_head_hands_the_place_on(room: Room) {
    explore(move || {
        let turnstile = permits(Placed::Packed, 1, 1);
        let tasks = spawn(&turnstile, move |turnstile| {
            let head = Task::asleep(turnstile, ONE);
            let second = Task::asleep(turnstile, ONE);
            let other = spawn(turnstile, move |turnstile| room.make(turnstile));
            head.cancel();
            assert!(admitted(second.woken()));
            other.join().unwrap();
        });
        tasks.join().unwrap();
        at_rest(&turnstile, room.most(), room.most());
    });
}

#[test]
fn a_cancelled_head_and_a_release() {
    a_cancelled_head_hands_the_place_on(Room::Release);
}

#[test]
fn a_cancelled_head_and_more_permits() {
    a_cancelled_head_hands_the_place_on(Room::Permits);
}

/// As above, with a thread for each: the second may be polled while the head leaves.
#[test]
fn a_cancelled_head_a_successor_and_a_release() {
    explore(|| {
        let turnstile = permits(Placed::Packed, 1, 1);
        let (go, gone) = channel();
        let tasks = spawn(&turnstile, move |turnstile| {
            let head = Task::asleep(turnstile, ONE);
            let second = spawn(turnstile, move |turnstile| {
                let second = Task::asleep(turnstile, ONE);
                let other = spawn(turnstile, |turnstile| turnstile.release(1));
                go.send(()).unwrap();
                let outcome = second.run();
                other.join().unwrap();
                outcome
            });
            gone.recv().unwrap();
            drop(gone);
            head.cancel();
            assert!(admitted(second.join().unwrap()));
        });
        tasks.join().unwrap();
        at_rest(&turnstile, 1, 1);
    });
}

/// The head wants more places than there are; it leaves, and the one that there is is the second's.
#[test]
fn a_head_that_wants_too_many_places_leaves() {
    explore(|| {
        let turnstile = permits(Placed::Packed, 3, 3);
        let tasks = spawn(&turnstile, |turnstile| {
            let head = Task::asleep(turnstile, TWO);
            let second = Task::asleep(turnstile, ONE);
            let other = spawn(turnstile, |turnstile| turnstile.release(1));
            head.cancel();
            assert!(admitted(second.woken()));
            other.join().unwrap();
        });
        tasks.join().unwrap();
        at_rest(&turnstile, 3, 3);
    });
}

/// One place goes from hand to hand of two that wait for one.
#[test]
fn two_acquires_and_a_release() {
    explore(|| {
        let turnstile = permits(Placed::Packed, 1, 1);
        let waiting = [(); 2].map(|()| {
            spawn(&turnstile, |turnstile| {
                assert!(admitted(Task::new(turnstile, ONE).run()));
                turnstile.release(1);
            })
        });
        let other = spawn(&turnstile, |turnstile| turnstile.release(1));
        for waiting in waiting {
            waiting.join().unwrap();
        }
        other.join().unwrap();
        at_rest(&turnstile, 0, 1);
    });
}

/// An acquire beside a release and a close ends with a permit or without, and the counts say which.
#[test]
fn an_acquire_a_release_and_a_close() {
    explore(|| {
        let turnstile = permits(Placed::Packed, 1, 1);
        let waiting = spawn(&turnstile, acquire);
        let other = spawn(&turnstile, |turnstile| turnstile.release(1));
        let closing = spawn(&turnstile, Turnstile::close);
        let out = u64::from(admitted(waiting.join().unwrap()));
        other.join().unwrap();
        closing.join().unwrap();
        assert_eq!(turnstile.permits(), Some((1, out)));
        assert_eq!(turnstile.waiters(), 0);
        assert!(matches!(turnstile.try_take(ONE), Err(UpdateError::Closed)));
        assert_eq!(turnstile.permits(), Some((1, out)));
    });
}

/// The one permit that is out is forgotten: only a close ends the wait for it.
#[test]
fn a_forgotten_permit_and_a_close() {
    explore(|| {
        let turnstile = permits(Placed::Packed, 1, 1);
        let waiting = spawn(&turnstile, acquire);
        let closing = spawn(&turnstile, Turnstile::close);
        assert!(!admitted(waiting.join().unwrap()));
        closing.join().unwrap();
        assert_eq!(turnstile.permits(), Some((1, 1)));
    });
}

/// One of two permits is forgotten: the other goes from hand to hand.
#[test]
fn a_forgotten_permit_stays_out() {
    explore(|| {
        let turnstile = permits(Placed::Packed, 2, 1);
        let users = [(); 2].map(|()| {
            spawn(&turnstile, |turnstile| {
                assert!(admitted(acquire(turnstile)));
                turnstile.release(1);
            })
        });
        for user in users {
            user.join().unwrap();
        }
        at_rest(&turnstile, 1, 2);
    });
}

/// A request holds both places until its window refuses it: a waiter that found none meanwhile is woken.
fn a_waiter_beside_an_undone_hold(placed: Placed) {
    explore(move || {
        let turnstile = window_of(1, placed).permits(2).build().unwrap();
        let refused = spawn(&turnstile, |turnstile| {
            assert!(turnstile.try_take(TWO).is_err());
        });
        let waiting = spawn(&turnstile, |turnstile| Task::new(turnstile, ONE).run());
        refused.join().unwrap();
        assert!(admitted(waiting.join().unwrap()));
        assert_eq!(turnstile.permits(), Some((2, 1)));
        assert_eq!(turnstile.waiters(), 0);
    });
}

#[test]
fn a_waiter_and_an_undone_hold() {
    a_waiter_beside_an_undone_hold(Placed::Packed);
}

#[test]
fn a_waiter_and_an_undone_hold_locked() {
    a_waiter_beside_an_undone_hold(Placed::Locked);
}

/// The head found no place because of a hold that is undone while the head is cancelled.
#[test]
fn a_cancelled_head_and_an_undone_hold() {
    explore(|| {
        let turnstile = window_of(1, Placed::Packed).permits(2).build().unwrap();
        let refused = spawn(&turnstile, |turnstile| {
            assert!(turnstile.try_take(TWO).is_err());
        });
        let tasks = spawn(&turnstile, |turnstile| {
            let mut head = Task::new(turnstile, TWO);
            let head = head.poll().is_none().then_some(head);
            let second = Task::new(turnstile, ONE);
            if let Some(head) = head {
                head.cancel();
            }
            second.run()
        });
        refused.join().unwrap();
        assert!(admitted(tasks.join().unwrap()));
        assert_eq!(turnstile.permits(), Some((2, 1)));
    });
}

/// A place that is only held by what the window refuses is no reason to refuse another.
#[test]
fn a_denial_for_want_of_a_place_is_exact() {
    explore(|| {
        let turnstile = window_of(1, Placed::Packed).permits(2).build().unwrap();
        let refused = spawn(&turnstile, |turnstile| {
            assert!(turnstile.try_take(TWO).is_err());
        });
        let other = spawn(&turnstile, |turnstile| {
            assert_eq!(refused_by(turnstile.try_take(ONE)), None);
        });
        refused.join().unwrap();
        other.join().unwrap();
        assert_eq!(turnstile.permits(), Some((2, 1)));
    });
}

/// Two requests for the last place and the window's last room: one has both, and the other was refused for either.
#[test]
fn two_holds_for_the_last_place() {
    explore(|| {
        let turnstile = window_of(2, Placed::Packed).permits(2).build().unwrap();
        turnstile.try_take(ONE).unwrap();
        let tries = [(); 2].map(|()| spawn(&turnstile, |turnstile| turnstile.try_take(ONE)));
        let mut said = tries.map(|tried| refused_by(tried.join().unwrap()));
        said.sort_by_key(Option::is_some);
        assert!(matches!(said, [None, Some(Scope::Window | Scope::Burst)]));
        assert_eq!(turnstile.permits(), Some((2, 2)));
    });
}

/// The same where the winner gives its place back: then the other may be refused for the window.
#[test]
fn a_denial_has_an_order_that_explains_it() {
    explore(|| {
        let turnstile = window_of(1, Placed::Packed).permits(1).build().unwrap();
        let first = spawn(&turnstile, |turnstile| {
            let said = refused_by(turnstile.try_take(ONE));
            if said.is_none() {
                turnstile.release(1);
            }
            said
        });
        let second = spawn(&turnstile, |turnstile| refused_by(turnstile.try_take(ONE)));
        let said = [first, second].map(|tried| tried.join().unwrap());
        match said {
            // the first came first
            [None, Some(Scope::Window | Scope::Burst)] => {}
            // the second came first, and kept its place: then both the window and the permits have no room
            [Some(Scope::Window | Scope::Burst), None] => {}
            _ => panic!("{said:?}"),
        }
        let out = u64::from(said[1].is_none());
        assert_eq!(turnstile.permits(), Some((1, out)));
    });
}

/// Never more than one is inside, and its place comes back.
#[test]
fn no_more_are_out_than_may_be() {
    explore_most(1, || {
        let turnstile = permits(Placed::Packed, 1, 0);
        let inside = Arc::new(AtomicU64::new(0));
        let users = [(); 3].map(|()| {
            let inside = inside.clone();
            spawn(&turnstile, move |turnstile| {
                if turnstile.try_take(ONE).is_ok() {
                    assert_eq!(inside.fetch_add(1, Relaxed), 0);
                    inside.fetch_sub(1, Relaxed);
                    turnstile.release(1);
                }
            })
        });
        for user in users {
            user.join().unwrap();
        }
        at_rest(&turnstile, 0, 1);
    });
}

/// What is done with the only permit comes before whatever its next holder does.
#[test]
fn the_work_of_one_holder_comes_before_the_next_ones() {
    explore(|| {
        let turnstile = permits(Placed::Packed, 1, 0);
        let work = Rc::new(UnsafeCell::new(()));
        let users = [(); 2].map(|()| {
            let work = work.clone();
            spawn(&turnstile, move |turnstile| {
                if turnstile.try_take(ONE).is_ok() {
                    work.with_mut(|_| ());
                    turnstile.release(1);
                }
            })
        });
        for user in users {
            user.join().unwrap();
        }
        at_rest(&turnstile, 0, 1);
    });
}

/// Two changes of different windows' limits: neither is lost.
#[test]
fn two_windows_limits_are_set() {
    explore_most(1, || {
        let turnstile = Turnstile::builder()
            .window(5, 2 * SECOND, SECOND)
            .window(6, 3 * SECOND, SECOND)
            .storage(Placed::Packed)
            .clock(Still)
            .build()
            .unwrap();
        let set = |length, limit| {
            spawn(&turnstile, move |turnstile| {
                at_once(turnstile.set_limit(Way::Blocking, length, limit)).unwrap();
            })
        };
        let changes = [set(2 * SECOND, 7), set(3 * SECOND, 8)];
        for change in changes {
            change.join().unwrap();
        }
        let state = at_once(turnstile.state(Way::Blocking)).unwrap();
        let limits: Vec<u64> = state.windows.iter().map(|window| window.limit).collect();
        assert_eq!(limits, [7, 8]);
    });
}

/// What two windows hold is read at one moment.
#[test]
fn windows_are_looked_at_together() {
    explore(|| {
        let turnstile = Turnstile::builder()
            .window(5, 2 * SECOND, SECOND)
            .window(6, 3 * SECOND, SECOND)
            .storage(Placed::Packed)
            .clock(Still)
            .build()
            .unwrap();
        let other = spawn(&turnstile, |turnstile| {
            turnstile.try_take(ONE).unwrap();
            at_once(turnstile.set_limit(Way::Blocking, 3 * SECOND, 1)).unwrap();
        });
        let look = spawn(&turnstile, |turnstile| {
            let state = at_once(turnstile.state(Way::Blocking)).unwrap();
            let [first, second] = state.windows[..] else {
                panic!("two windows")
            };
            assert_eq!(first.used, second.used);
            // the limit is lowered after the booking
            assert!(second.limit == 6 || second.used == 1, "{state:?}");
        });
        look.join().unwrap();
        other.join().unwrap();
    });
}
