//! Permits and denials of a turnstile: who is let in, who is told what, and what a waiter does meanwhile.
// long file: one story beside the other

use crate::{SECOND, until};
use call_gate_core::clock::{ManualClock, Turn};
use call_gate_core::{
    Demand, Refund, Scope, Step, Turnstile, TurnstileBuilder, UpdateError, Wait, Way, at_once,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

const ONE: Demand = Demand::new(1);
const TWO: Demand = Demand::new(2);

fn at(clock: &ManualClock) -> TurnstileBuilder {
    Turnstile::builder().clock(clock.clone())
}

fn clock() -> ManualClock {
    ManualClock::new(SystemTime::UNIX_EPOCH)
}

#[derive(Default)]
struct Count(AtomicU64);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_denial_names_what_denied() {
    let clock = clock();
    let turnstile = at(&clock)
        .name("llm")
        .window(2, SECOND, SECOND / 10)
        .window(3, 60 * SECOND, SECOND)
        .cost_window(100, 60 * SECOND, SECOND)
        .permits(3)
        .build()
        .unwrap();
    let refused = |demand: Demand| turnstile.try_take(demand).unwrap_err();

    turnstile.try_take(TWO.costing(60)).unwrap();
    let error = refused(ONE);
    let denial = *error.denial().unwrap();
    assert!(matches!(error, UpdateError::WindowLimit(_)) && error.may_pass_later());
    assert_eq!(denial.scope(), Scope::Window);
    assert_eq!(denial.window(), Some(SECOND));
    assert_eq!(denial.gate().as_deref(), Some("llm"));
    assert_eq!(
        (denial.used(), denial.limit(), denial.requested()),
        (2, 2, 1)
    );
    assert_eq!(denial.retry_after(), SECOND);
    assert_eq!(
        error.to_string(),
        "gate \"llm\": limit of 2 in 1s has no room for 1 (2 used); retry in 1s"
    );

    clock.advance(SECOND);
    let denial = *refused(ONE.costing(41)).denial().unwrap();
    assert_eq!(
        (denial.scope(), denial.window()),
        (Scope::Cost, Some(60 * SECOND))
    );
    assert_eq!(
        (denial.used(), denial.limit(), denial.requested()),
        (60, 100, 41)
    );
    assert_eq!(
        denial.to_string(),
        "gate \"llm\": cost limit of 100 in 60s has no room for 41 (60 used); retry in 59s"
    );

    turnstile.try_take(ONE.costing(40)).unwrap();
    let error = refused(ONE);
    let denial = *error.denial().unwrap();
    assert!(matches!(error, UpdateError::BurstLimit(_)) && error.may_pass_later());
    assert_eq!((denial.scope(), denial.window()), (Scope::Burst, None));
    assert_eq!(
        (denial.used(), denial.limit(), denial.requested()),
        (3, 3, 1)
    );
    assert_eq!(denial.retry_after(), Duration::ZERO);
    assert_eq!(
        denial.to_string(),
        "gate \"llm\": 3 of 3 permits are out, no room for 1; retry when one comes back"
    );

    turnstile.release(3);
    let denial = *refused(ONE).denial().unwrap();
    assert_eq!(
        denial.window(),
        Some(60 * SECOND),
        "the second window is named"
    );
    for (demand, scope) in [
        (Demand::new(4), Scope::Burst),
        (Demand::new(3), Scope::Window),
        (Demand::new(0).costing(101), Scope::Cost),
    ] {
        match refused(demand) {
            UpdateError::TooLarge(error) => assert_eq!(error.scope(), scope, "{demand:?}"),
            other => panic!("{demand:?}: {other}"),
        }
    }
    assert_eq!(turnstile.permits(), Some((3, 0)));
}

#[test]
fn a_denial_tells_its_window_without_a_name_and_after_its_turnstile() {
    let turnstile = at(&clock()).window(1, 7 * SECOND, SECOND).build().unwrap();
    turnstile.try_take(ONE).unwrap();
    let denial = *turnstile.try_take(ONE).unwrap_err().denial().unwrap();
    drop(turnstile);
    assert_eq!(denial.gate(), None);
    assert_eq!(denial.window(), Some(7 * SECOND));
}

#[test]
fn what_is_refused_takes_nothing() {
    let clock = clock();
    let turnstile = at(&clock)
        .window(3, 10 * SECOND, SECOND)
        .cost_window(10, 10 * SECOND, SECOND)
        .permits(3)
        .build()
        .unwrap();
    turnstile.try_take(TWO.costing(9)).unwrap();
    let before = at_once(turnstile.state(Way::Blocking)).unwrap();
    for demand in [
        TWO,
        ONE.costing(2),
        TWO.costing(2),
        Demand::new(9).costing(99),
    ] {
        assert!(turnstile.try_fast(demand).is_none());
        turnstile.try_take(demand).unwrap_err();
        assert_eq!(at_once(turnstile.state(Way::Blocking)).unwrap(), before);
    }
    assert_eq!(before.permits, Some((3, 2)));
}

#[test]
fn who_waits_for_a_place_sets_no_timer() {
    let clock = clock();
    let turnstile = at(&clock)
        .window(9, 10 * SECOND, SECOND)
        .permits(1)
        .build()
        .unwrap();
    turnstile.try_take(ONE).unwrap();
    let woken = Arc::new(Count::default());
    let waker = Waker::from(woken.clone());
    let mut head = turnstile.waiter(ONE, Wait::Forever);
    assert!(matches!(head.step(&waker), Step::Ask));
    assert!(matches!(
        head.ask(&waker),
        Some(Step::Sleep(None, Turn::First))
    ));
    // a wake-up that nobody sent asks nothing, nor does time
    clock.advance(100 * SECOND);
    assert!(matches!(head.step(&waker), Step::Sleep(None, Turn::First)));
    assert_eq!(woken.0.load(SeqCst), 0);

    let mut limited = turnstile.waiter(ONE, Wait::For(5 * SECOND));
    assert!(matches!(
        limited.step(&waker),
        Step::Sleep(Some(_), Turn::Behind)
    ));
    drop(head);
    assert!(matches!(limited.step(&waker), Step::Ask));
    let Some(Step::Sleep(Some(until), Turn::First)) = limited.ask(&waker) else {
        panic!("there is no place")
    };
    assert_eq!(SystemTime::from(until), clock.time() + 5 * SECOND);
    clock.advance(5 * SECOND);
    match limited.step(&waker) {
        Step::Done(Err(UpdateError::WaitExhausted(denial))) => {
            assert_eq!(
                (denial.scope(), denial.retry_after()),
                (Scope::Burst, Duration::ZERO)
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_head_whose_place_comes_late_waits_for_its_window_then_for_a_place() {
    let clock = clock();
    let turnstile = at(&clock)
        .window(1, 10 * SECOND, SECOND)
        .permits(1)
        .build()
        .unwrap();
    turnstile.try_take(ONE).unwrap();
    let waker = Waker::from(Arc::new(Count::default()));
    let mut head = turnstile.waiter(ONE, Wait::Forever);
    assert!(matches!(head.step(&waker), Step::Ask));
    assert!(matches!(head.ask(&waker), Some(Step::Sleep(None, _))));
    turnstile.release(1);
    assert!(matches!(head.step(&waker), Step::Ask));
    let Some(Step::Sleep(Some(until), _)) = head.ask(&waker) else {
        panic!("the window is full")
    };
    assert_eq!(
        SystemTime::from(until),
        SystemTime::UNIX_EPOCH + 10 * SECOND
    );
    assert_eq!(turnstile.permits(), Some((1, 0)), "the hold is undone");
    clock.advance(10 * SECOND);
    assert!(matches!(head.step(&waker), Step::Ask));
    assert!(matches!(head.ask(&waker), Some(Step::Done(Ok(_)))));
    assert_eq!(turnstile.permits(), Some((1, 1)));
}

#[test]
fn threads_wait_for_places_in_order() {
    let turnstile = at(&clock()).permits(2).build().unwrap();
    turnstile.take_with(TWO, Wait::Never).unwrap();
    let order = AtomicU64::new(0);
    thread::scope(|scope| {
        for turn in 0..4 {
            let (turnstile, order) = (&turnstile, &order);
            scope.spawn(move || {
                turnstile.take_with(ONE, Wait::Forever).unwrap();
                assert_eq!(order.fetch_add(1, SeqCst), turn);
                turnstile.release(1);
            });
            until(|| turnstile.waiters() as u64 == turn + 1);
        }
        // others wait, so nobody is told that only a place is missing
        let error = turnstile.try_take(ONE).unwrap_err();
        assert!(matches!(error, UpdateError::Queued(_)), "{error}");
        turnstile.release(1);
    });
    assert_eq!(turnstile.permits(), Some((2, 1)));
}

#[test]
fn what_can_never_have_its_places_does_not_queue() {
    let turnstile = at(&clock()).permits(1).build().unwrap();
    turnstile.try_take(ONE).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| turnstile.take_with(ONE, Wait::Forever).is_ok());
        until(|| turnstile.waiters() == 1);
        for wait in [Wait::Never, Wait::Forever] {
            match turnstile.take_with(TWO, wait) {
                Err(UpdateError::TooLarge(error)) => assert_eq!(error.scope(), Scope::Burst),
                other => panic!("{wait:?}: {other:?}"),
            }
        }
        turnstile.release(1);
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn who_asks_for_more_than_is_left_of_the_permits_is_told_so() {
    let turnstile = at(&clock()).permits(2).build().unwrap();
    turnstile.try_take(TWO).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| turnstile.take_with(TWO, Wait::Forever));
        until(|| turnstile.waiters() == 1);
        turnstile.set_permits(1).unwrap();
        let error = waiting.join().unwrap().unwrap_err();
        assert!(matches!(error, UpdateError::TooLarge(_)), "{error}");
    });
    assert_eq!(
        turnstile.permits(),
        Some((1, 2)),
        "those that are out stay out"
    );
    turnstile.release(2);
    turnstile.try_take(ONE).unwrap();
    assert!(turnstile.try_take(ONE).is_err());
}

#[test]
fn a_wait_for_a_place_ends_in_time_and_at_a_close() {
    let turnstile = Turnstile::builder().permits(1).build().unwrap();
    turnstile.try_take(ONE).unwrap();
    let (begun, wait) = (Instant::now(), Duration::from_millis(30));
    let error = turnstile.take_with(ONE, Wait::For(wait)).unwrap_err();
    assert!(matches!(error, UpdateError::WaitExhausted(_)), "{error}");
    assert!(begun.elapsed() >= wait);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| turnstile.take_with(ONE, Wait::Forever));
        until(|| turnstile.waiters() == 1);
        turnstile.close();
        assert!(matches!(waiting.join().unwrap(), Err(UpdateError::Closed)));
    });
    assert_eq!(
        at_once(turnstile.wait_time(Way::Blocking)).unwrap(),
        Some(Duration::MAX)
    );
}

#[test]
fn how_long_until_it_admits() {
    let clock = clock();
    let turnstile = at(&clock)
        .window(2, 10 * SECOND, SECOND)
        .permits(1)
        .build()
        .unwrap();
    let wait_time = || at_once(turnstile.wait_time(Way::Blocking)).unwrap();
    assert_eq!(wait_time(), None);
    turnstile.try_take(ONE).unwrap();
    assert_eq!(wait_time(), Some(Duration::ZERO), "only a place is missing");
    turnstile.release(1);
    turnstile.try_take(ONE).unwrap();
    assert_eq!(wait_time(), Some(10 * SECOND));
    clock.advance(10 * SECOND);
    turnstile.release(1);
    assert_eq!(wait_time(), None);
}

#[test]
fn what_is_taken_back_leaves_the_places_taken() {
    let clock = clock();
    let turnstile = at(&clock)
        .window(3, 10 * SECOND, SECOND)
        .permits(3)
        .credits()
        .build()
        .unwrap();
    let take_back = |demand, reading| at_once(turnstile.take_back(Way::Blocking, demand, reading));
    let reading = turnstile.try_take(TWO).unwrap();
    clock.advance(5 * SECOND);
    assert_eq!(take_back(ONE, &reading).unwrap(), Refund::Returned(1));
    assert_eq!(
        take_back(Demand::new(0), &reading).unwrap(),
        Refund::Returned(0)
    );
    let state = at_once(turnstile.state(Way::Blocking)).unwrap();
    assert_eq!((state.windows[0].used, state.permits), (1, Some((3, 2))));
    at_once(turnstile.take_more(Way::Blocking, TWO)).unwrap();
    assert_eq!(turnstile.permits(), Some((3, 2)));
    let error = at_once(turnstile.take_more(Way::Blocking, ONE)).unwrap_err();
    assert!(matches!(error, UpdateError::WindowLimit(_)), "{error}");
    clock.advance(5 * SECOND);
    assert_eq!(take_back(ONE, &reading).unwrap(), Refund::Expired);
}

#[test]
fn takes_and_denials_do_not_allocate() {
    let turnstile = at(&clock())
        .window(100, 60 * SECOND, SECOND)
        .window(1_000, 3_600 * SECOND, 60 * SECOND)
        .permits(3)
        .build()
        .unwrap();
    let info = allocation_counter::measure(|| {
        for _ in 0..100 {
            turnstile.try_take(TWO).ok();
            turnstile.try_take(TWO).unwrap_err();
            turnstile.release(turnstile.permits().unwrap().1);
        }
    });
    assert_eq!(info.count_total, 0, "{info:?}");
}
