//! Permits of a turnstile whose windows are behind a network: held while it is asked, and given back if that is given up.

use call_gate_core::clock::ManualClock;
use call_gate_core::{
    Act, Answer, BoxFuture, ConfigError, Deadline, Demand, Denial, Frame, GateConfig, Key, Limits,
    Moment, Opened, Reading, Remote, Scope, Snapshot, Step, Storage, StorageError, StorageKind,
    Turnstile, UpdateError, Wait,
};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);
const ONE: Demand = Demand::new(1);

/// A server that admits whatever it is asked, unless it denies all; awaited it may never answer.
#[derive(Debug, Clone, Default)]
struct Far(Arc<Server>);

#[derive(Debug, Default)]
struct Server {
    denies: AtomicBool,
    hangs: AtomicBool,
}

impl Storage for Far {
    fn kind(&self) -> StorageKind {
        StorageKind::Redis
    }

    fn open(&self, _: &GateConfig, _: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        Ok(Opened::Remote(Arc::new(self.clone())))
    }
}

impl Remote for Far {
    fn call(&self, _: &Key, act: &Act, _: Deadline) -> Result<Answer, StorageError> {
        assert!(matches!(act, Act::Update { .. }));
        if self.0.denies.load(SeqCst) {
            let denial = Denial::new(Scope::Window, 9, 9, 1, SECOND);
            return Ok(Answer::Denied(denial));
        }
        let frame = Frame::new(Moment::default(), 1);
        Ok(Answer::Admitted(Reading::new(frame, 1, 8)))
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(async move {
            if self.0.hangs.load(SeqCst) {
                std::future::pending::<()>().await;
            }
            self.call(key, &act, by)
        })
    }

    fn limits(&self, _: &Key) -> Limits {
        Limits::none()
    }
}

fn turnstile(far: &Far, most: u64) -> Turnstile {
    Turnstile::builder()
        .name("far")
        .window(9, 10 * SECOND, SECOND)
        .permits(most)
        .storage(far.clone())
        .clock(ManualClock::new(SystemTime::UNIX_EPOCH))
        .build()
        .unwrap()
}

#[derive(Default)]
struct Count(AtomicU64);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_call_that_is_given_up_gives_its_place_back_and_wakes_who_wants_it() {
    let far = Far::default();
    let turnstile = turnstile(&far, 1);
    far.0.hangs.store(true, SeqCst);
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut asking = pin!(turnstile.try_take_awaited(ONE));
        assert!(asking.as_mut().poll(&mut context).is_pending());
        assert_eq!(turnstile.permits(), Some((1, 1)));

        let woken = Arc::new(Count::default());
        let waker = Waker::from(woken.clone());
        let mut head = turnstile.waiter(ONE, Wait::Forever);
        assert!(matches!(head.step(&waker), Step::Ask));
        let denied = pin!(head.ask_remote()).as_mut().poll(&mut context);
        let Poll::Ready(answer) = denied else {
            panic!("a place that is missing needs no server to say so")
        };
        assert!(matches!(head.answer(answer, &waker), Step::Sleep(None, _)));
        assert_eq!(woken.0.load(SeqCst), 0);

        asking.set(turnstile.try_take_awaited(Demand::new(0)));
        assert_eq!(woken.0.load(SeqCst), 1);
        assert_eq!(turnstile.permits(), Some((1, 0)));
        far.0.hangs.store(false, SeqCst);
        assert!(matches!(head.step(&waker), Step::Ask));
        let Poll::Ready(answer) = pin!(head.ask_remote()).as_mut().poll(&mut context) else {
            panic!("it answers")
        };
        assert!(matches!(head.answer(answer, &waker), Step::Done(Ok(_))));
    }
    assert_eq!(turnstile.permits(), Some((1, 1)));
    assert_eq!(turnstile.waiters(), 0);
}

#[test]
fn what_a_server_denies_takes_no_place() {
    let far = Far::default();
    let turnstile = turnstile(&far, 2);
    far.0.denies.store(true, SeqCst);
    let error = turnstile.try_take(ONE).unwrap_err();
    assert!(matches!(error, UpdateError::WindowLimit(_)), "{error}");
    assert_eq!(turnstile.permits(), Some((2, 0)));
    far.0.denies.store(false, SeqCst);
    turnstile.take_with(Demand::new(2), Wait::Forever).unwrap();
    let error = turnstile.try_take(ONE).unwrap_err();
    assert!(matches!(error, UpdateError::BurstLimit(_)), "{error}");
    assert_eq!(turnstile.permits(), Some((2, 2)));
}
