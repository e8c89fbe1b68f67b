//! Tasks that share calls, and futures that are dropped, or not polled, or outlive their runtime.
// long file: one test after the other

use super::super::fake::{Fake, Mood, Rules, Server};
use super::super::{Desk, Told};
use super::{admitted, failed, in_flight, later, soon, until};
use call_gate_core::{StorageError, StorageErrorKind};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::thread;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};

type Update = Pin<Box<dyn Future<Output = Result<Told, StorageError>> + Send>>;

fn update(desk: &Arc<Desk<Fake>>, value: u64) -> Update {
    let desk = Arc::clone(desk);
    Box::pin(async move { desk.update_async(value, later()).await })
}

fn poll(update: &mut Update) -> Poll<Result<Told, StorageError>> {
    update
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

fn local() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn crew(threads: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .unwrap()
}

/// Lets all other tasks of a runtime with one thread run.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

async fn all_at_once(desk: &Arc<Desk<Fake>>, tasks: u64, turns: u64) -> u64 {
    let booked = Arc::new(AtomicU64::new(0));
    let mut set = JoinSet::new();
    for task in 0..tasks {
        let (desk, booked) = (Arc::clone(desk), Arc::clone(&booked));
        set.spawn(async move {
            for turn in 0..turns {
                let value = 1 + (task + turn) % 3;
                if let Told::Admitted(_) = desk.update_async(value, later()).await.unwrap() {
                    booked.fetch_add(value, Relaxed);
                }
            }
            while let Told::Admitted(_) = desk.update_async(1, later()).await.unwrap() {
                booked.fetch_add(1, Relaxed);
            }
        });
    }
    while let Some(done) = set.join_next().await {
        done.unwrap();
    }
    booked.load(Relaxed)
}

#[test]
fn many_tasks_are_admitted_exactly_what_the_limit_holds() {
    for runtime in [local(), crew(2)] {
        let server = Server::new(Rules::of(4_000));
        let desk = server.desk(None);
        assert_eq!(runtime.block_on(all_at_once(&desk, 64, 40)), 4_000);
        assert_eq!(server.sum(), 4_000);
        drop(runtime);
        assert_eq!(desk.tasks.open_lines(), 0);
    }
}

#[test]
fn tasks_that_come_at_once_share_calls() {
    let server = Server::new(Rules::of(1_000_000));
    let desk = server.desk(None);
    local().block_on(async {
        let mut set = JoinSet::new();
        for _ in 0..256 {
            let desk = Arc::clone(&desk);
            set.spawn(async move {
                for _ in 0..10 {
                    admitted(desk.update_async(1, later()).await);
                }
            });
        }
        while let Some(done) = set.join_next().await {
            done.unwrap();
        }
    });
    assert_eq!(server.sum(), 2_560);
    assert!(server.count() <= 12, "{} calls", server.count());
}

#[test]
fn threads_and_tasks_of_two_runtimes_use_one_gate() {
    let server = Server::new(Rules::of(6_000));
    let desk = server.desk(None);
    let booked: u64 = thread::scope(|scope| {
        let desk = &desk;
        let mut all = Vec::new();
        for runtime in [local(), crew(2)] {
            all.push(scope.spawn(move || runtime.block_on(all_at_once(desk, 16, 30))));
        }
        for _ in 0..3 {
            all.push(scope.spawn(move || {
                let mut booked = 0;
                while let Told::Admitted(_) = desk.update(1, later()).unwrap() {
                    booked += 1;
                }
                booked
            }));
        }
        all.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(booked, 6_000);
    assert_eq!(server.sum(), 6_000);
}

#[test]
fn a_future_that_nobody_polls_holds_up_nobody() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    local().block_on(async {
        let mut first = update(&desk, 1);
        assert!(poll(&mut first).is_pending());
        assert_eq!(server.count(), 1);
        server.let_go(2);
        // `first` is not polled meanwhile
        admitted(update(&desk, 2).await);
        admitted(first.await);
    });
    assert_eq!((server.sum(), server.count()), (3, 2));
}

#[test]
fn one_that_is_dropped_in_flight_is_booked_and_holds_up_nobody() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    local().block_on(async {
        let mut first = update(&desk, 1);
        assert!(poll(&mut first).is_pending());
        drop(first);
        assert_eq!(desk.tasks.open_lines(), 0);
        let mut second = update(&desk, 2);
        assert!(poll(&mut second).is_pending());
        let mut third = update(&desk, 3);
        assert!(poll(&mut third).is_pending());
        drop(second);
        settle().await;
        assert_eq!(server.count(), 2);
        server.let_go(2);
        admitted(third.await);
        settle().await;
        assert_eq!(desk.tasks.open_lines(), 0);
    });
    assert_eq!((server.sum(), server.count()), (6, 3));
}

#[test]
fn those_who_leave_the_queue_are_not_kept() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    local().block_on(async {
        let mut first = update(&desk, 1);
        assert!(poll(&mut first).is_pending());
        for _ in 0..1_000 {
            assert!(poll(&mut update(&desk, 1)).is_pending());
        }
        assert!(desk.tasks.kept() <= 2, "{} are kept", desk.tasks.kept());
        server.let_go(1);
        admitted(first.await);
    });
    assert_eq!(server.sum(), 1);
}

#[test]
fn deadlines_are_kept_in_the_queue_and_in_flight() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    local().block_on(async {
        let mut first = update(&desk, 1);
        assert!(poll(&mut first).is_pending());
        let text = failed(
            desk.update_async(1, soon(20)).await,
            StorageErrorKind::Unavailable,
        );
        assert!(text.contains("not sent"), "{text}");
        let mut patient = update(&desk, 1);
        assert!(poll(&mut patient).is_pending());
        let mut hurried = pin!(desk.update_async(1, soon(300)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(hurried.as_mut().poll(&mut context).is_pending());
        server.let_go(1);
        settle().await;
        assert_eq!(server.count(), 2);
        failed(hurried.await, StorageErrorKind::TimedOut);
        server.let_go(1);
        admitted(patient.await);
        admitted(first.await);
    });
    assert_eq!(server.sum(), 3);
}

#[test]
fn an_error_reaches_all_whom_the_call_carried() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    local().block_on(async {
        let mut all: Vec<_> = (0..4).map(|_| update(&desk, 1)).collect();
        for one in &mut all {
            assert!(poll(one).is_pending());
        }
        server.set_mood(Mood::Fails(StorageErrorKind::Corrupt));
        server.let_go(1);
        let mut all = all.into_iter();
        admitted(all.next().unwrap().await);
        for one in all {
            let text = failed(one.await, StorageErrorKind::Corrupt);
            assert!(
                text.ends_with("2 more failed: as the test wants it"),
                "{text}"
            );
        }
    });
}

#[test]
fn a_panic_strands_nobody() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    local().block_on(async {
        let mut first = update(&desk, 1);
        assert!(poll(&mut first).is_pending());
        let mut second = update(&desk, 1);
        assert!(poll(&mut second).is_pending());
        server.set_mood(Mood::Panics);
        server.let_go(1);
        admitted(first.await);
        failed(second.await, StorageErrorKind::TimedOut);
        let alone = tokio::spawn(update(&desk, 1));
        assert!(alone.await.unwrap_err().is_panic());
        server.set_mood(Mood::Well);
        server.let_go(1);
        admitted(update(&desk, 1).await);
    });
    assert_eq!(desk.tasks.open_lines(), 0);
}

#[test]
fn a_runtime_that_is_shut_down_strands_nobody() {
    for lost in [local(), crew(1)] {
        let server = Server::new(Rules::of(10));
        let desk = server.desk(None);
        server.hold();
        let (mut first, mut second, mut third) =
            (update(&desk, 1), update(&desk, 1), update(&desk, 1));
        {
            let _inside = lost.enter();
            assert!(poll(&mut first).is_pending());
            assert!(poll(&mut second).is_pending());
            assert!(poll(&mut third).is_pending());
        }
        drop(lost);
        let told = |update: &mut Update| match poll(update) {
            Poll::Ready(told) => told,
            Poll::Pending => panic!("it was left waiting"),
        };
        failed(told(&mut first), StorageErrorKind::TimedOut);
        let text = failed(told(&mut second), StorageErrorKind::Unavailable);
        assert!(text.contains("not sent"), "{text}");
        failed(told(&mut third), StorageErrorKind::Unavailable);
        assert_eq!(desk.tasks.open_lines(), 0);
        server.let_go(1);
        admitted(local().block_on(update(&desk, 1)));
    }
}

#[test]
fn a_runtime_that_was_shut_down_before_strands_nobody() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    let gone = local();
    let handle = gone.handle().clone();
    drop(gone);
    server.stop_timing();
    let _inside = handle.enter();
    let (mut first, mut second) = (update(&desk, 1), update(&desk, 1));
    assert!(poll(&mut first).is_pending());
    let Poll::Ready(told) = poll(&mut second) else {
        panic!("it was left waiting");
    };
    failed(told, StorageErrorKind::Unavailable);
    let Poll::Ready(told) = poll(&mut first) else {
        panic!("it was left waiting");
    };
    failed(told, StorageErrorKind::TimedOut);
}

#[test]
fn tasks_that_lose_their_runtime_do_not_hold_up_another() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    server.hold();
    let (lost, other) = (crew(1), crew(1));
    for _ in 0..3 {
        lost.spawn(update(&desk, 1));
    }
    in_flight(&server, 1);
    let asks = other.spawn(update(&desk, 1));
    in_flight(&server, 2);
    let queues = other.spawn(update(&desk, 1));
    lost.shutdown_background();
    until(|| desk.tasks.open_lines() == 1);
    server.let_go(2);
    other.block_on(async {
        admitted(asks.await.unwrap());
        admitted(queues.await.unwrap());
    });
    assert_eq!(server.sum(), 3);
}

#[test]
fn without_timers_or_a_runtime_each_sends_its_own_call() {
    let server = Server::new(Rules::of(10));
    let desk = server.desk(None);
    let without = Builder::new_current_thread().build().unwrap();
    without.block_on(async {
        let mut first = update(&desk, 1);
        assert!(poll(&mut first).is_pending());
        admitted(update(&desk, 1).await);
        admitted(first.await);
    });
    server.hold();
    server.let_go(1);
    let Poll::Ready(told) = poll(&mut update(&desk, 1)) else {
        panic!("it was not answered");
    };
    admitted(told);
    assert_eq!((server.sum(), server.count()), (3, 3));
}

/// What happens to some futures, each of which asks for a value of its own.
#[derive(Debug, Clone)]
enum Event {
    Start,
    Poll(prop::sample::Index),
    Drop(prop::sample::Index),
    LetGo,
    Run,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Start),
        3 => any::<prop::sample::Index>().prop_map(Event::Poll),
        2 => any::<prop::sample::Index>().prop_map(Event::Drop),
        1 => Just(Event::LetGo),
        2 => Just(Event::Run),
    ]
}

fn sent(server: &Server) -> Vec<u64> {
    let calls = server.calls().into_iter();
    calls
        .flat_map(|call| call.groups)
        .map(|group| group.value)
        .collect()
}

proptest! {
    /// Nobody is sent twice, who leaves the queue is never sent, and who stays is answered.
    #[test]
    fn futures_may_be_dropped_at_any_point(events in proptest::collection::vec(event(), 1..60)) {
        let server = Server::new(Rules::of(1_000_000));
        let desk = server.desk(None);
        server.hold();
        local().block_on(async {
            let mut alive: Vec<(u64, Update)> = Vec::new();
            let (mut values, mut acknowledged) = (1_u64.., 0);
            let (mut never, mut unknown) = (BTreeSet::new(), 0);
            for event in events {
                match event {
                    Event::Start => {
                        let value = values.next().unwrap();
                        let mut fresh = update(&desk, value);
                        if let Poll::Ready(told) = poll(&mut fresh) {
                            admitted(told);
                            acknowledged += value;
                        } else {
                            alive.push((value, fresh));
                        }
                    }
                    Event::Poll(index) if !alive.is_empty() => {
                        let index = index.index(alive.len());
                        if let Poll::Ready(told) = poll(&mut alive[index].1) {
                            admitted(told);
                            acknowledged += alive.swap_remove(index).0;
                        }
                    }
                    Event::Drop(index) if !alive.is_empty() => {
                        let (value, dropped) = alive.swap_remove(index.index(alive.len()));
                        drop(dropped);
                        if sent(&server).contains(&value) {
                            unknown += value;
                        } else {
                            never.insert(value);
                        }
                    }
                    Event::LetGo => server.let_go(1),
                    Event::Run => settle().await,
                    Event::Poll(_) | Event::Drop(_) => {}
                }
            }
            server.let_go(1_000);
            // in any order: nobody depends on another being polled
            alive.reverse();
            for (value, update) in alive {
                admitted(update.await);
                acknowledged += value;
            }
            let last = values.next().unwrap();
            admitted(update(&desk, last).await);
            settle().await;
            prop_assert_eq!(desk.tasks.open_lines(), 0);
            let sent = sent(&server);
            let once: BTreeSet<_> = sent.iter().copied().collect();
            prop_assert_eq!(once.len(), sent.len());
            prop_assert!(once.is_disjoint(&never));
            prop_assert_eq!(server.sum(), acknowledged + unknown + last);
            Ok(())
        })?;
    }
}
