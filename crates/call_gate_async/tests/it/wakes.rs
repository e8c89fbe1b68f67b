//! Who is woken, by what, and that no wake-up is lost with the one who was to get it.
// long file: small cases over the same few helpers

use crate::hand::{Bell, glance, now, poll};
use crate::{PLACEMENTS, SECOND, paused};
use call_gate_async::{AsyncCallGate, TokioClock, Update};
use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, Reading, UpdateError, Wait};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

/// Full gates of 2 in 10 s, in both places, each with its clock.
fn full() -> [(ManualClock, AsyncCallGate); 2] {
    PLACEMENTS.map(|place| {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let builder = CallGate::unnamed(10 * SECOND, SECOND).gate_limit(2);
        let gate = place(builder).clock(clock.clone()).build().unwrap();
        gate.try_update(2).unwrap();
        (clock, gate.into())
    })
}

/// A waiter in its place, and how often it was woken.
struct Waiting<'g> {
    update: Update<'g>,
    bell: Arc<Bell>,
    waker: Waker,
}

impl<'g> Waiting<'g> {
    fn new(gate: &'g AsyncCallGate, value: u64, wait: Wait) -> Self {
        let (bell, waker) = Bell::new();
        let update = gate.update_with(value, wait);
        let mut waiting = Self {
            update,
            bell,
            waker,
        };
        let before = gate.waiters();
        assert!(waiting.poll().is_pending());
        assert_eq!(gate.waiters(), before + 1);
        waiting
    }

    fn forever(gate: &'g AsyncCallGate, value: u64) -> Self {
        Self::new(gate, value, Wait::Forever)
    }

    fn poll(&mut self) -> Poll<Result<Reading, UpdateError>> {
        poll(Pin::new(&mut self.update), &self.waker)
    }

    fn admitted(&mut self) -> bool {
        matches!(self.poll(), Poll::Ready(Ok(_)))
    }
}

type Room = fn(&AsyncCallGate);

/// What makes room before its time.
const MAKE_ROOM: [(&str, Room); 3] = [
    ("refund", |gate| {
        now(gate.refund(1)).unwrap();
    }),
    ("raise", |gate| {
        now(gate.set_limits(gate.limits().with_gate(3))).unwrap();
    }),
    ("clear", |gate| now(gate.clear()).unwrap()),
];

#[test]
fn a_head_that_is_dropped_after_it_was_woken_hands_on() {
    for (name, room) in MAKE_ROOM {
        for (_, gate) in full() {
            let head = Waiting::forever(&gate, 1);
            let mut next = Waiting::forever(&gate, 1);
            room(&gate);
            assert_eq!((head.bell.rings(), next.bell.rings()), (1, 0), "{name}");
            drop(head);
            assert_eq!(next.bell.rings(), 1, "{name}");
            assert!(next.admitted(), "{name}");
            assert_eq!(gate.waiters(), 0);
        }
    }
}

#[test]
fn a_head_that_is_dropped_after_its_time_came_hands_on() {
    for (clock, gate) in full() {
        let head = Waiting::forever(&gate, 2);
        let mut next = Waiting::forever(&gate, 2);
        clock.advance(10 * SECOND);
        assert_eq!((head.bell.rings(), next.bell.rings()), (1, 0));
        drop(head);
        assert_eq!(next.bell.rings(), 1);
        assert!(next.admitted());
        assert_eq!(now(gate.sum()).unwrap(), 2);
    }
}

#[test]
fn many_that_are_dropped_one_after_the_other_while_woken_hand_on() {
    for (_, gate) in full() {
        let mut line: Vec<_> = (0..100).map(|_| Waiting::forever(&gate, 1)).collect();
        now(gate.refund(1)).unwrap();
        let mut last = line.pop().unwrap();
        for (number, head) in line.into_iter().enumerate() {
            assert_eq!(head.bell.rings(), 1, "number {number}");
            assert_eq!(last.bell.rings(), 0);
            drop(head);
        }
        assert_eq!(last.bell.rings(), 1);
        assert!(last.admitted());
        assert_eq!((gate.waiters(), now(gate.sum()).unwrap()), (0, 2));
    }
}

#[test]
fn one_that_is_dropped_from_the_middle_wakes_nobody() {
    for (clock, gate) in full() {
        let mut head = Waiting::forever(&gate, 2);
        let middle = Waiting::forever(&gate, 2);
        let mut last = Waiting::forever(&gate, 2);
        drop(middle);
        assert_eq!((head.bell.rings(), last.bell.rings()), (0, 0));
        assert_eq!(gate.waiters(), 2);
        clock.advance(10 * SECOND);
        assert!(head.admitted());
        assert_eq!(last.bell.rings(), 1);
        assert!(last.poll().is_pending());
        clock.advance(10 * SECOND);
        assert!(last.admitted());
    }
}

#[test]
fn one_that_was_never_polled_has_no_place() {
    for (_, gate) in full() {
        let unpolled = gate.update(1);
        assert_eq!(gate.waiters(), 0);
        drop(unpolled);
        assert_eq!((gate.waiters(), now(gate.sum()).unwrap()), (0, 2));
    }
}

#[test]
fn one_that_is_not_polled_holds_up_those_behind_until_it_is_dropped() {
    for (clock, gate) in full() {
        let head = Waiting::forever(&gate, 1);
        let mut next = Waiting::forever(&gate, 1);
        let mut hasty = Waiting::new(&gate, 1, Wait::For(15 * SECOND));
        clock.advance(15 * SECOND);
        // there is room and time enough, but it is not their turn
        assert!(next.poll().is_pending());
        assert!(matches!(
            hasty.poll(),
            Poll::Ready(Err(UpdateError::WaitExhausted(_)))
        ));
        assert!(matches!(
            now(gate.try_update(1)),
            Err(UpdateError::Queued(_))
        ));
        let woken = next.bell.rings();
        drop(head);
        assert_eq!(next.bell.rings(), woken + 1);
        assert!(next.admitted());
        assert_eq!((gate.waiters(), now(gate.sum()).unwrap()), (0, 1));
    }
}

#[test]
fn closing_wakes_everybody_once_and_a_woken_head_is_closed_too() {
    for (_, gate) in full() {
        let mut line: Vec<_> = (0..5).map(|_| Waiting::forever(&gate, 1)).collect();
        now(gate.refund(1)).unwrap();
        gate.close();
        for waiting in &mut line {
            assert_eq!(waiting.bell.rings(), 1);
            assert!(matches!(
                waiting.poll(),
                Poll::Ready(Err(UpdateError::Closed))
            ));
        }
        assert_eq!((gate.waiters(), now(gate.sum()).unwrap()), (0, 1));
    }
}

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    type Change = fn(&AsyncCallGate, &ManualClock);
    let changes: [(&str, Change); 3] = [
        ("refund", |gate, _| {
            now(gate.refund(1)).unwrap();
        }),
        ("time", |_, clock| clock.advance(10 * SECOND)),
        ("close", |gate, _| gate.close()),
    ];
    for (name, change) in changes {
        for (clock, gate) in full() {
            let mut waiting = Waiting::forever(&gate, 1);
            let (bell, waker) = Bell::new();
            assert!(poll(Pin::new(&mut waiting.update), &waker).is_pending());
            change(&gate, &clock);
            assert_eq!(bell.rings(), 1, "{name}");
            assert!(poll(Pin::new(&mut waiting.update), &waker).is_ready());
        }
    }
}

#[test]
fn a_future_that_moves_to_another_task_is_woken_there() {
    paused().block_on(async {
        for place in PLACEMENTS {
            let clock = TokioClock::new();
            let builder = CallGate::unnamed(10 * SECOND, SECOND).gate_limit(1);
            let gate = place(builder).clock(clock).build().unwrap();
            gate.try_update(1).unwrap();
            let gate: &'static AsyncCallGate = Box::leak(Box::new(gate.into()));
            let (send, mut moved) = mpsc::channel(1);
            tokio::spawn(async move {
                let mut update = gate.update(1);
                // it has a timer now, set with this task's waker
                assert!(timeout(3 * SECOND, &mut update).await.is_err());
                send.send(update).await.unwrap();
            })
            .await
            .unwrap();
            let update = moved.recv().await.unwrap();
            let waiting = tokio::spawn(update);
            let began = Instant::now();
            timeout(60 * SECOND, waiting)
                .await
                .expect("nobody woke the second task")
                .unwrap()
                .unwrap();
            assert!(began.elapsed() <= 7 * SECOND);
        }
    });
}

#[test]
fn room_that_is_made_while_the_head_sleeps_is_taken_at_once() {
    for (name, room) in MAKE_ROOM {
        paused().block_on(async {
            let builder = CallGate::unnamed(3600 * SECOND, SECOND).gate_limit(2);
            let gate = builder.clock(TokioClock::new()).build().unwrap();
            let gate = AsyncCallGate::from(gate);
            gate.update(2).await.unwrap();
            let began = Instant::now();
            let waiting = tokio::spawn({
                let gate = gate.clone();
                async move { gate.update(1).await.map(|_| began.elapsed()) }
            });
            // still in the frame that was booked in, so that it can be taken back
            sleep(SECOND / 1000).await;
            assert_eq!(gate.waiters(), 1);
            room(&gate);
            let admitted = timeout(2 * SECOND, waiting).await;
            let waited = admitted.expect(name).unwrap().unwrap();
            assert_eq!(waited, SECOND / 1000, "{name}");
        });
    }
}

#[test]
fn a_task_that_is_aborted_while_it_is_woken_hands_on() {
    paused().block_on(async {
        let builder = CallGate::unnamed(3600 * SECOND, 600 * SECOND).gate_limit(1);
        let gate = builder.clock(TokioClock::new()).build().unwrap();
        let gate = AsyncCallGate::from(gate);
        gate.update(1).await.unwrap();
        let wait = |gate: AsyncCallGate| tokio::spawn(async move { gate.update(1).await });
        let head = wait(gate.clone());
        let next = wait(gate.clone());
        tokio::task::yield_now().await;
        assert_eq!(gate.waiters(), 2);
        now(gate.clear()).unwrap();
        head.abort();
        assert!(head.await.unwrap_err().is_cancelled());
        let began = Instant::now();
        timeout(SECOND, next).await.unwrap().unwrap().unwrap();
        assert_eq!((gate.waiters(), began.elapsed()), (0, Duration::ZERO));
    });
}

/// A waker that uses the gate when it is woken, cloned and dropped.
#[derive(Debug)]
struct Meddler {
    gate: AsyncCallGate,
    told: Mutex<Vec<usize>>,
    woken: AtomicU64,
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::SeqCst);
        let _ = now(self.gate.try_update(1));
        let mut other = self.gate.update(1);
        let _ = glance(&mut other);
        self.told.lock().unwrap().push(self.gate.waiters());
        drop(other);
        self.gate.close();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        // what it does is of no importance: it must not wait for a lock that is held
        let _ = (now(self.gate.try_update(1)), self.gate.waiters());
    }
}

#[test]
fn a_waker_may_use_the_gate() {
    for (_, gate) in full() {
        let meddler = Arc::new(Meddler {
            gate: gate.clone(),
            told: Mutex::default(),
            woken: AtomicU64::new(0),
        });
        let waker = Waker::from(meddler.clone());
        let mut head = gate.update_with(2, Wait::Forever);
        assert!(poll(Pin::new(&mut head), &waker).is_pending());
        let next = Waiting::forever(&gate, 1);
        now(gate.refund(1)).unwrap();
        assert_eq!(meddler.woken.load(Ordering::SeqCst), 1);
        // the head, the next, and the waker's own for a moment
        assert_eq!(*meddler.told.lock().unwrap(), [3]);
        assert_eq!(next.bell.rings(), 1, "the waker closed the gate");
        drop(waker);
        drop(meddler);
        assert!(matches!(
            glance(&mut head),
            Poll::Ready(Err(UpdateError::Closed))
        ));
        drop((head, next));
        assert_eq!(gate.waiters(), 0);
    }
}

#[test]
fn a_manual_clock_forgets_whoever_no_longer_waits() {
    for (clock, gate) in full() {
        for wait in [Wait::Forever, Wait::For(5 * SECOND)] {
            let line: Vec<_> = (0..100).map(|_| Waiting::new(&gate, 1, wait)).collect();
            let bells: Vec<_> = line.iter().map(|one| one.bell.clone()).collect();
            // polled again and again, nobody is in the clock more than once
            for mut one in line {
                assert!(one.poll().is_pending());
                let held = Arc::strong_count(&one.bell);
                for _ in 0..3 {
                    assert!(one.poll().is_pending());
                }
                assert_eq!(Arc::strong_count(&one.bell), held);
            }
            let kept = |bell: &&Arc<Bell>| Arc::strong_count(bell) > 1;
            assert_eq!(bells.iter().filter(kept).count(), 0, "dropped, {wait:?}");
        }
        let mut one = Waiting::forever(&gate, 1);
        now(gate.refund(1)).unwrap();
        assert!(one.admitted());
        // its own waker, and this handle of the bell
        assert_eq!(Arc::strong_count(&one.bell), 2, "admitted");
        assert_eq!(clock.time(), SystemTime::UNIX_EPOCH);
    }
}
