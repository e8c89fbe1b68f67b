//! Every runtime, and none: nobody blocks an executor, and where there is no timer that is told and nothing is left behind.
// long file: one runtime beside the other

use crate::hand::{block_on, glance, now};
use crate::{SECOND, paused, until};
use call_gate_async::{AsyncCallGate, TokioClock};
use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, CallGateBuilder, UpdateError, Wait};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, LocalSet, yield_now};
use tokio::time::{interval, sleep, timeout};

const MILLI: Duration = Duration::from_millis(1);

fn builder() -> CallGateBuilder {
    CallGate::unnamed(10 * SECOND, SECOND).gate_limit(1)
}

/// A full gate in tokio's time.
async fn full() -> AsyncCallGate {
    let gate = AsyncCallGate::from(builder().clock(TokioClock::new()).build().unwrap());
    gate.update(1).await.unwrap();
    gate
}

/// How long the heart of a runtime of one thread stands still at most while `load` runs.
fn largest_gap(load: impl Future<Output = ()> + 'static) -> (Duration, u32) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let load = tokio::task::spawn_local(load);
        let mut beat = interval(5 * MILLI);
        let (mut last, mut largest, mut beats) = (Instant::now(), Duration::ZERO, 0);
        while !load.is_finished() {
            beat.tick().await;
            largest = largest.max(last.elapsed());
            last = Instant::now();
            beats += 1;
        }
        load.await.unwrap();
        (largest, beats)
    })
}

#[test]
fn a_heart_on_the_same_thread_beats_on_while_a_thousand_wait() {
    let frame = 300 * MILLI;
    let gate = || {
        let gate = CallGate::unnamed(2 * frame, frame).frame_limit(400);
        AsyncCallGate::from(gate.build().unwrap())
    };
    let crowd = gate();
    let began = Instant::now();
    let (gap, beats) = largest_gap(async move {
        let mut tasks = JoinSet::new();
        for _ in 0..1000 {
            let gate = crowd.clone();
            tasks.spawn(async move { gate.update_with(1, Wait::Forever).await.map(drop) });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap().unwrap();
        }
    });
    assert!(began.elapsed() > frame, "nobody had to wait");
    assert!(beats > 20, "only {beats} beats");
    let bound = frame / 2;
    assert!(gap < bound, "the heart stood still for {gap:?}");
    // the same bound finds a single blocked thread
    let blocking = gate();
    let (gap, _) = largest_gap(async move {
        yield_now().await;
        for _ in 0..2 {
            blocking.as_sync().update(400).unwrap();
        }
        blocking.as_sync().update(400).unwrap();
    });
    assert!(gap > bound, "a blocked heart beat on: {gap:?}");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn on_one_thread() -> Result<u64, call_gate_core::Error> {
    let gate = full().await;
    gate.update(1).await?;
    Ok(gate.sum().await?)
}

#[tokio::main(worker_threads = 2)]
async fn on_many_threads() -> Result<u64, call_gate_core::Error> {
    let gate = CallGate::unnamed(20 * MILLI, 10 * MILLI).gate_limit(5);
    let gate = AsyncCallGate::from(gate.build()?);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let gate = gate.clone();
            tokio::spawn(async move { gate.update_with(1, Wait::Forever).await.map(|_| 1) })
        })
        .collect();
    let mut served = 0;
    for task in tasks {
        served += task.await.unwrap()?;
    }
    Ok(served)
}

#[test]
fn it_waits_in_a_main_of_either_flavour() {
    assert_eq!(on_one_thread().unwrap(), 1);
    assert_eq!(on_many_threads().unwrap(), 20);
}

#[test]
fn tasks_that_cannot_leave_their_thread_are_served_in_order() {
    LocalSet::new().block_on(&paused(), async {
        let gate = Rc::new(full().await);
        let served = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let (gate, served) = (gate.clone(), served.clone());
                tokio::task::spawn_local(async move {
                    gate.update_with(1, Wait::Forever).await.unwrap();
                    assert_eq!(served.replace(number + 1), number);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!((served.get(), gate.waiters()), (20, 0));
    });
}

#[test]
fn a_future_that_is_kept_through_a_loop_of_selects_keeps_its_place() {
    paused().block_on(async {
        let gate = full().await;
        let began = tokio::time::Instant::now();
        let mut update = gate.update_with(1, Wait::Forever);
        let mut beat = interval(SECOND / 2);
        let mut beats = 0;
        let mut behind = None;
        loop {
            tokio::select! {
                // it has its place before the first beat
                biased;
                outcome = &mut update => {
                    outcome.unwrap();
                    break;
                }
                _ = beat.tick() => beats += 1,
            }
            assert!(gate.waiters() >= 1);
            // somebody who comes later stays behind
            behind.get_or_insert_with(|| {
                let gate = gate.clone();
                tokio::spawn(async move { gate.update_with(1, Wait::Forever).await })
            });
        }
        assert!(began.elapsed() <= 10 * SECOND);
        assert!((18..=21).contains(&beats), "{beats} beats");
        assert!(!behind.as_ref().unwrap().is_finished());
        behind.unwrap().await.unwrap().unwrap();
        assert!(began.elapsed() <= 20 * SECOND);
    });
}

#[test]
fn a_future_that_is_made_anew_for_every_select_books_once_at_the_end() {
    paused().block_on(async {
        let gate = full().await;
        let (mut rounds, mut served) = (0, 0);
        while served < 3 {
            tokio::select! {
                outcome = gate.update(1) => {
                    outcome.unwrap();
                    served += 1;
                }
                () = sleep(700 * MILLI) => rounds += 1,
            }
            assert_eq!(gate.waiters(), 0);
            assert!(gate.sum().await.unwrap() <= 1);
        }
        assert!(rounds >= 3 * 13, "{rounds} rounds");
    });
}

#[test]
fn a_timeout_frees_the_place_and_books_nothing() {
    paused().block_on(async {
        let gate = full().await;
        assert!(timeout(3 * SECOND, gate.update(1)).await.is_err());
        assert_eq!((gate.waiters(), gate.sum().await.unwrap()), (0, 1));
        timeout(10 * SECOND, gate.update(1)).await.unwrap().unwrap();
    });
}

/// Everything but a wait works; a wait says so, and leaves nothing behind.
fn without_a_timer(run: &dyn Fn(AsyncCallGate, Wait) -> Result<(), UpdateError>) {
    for wait in [Wait::Window, Wait::Forever, Wait::For(SECOND)] {
        let gate = AsyncCallGate::from(builder().build().unwrap());
        run(gate.clone(), wait).unwrap();
        let outcome = run(gate.clone(), wait);
        assert!(matches!(outcome, Err(UpdateError::NoTimer)), "{outcome:?}");
        assert_eq!((gate.waiters(), now(gate.sum()).unwrap()), (0, 1));
        assert!(matches!(
            run(gate.clone(), Wait::Never),
            Err(UpdateError::GateLimit(_))
        ));
        now(gate.clear()).unwrap();
        run(gate, wait).unwrap();
    }
}

#[test]
fn a_runtime_without_time_can_do_everything_but_wait() {
    let runtimes: [fn() -> Runtime; 2] = [
        || Builder::new_current_thread().build().unwrap(),
        || {
            Builder::new_multi_thread()
                .worker_threads(1)
                .build()
                .unwrap()
        },
    ];
    for runtime in runtimes {
        let runtime = runtime();
        without_a_timer(&|gate, wait| {
            let task = runtime.spawn(async move { gate.update_with(1, wait).await.map(drop) });
            runtime.block_on(task).unwrap()
        });
    }
}

#[test]
fn without_any_runtime_everything_works_but_a_wait() {
    without_a_timer(&|gate, wait| block_on(gate.update_with(1, wait)).map(drop));
    // with a waker that nobody hears, too
    without_a_timer(&|gate, wait| match glance(&mut gate.update_with(1, wait)) {
        Poll::Ready(outcome) => outcome.map(drop),
        Poll::Pending => panic!("it waits for nothing"),
    });
}

#[test]
fn a_crowd_without_a_timer_is_told_one_after_the_other() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let gate = AsyncCallGate::from(builder().build().unwrap());
        gate.update(1).await.unwrap();
        let mut tasks = JoinSet::new();
        for number in 0..20 {
            let gate = gate.clone();
            let wait = if number % 2 == 0 {
                Wait::Forever
            } else {
                Wait::Window
            };
            tasks.spawn(async move { gate.update_with(1, wait).await });
        }
        while let Some(task) = tasks.join_next().await {
            assert!(matches!(task.unwrap(), Err(UpdateError::NoTimer)));
        }
        assert_eq!((gate.waiters(), gate.sum().await.unwrap()), (0, 1));
    });
}

#[test]
fn without_a_timer_those_who_need_none_wait_all_the_same() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let gate = AsyncCallGate::from(builder().clock(clock.clone()).build().unwrap());
    now(gate.update(1)).unwrap();
    // the clock wakes them: the first, which has no deadline, and the second, which has one
    let waits = [Wait::Forever, Wait::For(30 * SECOND)];
    let alone = thread::spawn({
        let gate = gate.clone();
        move || block_on(gate.update_with(1, waits[0])).map(drop)
    });
    until(|| gate.waiters() == 1);
    let in_runtime = thread::spawn({
        let gate = gate.clone();
        move || {
            let waiting = async move { gate.update_with(1, waits[1]).await };
            runtime.block_on(waiting).map(drop)
        }
    });
    until(|| gate.waiters() == 2);
    clock.advance(10 * SECOND);
    alone.join().unwrap().unwrap();
    until(|| gate.waiters() == 1);
    clock.advance(10 * SECOND);
    in_runtime.join().unwrap().unwrap();
    assert_eq!(gate.waiters(), 0);
}

#[test]
fn an_automatic_clock_needs_no_timer() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
    let gate = AsyncCallGate::from(builder().clock(clock.clone()).build().unwrap());
    for _ in 0..10 {
        block_on(gate.update(1)).unwrap();
    }
    assert_eq!(clock.time(), SystemTime::UNIX_EPOCH + 90 * SECOND);
}

#[test]
fn a_future_that_moves_to_another_runtime_is_woken_by_its_timer_there() {
    let real = || Builder::new_current_thread().enable_time().build().unwrap();
    thread::scope(|scope| {
        for dead in [true, false] {
            scope.spawn(move || {
                let gate = CallGate::unnamed(200 * MILLI, 100 * MILLI).gate_limit(1);
                let gate = AsyncCallGate::from(gate.build().unwrap());
                let first = real();
                first.block_on(gate.update(1)).unwrap();
                let mut update = gate.update_with(1, Wait::Forever);
                {
                    let _inside = first.enter();
                    assert!(glance(&mut update).is_pending());
                }
                // the first is gone, or nobody drives it any more
                let idle = (!dead).then_some(first);
                let outcome = real().block_on(async { timeout(30 * SECOND, update).await });
                assert!(matches!(outcome, Ok(Ok(_))), "dead: {dead}: {outcome:?}");
                assert_eq!(gate.waiters(), 0);
                drop(idle);
            });
        }
    });
}

#[test]
fn a_future_that_moves_out_of_every_runtime_is_told_that_there_is_no_timer() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let gate = AsyncCallGate::from(builder().build().unwrap());
    now(gate.update(1)).unwrap();
    let mut update = gate.update_with(1, Wait::Forever);
    {
        let _inside = runtime.enter();
        assert!(glance(&mut update).is_pending());
    }
    assert!(matches!(
        glance(&mut update),
        Poll::Ready(Err(UpdateError::NoTimer))
    ));
    assert_eq!(gate.waiters(), 0);
}
