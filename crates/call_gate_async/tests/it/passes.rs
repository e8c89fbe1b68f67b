//! Passes, work behind a gate, handles, and what all of it weighs.
// long file: small cases, one beside the other

use crate::hand::{glance, now};
use crate::{PLACEMENTS, SECOND, paused};
use allocation_counter::measure;
use call_gate_async::{
    AdmitAsync, AsyncCallGate, AsyncOwnedPass, AsyncPass, Enter, EnterOwned, Run, TokioClock,
    TryRun, Update,
};
use call_gate_core::clock::ManualClock;
use call_gate_core::{Admit, CallGate, Entry, Error, Refund, UpdateError, Wait};
use std::cell::Cell;
use std::future::{pending, ready};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};
use tokio::time::{Instant, sleep, timeout};

/// Gates of 10 in 10 s, in both places, each with its clock.
fn gates() -> [(ManualClock, AsyncCallGate); 2] {
    PLACEMENTS.map(|place| {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
        let builder = CallGate::unnamed(10 * SECOND, SECOND).gate_limit(10);
        let gate = place(builder).clock(clock.clone()).build().unwrap();
        (clock, gate.into())
    })
}

fn sum(gate: &AsyncCallGate) -> u64 {
    now(gate.sum()).unwrap()
}

#[test]
fn passes_give_back_what_they_booked() {
    for (clock, gate) in gates() {
        let pass = now(gate.enter(4)).unwrap();
        assert_eq!((pass.value(), pass.reading().sum()), (4, 4));
        assert_eq!(now(pass.refund()).unwrap(), Refund::Returned(4));
        let pass = now(gate.enter(4)).unwrap();
        assert_eq!(now(pass.settle(1)).unwrap(), Refund::Returned(3));
        let pass = now(gate.enter_owned(2)).unwrap();
        assert_eq!((pass.value(), pass.reading().sum()), (2, 3));
        assert_eq!(now(pass.settle(5)).unwrap(), Refund::Returned(0));
        assert_eq!(sum(&gate), 6);
        let pass = now(gate.enter_owned(1)).unwrap();
        assert_eq!(now(pass.refund()).unwrap(), Refund::Returned(1));
        // more than there is room for: the reservation stands
        let pass = now(gate.enter(2)).unwrap();
        assert!(matches!(
            now(pass.settle(9)),
            Err(UpdateError::GateLimit(_))
        ));
        assert_eq!(sum(&gate), 8);
        // dropped, the booking stands; so does one whose refund is never polled
        drop(now(gate.enter(1)).unwrap());
        let refund = now(gate.enter(1)).unwrap().refund();
        drop(refund);
        assert_eq!(sum(&gate), 10);
        now(gate.clear()).unwrap();
        let late = now(gate.enter(1)).unwrap();
        let later = now(gate.enter_owned(1)).unwrap();
        clock.advance(SECOND);
        assert_eq!(now(late.refund()).unwrap(), Refund::Expired);
        assert_eq!(now(later.settle(0)).unwrap(), Refund::Expired);
        let closed = now(gate.enter(1)).unwrap();
        gate.close();
        assert!(matches!(now(closed.refund()), Err(UpdateError::Closed)));
        assert!(matches!(now(gate.enter(1)), Err(UpdateError::Closed)));
        assert_eq!(sum(&gate), 3);
    }
}

#[test]
fn a_pass_that_had_to_wait_goes_to_another_task_and_wakes_who_waits() {
    paused().block_on(async {
        let builder = CallGate::unnamed(10 * SECOND, SECOND).gate_limit(2);
        let gate = AsyncCallGate::from(builder.clock(TokioClock::new()).build().unwrap());
        gate.update(2).await.unwrap();
        let pass = gate.enter_owned_with(2, Wait::Forever).await.unwrap();
        let borrowed = gate.enter_with(1, Wait::Never).await;
        assert!(matches!(borrowed, Err(UpdateError::GateLimit(_))));
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.enter(2).await.map(|pass| pass.value()) }
        });
        tokio::task::yield_now().await;
        let began = Instant::now();
        let refund = tokio::spawn(async move { pass.refund().await });
        assert_eq!(refund.await.unwrap().unwrap(), Refund::Returned(2));
        let value = timeout(SECOND / 100, waiting).await.unwrap().unwrap();
        assert_eq!((value.unwrap(), began.elapsed()), (2, Duration::ZERO));
    });
}

#[test]
fn work_runs_once_its_value_is_booked_and_not_before() {
    paused().block_on(async {
        let builder = CallGate::unnamed(10 * SECOND, SECOND).gate_limit(1);
        let gate = AsyncCallGate::from(builder.clock(TokioClock::new()).build().unwrap());
        let runs = Cell::new(0);
        let work = || async {
            runs.set(runs.get() + 1);
            sleep(SECOND).await;
            gate.sum().await.unwrap()
        };
        assert_eq!(gate.run(1, work()).await.unwrap(), 1);
        // given up while it waits
        assert!(timeout(SECOND, gate.run(1, work())).await.is_err());
        assert_eq!((runs.get(), gate.waiters()), (1, 0));
        let began = Instant::now();
        gate.run(1, work()).await.unwrap();
        assert!(began.elapsed() > 8 * SECOND);
        assert_eq!(runs.get(), 2);
        let refused = gate.run(2, work()).await;
        assert!(matches!(refused, Err(UpdateError::TooLarge(_))));
        assert_eq!(runs.get(), 2);
    });
}

#[test]
fn work_that_is_dropped_halfway_leaves_its_booking() {
    for (_, gate) in gates() {
        {
            let mut run = pin!(gate.run(3, pending::<()>()));
            assert!(glance(&mut run).is_pending());
            assert_eq!(sum(&gate), 3);
            assert!(glance(&mut run).is_pending());
        }
        assert_eq!(sum(&gate), 3);
        drop(gate.run(3, pending::<()>()));
        assert_eq!(sum(&gate), 3);
    }
}

#[test]
fn work_that_fails_and_a_gate_that_says_no_are_one_error() {
    for (_, gate) in gates() {
        let parsed: Result<u8, Error> = now(gate.try_run(1, ready(Ok(8))));
        assert_eq!(parsed.unwrap(), 8);
        let own = Error::from(UpdateError::NoTimer);
        let failed: Result<u8, Error> = now(gate.try_run(1, ready(Err(own))));
        assert!(!failed.unwrap_err().is_denied());
        assert_eq!(sum(&gate), 2);
        let refused: Result<u8, Error> = now(gate.try_run(11, async { panic!("not admitted") }));
        assert!(!refused.unwrap_err().is_denied());
        gate.close();
        let refused: Result<u8, Error> = now(gate.try_run(1, async { panic!("not admitted") }));
        assert_eq!(refused.unwrap_err().to_string(), "the gate is closed");
    }
}

#[test]
fn an_update_that_has_answered_stays_pending_and_books_no_more() {
    for (clock, gate) in gates() {
        let mut admitted = gate.update(6);
        assert!(matches!(glance(&mut admitted), Poll::Ready(Ok(_))));
        let mut waited = gate.update(6);
        assert!(glance(&mut waited).is_pending());
        clock.advance(10 * SECOND);
        assert!(matches!(glance(&mut waited), Poll::Ready(Ok(_))));
        let mut refused = gate.try_update(6);
        assert!(matches!(glance(&mut refused), Poll::Ready(Err(_))));
        clock.advance(10 * SECOND);
        for over in [&mut admitted, &mut waited, &mut refused] {
            assert!(glance(over).is_pending());
        }
        assert_eq!((sum(&gate), gate.waiters()), (0, 0));
    }
}

#[test]
fn the_two_kinds_of_handle_are_one_gate() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let sync = CallGate::builder("one", 10 * SECOND, SECOND)
        .gate_limit(10)
        .frame_limit(5)
        .timezone("Europe/London")
        .strict()
        .clock(clock)
        .build()
        .unwrap();
    let gate = AsyncCallGate::from(sync.clone());
    let back = CallGate::from(gate.clone());
    sync.try_update(1).unwrap();
    now(gate.update(1)).unwrap();
    back.try_update(1).unwrap();
    for sums in [
        sync.sum(),
        back.sum(),
        now(gate.sum()),
        gate.as_sync().sum(),
    ] {
        assert_eq!(sums.unwrap(), 3);
    }
    assert_eq!(now(gate.data()).unwrap(), sync.data().unwrap());
    assert_eq!(now(gate.state()).unwrap(), sync.state().unwrap());
    let frames = now(gate.current_frame()).unwrap();
    assert_eq!(frames, sync.current_frame().unwrap());
    assert_eq!(now(gate.last_frame()).unwrap(), sync.last_frame().unwrap());
    assert_eq!(now(gate.peek(1)).unwrap(), sync.peek(1).unwrap());
    assert_eq!(now(gate.snapshot()).unwrap().frames(), sync.data().unwrap());
    now(gate.check_limits()).unwrap();
    now(gate.update(2)).unwrap();
    assert!(matches!(
        now(gate.check_limits()),
        Err(UpdateError::FrameLimit(_))
    ));
    assert_eq!(now(gate.refund(4)).unwrap().sum(), 1);
    now(gate.set_limits(gate.limits().with_gate(20).with_frame(7))).unwrap();
    assert_eq!((sync.gate_limit(), sync.frame_limit()), (Some(20), Some(7)));
    assert_eq!(
        (gate.gate_limit(), gate.frame_limit(), gate.name()),
        (Some(20), Some(7), "one")
    );
    assert_eq!(
        (gate.gate_size(), gate.frame_step(), gate.frames()),
        (10 * SECOND, SECOND, 10)
    );
    assert_eq!(
        (gate.is_strict(), gate.timezone(), gate.storage()),
        (true, Some("Europe/London"), sync.storage())
    );
    // one queue, too
    let mut waiting = gate.update(7);
    assert!(glance(&mut waiting).is_pending());
    assert_eq!((sync.waiters(), gate.waiters()), (1, 1));
    assert!(matches!(sync.try_update(1), Err(UpdateError::Queued(_))));
    sync.close();
    assert!(gate.is_closed());
    assert!(matches!(
        glance(&mut waiting),
        Poll::Ready(Err(UpdateError::Closed))
    ));
}

#[test]
fn both_kinds_of_handle_admit_what_the_macro_asks_of_them() {
    for (_, gate) in gates() {
        now(gate.admit_async(Entry::new(1))).unwrap();
        now(gate
            .as_sync()
            .admit_async(Entry::new(2).with_wait(Wait::Never)))
        .unwrap();
        gate.admit(Entry::new(3).with_wait(Wait::Never)).unwrap();
        assert_eq!(sum(&gate), 6);
        for refused in [
            now(gate.admit_async(Entry::new(5).with_wait(Wait::Never))),
            now(gate
                .as_sync()
                .admit_async(Entry::new(5).with_wait(Wait::Never))),
            gate.admit(Entry::new(5).with_wait(Wait::Never)),
        ] {
            assert!(matches!(refused, Err(UpdateError::GateLimit(_))));
        }
    }
}

#[test]
fn everything_can_go_to_another_task() {
    fn owned<T: Send + Sync + Unpin + 'static>() {}
    fn sent<T: Send>(_: &T) {}
    fn named<T: Send>() {}
    fn handle<T: Send + Sync + Clone + 'static>() {}
    handle::<AsyncCallGate>();
    handle::<TokioClock>();
    owned::<AsyncOwnedPass>();
    owned::<AsyncPass<'static>>();
    named::<Update<'static>>();
    named::<Enter<'static>>();
    named::<EnterOwned<'static>>();
    named::<Run<'static, std::future::Ready<()>>>();
    named::<TryRun<'static, std::future::Ready<Result<(), Error>>>>();
    let [(_, gate), _] = gates();
    sent(&gate.check_limits());
    sent(&gate.peek(1));
    sent(&gate.refund(1));
    sent(&gate.set_limits(gate.limits()));
    sent(&gate.clear());
    sent(&gate.state());
    sent(&gate.snapshot());
    sent(&gate.sum());
    sent(&gate.data());
    sent(&gate.current_frame());
    sent(&gate.last_frame());
    sent(&gate.admit_async(Entry::new(1)));
    sent(&now(gate.enter(1)).unwrap().refund());
    sent(&now(gate.enter_owned(1)).unwrap().settle(1));
}

#[test]
fn an_update_is_small_and_an_admitted_one_allocates_nothing() {
    assert!(size_of::<Update<'_>>() <= 64, "{}", size_of::<Update<'_>>());
    let run = size_of::<Run<'_, std::future::Ready<()>>>();
    assert!(run <= 80, "{run}");
    for (clock, gate) in gates() {
        let mut admitted = 0;
        let info = measure(|| {
            for _ in 0..100 {
                clock.advance(10 * SECOND);
                admitted += u64::from(now(gate.update(1)).is_ok());
                admitted += u64::from(now(gate.try_update(1)).is_ok());
                admitted += u64::from(now(gate.update_with(1, Wait::Forever)).is_ok());
                admitted += u64::from(now(gate.run(1, ready(()))).is_ok());
                let pass = now(gate.enter(1)).unwrap();
                admitted += u64::from(now(pass.refund()).is_ok());
                // and a denied one that does not wait
                admitted -= u64::from(now(gate.try_update(9)).is_ok());
            }
        });
        assert_eq!(admitted, 500);
        assert_eq!(info.count_total, 0, "{info:?}");
    }
}
