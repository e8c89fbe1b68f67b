//! Real waiters over a real gate: whatever meets a wake-up, nobody is left asleep and nothing is over-booked.
//!
//! Each waiter is driven by hand as an async task is: polled when woken, dropped when cancelled. Time stands still, so
//! nothing but a wake-up ends a sleep, and loom reports a lost one as a deadlock. Outside the models are the gate's name,
//! whose registry is behind std's lock, reference counts of handles, and timers.
// long file: one model beside the other, over the same few helpers

use crate::explore::{explore, explore_most};
use call_gate_core::model::{Placed, is_open, serve};
use call_gate_core::{CallGate, Clock, Limits, Moment, Reading, Step, UpdateError, Wait, Waiter};
use loom::sync::Notify;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use loom::sync::mpsc::{Receiver, Sender, channel};
use loom::thread::{self, JoinHandle};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const NOON: Moment = Moment::from_nanos(43_200_000_000_000);

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> Moment {
        NOON
    }
}

/// A clock that one thread of the model moves on, within the frame.
#[derive(Debug)]
struct Moved(AtomicU64);

impl Clock for Moved {
    fn now(&self) -> Moment {
        NOON.after(Duration::from_nanos(self.0.load(Relaxed)))
    }
}

/// A full gate of two frames that holds `limit`.
fn full(placed: Placed, clock: impl Clock + 'static, limit: u64) -> CallGate {
    let gate = CallGate::unnamed(2 * SECOND, SECOND)
        .gate_limit(limit)
        .storage(placed)
        .clock(clock);
    let gate = match placed {
        Placed::Packed => gate,
        Placed::Locked => gate.credits(),
    };
    let gate = gate.build().unwrap();
    gate.try_update(limit).unwrap();
    gate
}

struct Wakeup {
    bell: Notify,
    /// While a storage behind a network is asked, whoever waits for its answer takes every wake-up for that.
    asking: AtomicBool,
}

impl Wakeup {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            bell: Notify::new(),
            asking: AtomicBool::new(false),
        })
    }
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        if !self.asking.load(Relaxed) {
            self.bell.notify();
        }
    }
}

type Outcome = Result<Reading, UpdateError>;

/// A task that updates by 1.
struct Task<'g> {
    /// A model that ends in a deadlock unwinds its threads, where a waiter cannot leave its queue.
    waiter: ManuallyDrop<Waiter<'g>>,
    wakeup: Arc<Wakeup>,
    waker: Waker,
    /// For an update whose storage is as if behind a network.
    server: Option<&'g CallGate>,
}

impl<'g> Task<'g> {
    fn new(gate: &'g CallGate, wait: Wait) -> Self {
        let wakeup = Wakeup::new();
        Self {
            waiter: ManuallyDrop::new(gate.waiter(1, wait)),
            waker: Waker::from(wakeup.clone()),
            wakeup,
            server: None,
        }
    }

    /// Asks as if its gate were remote.
    fn remote(gate: &'g CallGate) -> Self {
        Self {
            server: Some(gate),
            ..Self::new(gate, Wait::Forever)
        }
    }

    /// A task that has joined, and if it is the head, was denied.
    fn asleep(gate: &'g CallGate) -> Self {
        let mut task = Self::new(gate, Wait::Forever);
        assert!(task.poll().is_none());
        task
    }

    /// `None`: it sleeps.
    fn poll(&mut self) -> Option<Outcome> {
        let step = self.waiter.step(&self.waker);
        self.act(step)
    }

    fn act(&mut self, mut step: Step) -> Option<Outcome> {
        loop {
            step = match step {
                Step::Ask => self.ask(),
                Step::Sleep(..) => return None,
                Step::Done(outcome) => return Some(outcome),
            };
        }
    }

    fn ask(&mut self) -> Step {
        let Some(server) = self.server else {
            return self.waiter.ask(&self.waker).unwrap();
        };
        self.wakeup.asking.store(true, Relaxed);
        let answer = serve(server, 1);
        self.wakeup.asking.store(false, Relaxed);
        self.waiter.answer(answer, &self.waker)
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
            self.wakeup.bell.wait();
            if let Some(outcome) = self.poll() {
                return outcome;
            }
        }
    }

    /// Dropped before it is done.
    fn cancel(self) {
        drop(ManuallyDrop::into_inner(self.waiter));
    }

    /// Polled from elsewhere from now on, with another waker.
    fn moves(&mut self) {
        self.wakeup = Wakeup::new();
        self.waker = Waker::from(self.wakeup.clone());
    }
}

/// As `CallGate::update` does.
fn update(gate: &CallGate) -> Outcome {
    match gate.try_update(1) {
        Err(error) if error.is_denied() => Task::new(gate, Wait::Forever).run(),
        outcome => outcome,
    }
}

fn is_admitted(outcome: Outcome) -> bool {
    match outcome {
        Ok(_) => true,
        Err(UpdateError::Closed) => false,
        Err(error) => panic!("{error}"),
    }
}

fn denied(outcome: Outcome) -> bool {
    match outcome {
        Ok(_) => false,
        Err(error) if error.is_denied() => true,
        Err(error) => panic!("{error}"),
    }
}

/// What makes room for one more in a full gate of 1.
#[derive(Debug, Clone, Copy)]
enum Room {
    Refund,
    Limit,
    Clear,
}

impl Room {
    fn make(self, gate: &CallGate) {
        match self {
            Self::Refund => assert!(gate.refund(1).is_ok()),
            Self::Limit => gate.set_limits(Limits::gate(2)).unwrap(),
            Self::Clear => gate.clear().unwrap(),
        }
    }

    /// The limit then in force, which is also what the gate holds once one more is admitted.
    fn limit(self) -> u64 {
        match self {
            Self::Limit => 2,
            Self::Refund | Self::Clear => 1,
        }
    }
}

/// The gate at rest holds `held` of `limit`, no more than that can be booked, and newcomers find the fast path.
fn at_rest(gate: &CallGate, held: u64, limit: u64) {
    assert_eq!(gate.waiters(), 0);
    assert_eq!(gate.state().unwrap().sum(), held);
    assert!(held <= limit, "{held} of {limit}");
    assert!(is_open(gate));
    for _ in held..limit {
        gate.try_update(1).unwrap();
    }
    assert!(denied(gate.try_update(1)));
    assert_eq!(gate.state().unwrap().sum(), limit);
}

/// The closed gate holds `held`, and nobody waits or ever will.
fn at_an_end(gate: &CallGate, held: u64) {
    assert_eq!(gate.waiters(), 0);
    assert_eq!(gate.state().unwrap().sum(), held);
    assert!(!is_open(gate));
    assert!(matches!(gate.try_update(1), Err(UpdateError::Closed)));
}

/// Runs `work` in a thread of the model with a handle of its own.
fn spawn<T: 'static>(
    gate: &CallGate,
    work: impl FnOnce(&CallGate) -> T + 'static,
) -> JoinHandle<T> {
    let gate = gate.clone();
    thread::spawn(move || work(&gate))
}

/// Ends with the receiver gone, which a thread that is unwound could not drop.
fn wait_for(gone: Receiver<()>) {
    gone.recv().unwrap();
}

/// The head is cancelled while it is woken; its task also runs the second in the line.
fn a_cancelled_head_hands_on(placed: Placed, room: Room) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let tasks = spawn(&gate, move |gate| {
            let head = Task::asleep(gate);
            let second = Task::asleep(gate);
            let other = spawn(gate, move |gate| room.make(gate));
            head.cancel();
            assert!(is_admitted(second.woken()));
            other.join().unwrap();
        });
        tasks.join().unwrap();
        at_rest(&gate, room.limit(), room.limit());
    });
}

/// As above, with a thread for each: the second may be polled while the head leaves.
fn a_cancelled_head_hands_on_to_another_thread(placed: Placed, room: Room) {
    // a clear has many points to meet
    let fewer = usize::from(matches!(room, Room::Clear));
    explore_most(fewer, move || {
        let gate = full(placed, Still, 1);
        let (go, gone) = channel();
        let tasks = spawn(&gate, move |gate| {
            let head = Task::asleep(gate);
            let second = spawn(gate, move |gate| {
                let second = Task::asleep(gate);
                let other = spawn(gate, move |gate| room.make(gate));
                go.send(()).unwrap();
                // `run`: the first poll is one that nobody asked for
                let outcome = second.run();
                other.join().unwrap();
                outcome
            });
            wait_for(gone);
            head.cancel();
            assert!(is_admitted(second.join().unwrap()));
        });
        tasks.join().unwrap();
        at_rest(&gate, room.limit(), room.limit());
    });
}

/// The head is cancelled while its predecessor, which a refund has woken, is admitted or cancelled too.
fn a_head_cancelled_as_its_predecessor_leaves_hands_on(placed: Placed, admitted: bool) {
    explore(move || {
        let gate = full(placed, Still, 2);
        let first = spawn(&gate, move |gate| {
            let first = Task::asleep(gate);
            let (go, gone) = channel();
            let head = spawn(gate, move |gate| {
                let head = Task::asleep(gate);
                let (go_too, gone) = channel();
                let third = spawn(gate, move |gate| {
                    let third = Task::asleep(gate);
                    for go in [go, go_too] {
                        go.send(()).unwrap();
                    }
                    gate.refund(2).unwrap();
                    third.woken()
                });
                wait_for(gone);
                head.cancel();
                third
            });
            wait_for(gone);
            if admitted {
                assert!(is_admitted(first.woken()));
            } else {
                first.cancel();
            }
            head
        });
        let third = first.join().unwrap().join().unwrap();
        assert!(is_admitted(third.join().unwrap()));
        at_rest(&gate, if admitted { 2 } else { 1 }, 2);
    });
}

/// Room is made beside an update that finds none at first.
fn room_made_beside_an_update_is_seen(placed: Placed, room: Room) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let waiting = spawn(&gate, update);
        let other = spawn(&gate, move |gate| room.make(gate));
        assert!(is_admitted(waiting.join().unwrap()));
        other.join().unwrap();
        at_rest(&gate, room.limit(), room.limit());
    });
}

/// Room for two is made beside two updates.
fn room_for_two_is_handed_on(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 2);
        let waiting = [(); 2].map(|()| spawn(&gate, |gate| Task::new(gate, Wait::Forever).run()));
        let other = spawn(&gate, |gate| assert!(gate.refund(2).is_ok()));
        for waiting in waiting {
            assert!(is_admitted(waiting.join().unwrap()));
        }
        other.join().unwrap();
        at_rest(&gate, 2, 2);
    });
}

/// A close beside an update that finds no room.
fn close_reaches_an_update(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let waiting = spawn(&gate, update);
        let other = spawn(&gate, CallGate::close);
        assert!(!is_admitted(waiting.join().unwrap()));
        other.join().unwrap();
        at_an_end(&gate, 1);
    });
}

/// A close after a refund, beside an update: admitted or closed.
fn close_and_a_refund_reach_an_update(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let waiting = spawn(&gate, update);
        let other = spawn(&gate, |gate| {
            gate.refund(1).unwrap();
            gate.close();
        });
        let admitted = is_admitted(waiting.join().unwrap());
        other.join().unwrap();
        at_an_end(&gate, u64::from(admitted));
    });
}

/// A close beside a head that is cancelled; its task also runs the second in the line.
fn close_reaches_whoever_follows_a_cancelled_head(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let tasks = spawn(&gate, |gate| {
            let head = Task::asleep(gate);
            let second = Task::asleep(gate);
            let other = spawn(gate, CallGate::close);
            head.cancel();
            assert!(!is_admitted(second.woken()));
            other.join().unwrap();
        });
        tasks.join().unwrap();
        at_an_end(&gate, 1);
    });
}

/// A close beside a head that is cancelled and an update that joins.
fn close_reaches_whoever_joins_behind_a_cancelled_head(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let head = spawn(&gate, |gate| {
            let head = Task::asleep(gate);
            let second = spawn(gate, |gate| update(gate));
            let other = spawn(gate, CallGate::close);
            head.cancel();
            assert!(!is_admitted(second.join().unwrap()));
            other.join().unwrap();
        });
        head.join().unwrap();
        at_an_end(&gate, 1);
    });
}

/// Newcomers try while the last waiter, for whom there is room, is admitted: they never overtake it.
fn newcomers_beside_the_last_waiter(placed: Placed, room: u64) {
    explore(move || {
        let gate = full(placed, Still, 2);
        let last = spawn(&gate, move |gate| {
            let last = Task::asleep(gate);
            gate.refund(room).unwrap();
            let newcomers = spawn(gate, |gate| {
                let tries = [(); 2].map(|()| !denied(gate.try_update(1)));
                tries.into_iter().filter(|admitted| *admitted).count() as u64
            });
            assert!(is_admitted(last.woken()));
            newcomers.join().unwrap()
        });
        let newcomers = last.join().unwrap();
        assert!(newcomers < room, "{newcomers} newcomers and the waiter");
        at_rest(&gate, 2 - room + 1 + newcomers, 2);
    });
}

/// Newcomers try while the last waiter is cancelled.
fn newcomers_beside_a_cancelled_waiter(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let last = spawn(&gate, |gate| {
            let last = Task::asleep(gate);
            gate.refund(1).unwrap();
            let newcomers = spawn(gate, |gate| {
                let tries = [(); 2].map(|()| !denied(gate.try_update(1)));
                tries.into_iter().filter(|admitted| *admitted).count() as u64
            });
            last.cancel();
            newcomers.join().unwrap()
        });
        let newcomers = last.join().unwrap();
        at_rest(&gate, newcomers, 1);
    });
}

/// Newcomers try while the head, which a refund has woken, is cancelled and another waits: the room is the other's.
fn newcomers_beside_a_head_that_leaves(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let tasks = spawn(&gate, |gate| {
            let head = Task::asleep(gate);
            let second = Task::asleep(gate);
            gate.refund(1).unwrap();
            let newcomers = spawn(gate, |gate| {
                let tries = [(); 2].map(|()| denied(gate.try_update(1)));
                assert_eq!(tries, [true; 2]);
            });
            head.cancel();
            assert!(is_admitted(second.woken()));
            newcomers.join().unwrap();
        });
        tasks.join().unwrap();
        at_rest(&gate, 1, 1);
    });
}

/// A newcomer takes the only room, or not, and gives it back beside an update.
fn a_newcomer_gives_back_beside_an_update(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        gate.clear().unwrap();
        let waiting = spawn(&gate, update);
        let newcomer = spawn(&gate, |gate| {
            if !denied(gate.try_update(1)) {
                gate.refund(1).unwrap();
            }
        });
        assert!(is_admitted(waiting.join().unwrap()));
        newcomer.join().unwrap();
        at_rest(&gate, 1, 1);
    });
}

/// The head's task moves while room is made.
fn a_head_that_moves_is_woken_where_it_is(placed: Placed, room: Room) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let head = spawn(&gate, move |gate| {
            let mut head = Task::asleep(gate);
            let other = spawn(gate, move |gate| room.make(gate));
            head.moves();
            assert!(is_admitted(head.run()));
            other.join().unwrap();
        });
        head.join().unwrap();
        at_rest(&gate, room.limit(), room.limit());
    });
}

/// The second's task moves while the head, which a refund has woken, is cancelled.
fn a_second_that_moves_is_woken_where_it_is(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let (go, gone): (Sender<()>, Receiver<()>) = channel();
        let head = spawn(&gate, move |gate| {
            let head = Task::asleep(gate);
            let second = spawn(gate, move |gate| {
                let mut second = Task::asleep(gate);
                gate.refund(1).unwrap();
                go.send(()).unwrap();
                second.moves();
                second.run()
            });
            wait_for(gone);
            head.cancel();
            second.join().unwrap()
        });
        assert!(is_admitted(head.join().unwrap()));
        at_rest(&gate, 1, 1);
    });
}

/// The second's task moves while a close comes.
fn a_second_that_moves_is_closed_where_it_is(placed: Placed) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let tasks = spawn(&gate, |gate| {
            let head = Task::asleep(gate);
            let mut second = Task::asleep(gate);
            let other = spawn(gate, CallGate::close);
            second.moves();
            assert!(!is_admitted(second.run()));
            assert!(!is_admitted(head.run()));
            other.join().unwrap();
        });
        tasks.join().unwrap();
        at_an_end(&gate, 1);
    });
}

/// The head's timer fires at the end of its wait while room for two is made: it takes its last chance or hands on.
fn a_head_whose_time_is_up_hands_on(placed: Placed) {
    explore(move || {
        let clock = Arc::new(Moved(AtomicU64::new(0)));
        let gate = full(placed, clock.clone(), 2);
        let tasks = spawn(&gate, move |gate| {
            let wait = SECOND / 2;
            let mut head = Task::new(gate, Wait::For(wait));
            assert!(matches!(head.waiter.step(&head.waker), Step::Ask));
            let Some(Step::Sleep(Some(until), turn)) = head.waiter.ask(&head.waker) else {
                panic!("there is no room")
            };
            head.waiter.alarm(until, turn, &head.waker);
            let second = Task::asleep(gate);
            let other = spawn(gate, |gate| assert!(gate.refund(2).is_ok()));
            clock
                .0
                .store(u64::try_from(wait.as_nanos()).unwrap(), Relaxed);
            let step = head.waiter.fired(wait, &head.waker);
            let outcome = head.act(step).expect("its time is up");
            let admitted = !denied(outcome);
            assert!(is_admitted(second.woken()));
            other.join().unwrap();
            admitted
        });
        let admitted = tasks.join().unwrap();
        at_rest(&gate, 1 + u64::from(admitted), 2);
    });
}

/// Room is made beside a head whose storage is as if behind a network: a wake-up that is taken for the answer's is not lost.
fn room_made_beside_an_answer_is_seen(placed: Placed, room: Room) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let waiting = spawn(&gate, |gate| Task::remote(gate).run());
        let other = spawn(&gate, move |gate| room.make(gate));
        assert!(is_admitted(waiting.join().unwrap()));
        other.join().unwrap();
        at_rest(&gate, room.limit(), room.limit());
    });
}

/// The same with a close, also after a nudge that has taken the waker and brought no room.
fn close_beside_an_answer_is_seen(placed: Placed, nudged: bool) {
    explore(move || {
        let gate = full(placed, Still, 1);
        let waiting = spawn(&gate, |gate| Task::remote(gate).run());
        let other = spawn(&gate, move |gate| {
            if nudged {
                gate.set_limits(gate.limits()).unwrap();
            }
            gate.close();
        });
        assert!(!is_admitted(waiting.join().unwrap()));
        other.join().unwrap();
        at_an_end(&gate, 1);
    });
}

/// Every model over both placements of the window.
macro_rules! both {
    ($($name:ident: $model:ident($($argument:expr),*);)*) => {
        mod packed {
            use super::*;

            $(#[test]
            fn $name() {
                super::$model(Placed::Packed $(, $argument)*);
            })*
        }

        mod locked {
            use super::*;

            $(#[test]
            fn $name() {
                super::$model(Placed::Locked $(, $argument)*);
            })*
        }
    };
}

both! {
    a_cancelled_head_and_a_refund: a_cancelled_head_hands_on(Room::Refund);
    a_cancelled_head_and_a_raised_limit: a_cancelled_head_hands_on(Room::Limit);
    a_cancelled_head_and_a_clear: a_cancelled_head_hands_on(Room::Clear);
    a_cancelled_head_a_successor_and_a_refund: a_cancelled_head_hands_on_to_another_thread(Room::Refund);
    a_cancelled_head_a_successor_and_a_raised_limit: a_cancelled_head_hands_on_to_another_thread(Room::Limit);
    a_cancelled_head_a_successor_and_a_clear: a_cancelled_head_hands_on_to_another_thread(Room::Clear);
    a_cancelled_head_and_an_admitted_predecessor: a_head_cancelled_as_its_predecessor_leaves_hands_on(true);
    a_cancelled_head_and_a_cancelled_predecessor: a_head_cancelled_as_its_predecessor_leaves_hands_on(false);
    a_join_and_a_refund: room_made_beside_an_update_is_seen(Room::Refund);
    a_join_and_a_raised_limit: room_made_beside_an_update_is_seen(Room::Limit);
    a_join_and_a_clear: room_made_beside_an_update_is_seen(Room::Clear);
    two_joins_and_a_refund: room_for_two_is_handed_on();
    a_join_and_a_close: close_reaches_an_update();
    a_join_a_refund_and_a_close: close_and_a_refund_reach_an_update();
    a_cancelled_head_and_a_close: close_reaches_whoever_follows_a_cancelled_head();
    a_cancelled_head_a_join_and_a_close: close_reaches_whoever_joins_behind_a_cancelled_head();
    newcomers_and_a_waiter_with_room_for_one: newcomers_beside_the_last_waiter(1);
    newcomers_and_a_waiter_with_room_for_two: newcomers_beside_the_last_waiter(2);
    newcomers_and_a_cancelled_waiter: newcomers_beside_a_cancelled_waiter();
    newcomers_and_a_cancelled_head: newcomers_beside_a_head_that_leaves();
    a_newcomer_that_gives_back: a_newcomer_gives_back_beside_an_update();
    a_moved_head_and_a_refund: a_head_that_moves_is_woken_where_it_is(Room::Refund);
    a_moved_head_and_a_raised_limit: a_head_that_moves_is_woken_where_it_is(Room::Limit);
    a_moved_second_and_a_cancelled_head: a_second_that_moves_is_woken_where_it_is();
    a_moved_second_and_a_close: a_second_that_moves_is_closed_where_it_is();
    a_head_whose_time_is_up: a_head_whose_time_is_up_hands_on();
    an_answer_and_a_refund: room_made_beside_an_answer_is_seen(Room::Refund);
    an_answer_and_a_raised_limit: room_made_beside_an_answer_is_seen(Room::Limit);
    an_answer_and_a_clear: room_made_beside_an_answer_is_seen(Room::Clear);
    an_answer_and_a_close: close_beside_an_answer_is_seen(false);
    an_answer_a_nudge_and_a_close: close_beside_an_answer_is_seen(true);
}
