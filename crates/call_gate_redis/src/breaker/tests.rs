//! The breaker around a link that does what the test says.

mod states;
mod stress;

use super::Breaker;
use crate::link::Link;
use crate::script::{Call, Script};
use call_gate_core::{BoxFuture, StorageError, StorageErrorKind};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(3600);

/// Fails as scripted, then succeeds; `hangs` async calls before that are never answered.
#[derive(Debug, Default)]
struct Scripted {
    failures: Mutex<VecDeque<StorageErrorKind>>,
    hangs: Mutex<u32>,
    calls: Mutex<u32>,
}

impl Scripted {
    fn failing(kinds: &[StorageErrorKind]) -> Arc<Self> {
        let link = Self::default();
        link.failures.lock().unwrap().extend(kinds);
        Arc::new(link)
    }

    fn calls(&self) -> u32 {
        *self.calls.lock().unwrap()
    }

    fn next(&self) -> Result<Vec<u8>, StorageError> {
        *self.calls.lock().unwrap() += 1;
        match self.failures.lock().unwrap().pop_front() {
            Some(kind) => Err(StorageError::with_source(kind, "scripted")),
            None => Ok(b"done".to_vec()),
        }
    }
}

impl Link for Scripted {
    fn run(&self, _: &Call, _: Instant) -> Result<Vec<u8>, StorageError> {
        self.next()
    }

    fn run_async<'a>(
        &'a self,
        _: &'a Call,
        _: Instant,
    ) -> BoxFuture<'a, Result<Vec<u8>, StorageError>> {
        Box::pin(async move {
            let hangs = {
                let mut hangs = self.hangs.lock().unwrap();
                let now = *hangs > 0;
                *hangs = hangs.saturating_sub(1);
                now
            };
            if hangs {
                *self.calls.lock().unwrap() += 1;
                std::future::pending::<()>().await;
            }
            self.next()
        })
    }
}

fn call() -> Call {
    Call {
        script: Script::new(),
        key: Arc::from(&b"key"[..]),
        shape: Arc::from(&b"shape"[..]),
        ask: Vec::new(),
        second: None,
        now: None,
    }
}

fn poll<T>(future: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>) -> Poll<T> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

/// The outcome of a call on either way.
fn ask(breaker: &Breaker, awaited: bool) -> Result<Vec<u8>, StorageError> {
    let (call, until) = (call(), Instant::now() + LONG);
    if !awaited {
        return breaker.run(&call, until);
    }
    match poll(&mut breaker.run_async(&call, until)) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the scripted link has an answer"),
    }
}

fn kind<T>(outcome: &Result<T, StorageError>) -> Option<StorageErrorKind> {
    outcome.as_ref().err().map(StorageError::kind)
}

#[test]
fn an_open_breaker_sends_nothing_and_says_what_failed_last() {
    use std::error::Error;
    for awaited in [false, true] {
        let link = Scripted::failing(&[StorageErrorKind::TimedOut, StorageErrorKind::Unavailable]);
        let breaker = Breaker::new(link.clone(), 2, LONG);
        assert_eq!(
            kind(&ask(&breaker, awaited)),
            Some(StorageErrorKind::TimedOut)
        );
        assert_eq!(
            kind(&ask(&breaker, awaited)),
            Some(StorageErrorKind::Unavailable)
        );
        for _ in 0..3 {
            let error = ask(&breaker, awaited).unwrap_err();
            assert_eq!(error.kind(), StorageErrorKind::Unavailable);
            let source = error.source().unwrap().to_string();
            let (since, last) = source
                .strip_prefix("nothing was sent: the breaker opened ")
                .and_then(|rest| rest.split_once(" ms ago, and what failed last was: "))
                .unwrap();
            assert!(since.parse::<u64>().unwrap() < 60_000, "{source}");
            assert_eq!(last, "the storage is not available: scripted");
        }
        assert_eq!(link.calls(), 2);
    }
}

#[test]
fn it_closes_with_the_first_probe_that_comes_through() {
    for awaited in [false, true] {
        let link = Scripted::failing(&[StorageErrorKind::Unavailable; 3]);
        // without a pause every call that finds it open is a probe
        let breaker = Breaker::new(link.clone(), 1, Duration::ZERO);
        for _ in 0..3 {
            assert_eq!(
                kind(&ask(&breaker, awaited)),
                Some(StorageErrorKind::Unavailable)
            );
        }
        assert_eq!(ask(&breaker, awaited).unwrap(), b"done");
        assert_eq!(ask(&breaker, awaited).unwrap(), b"done");
        assert_eq!(link.calls(), 5);
    }
}

#[test]
fn a_cancelled_probe_leaves_its_place_to_the_next_call() {
    let link = Scripted::failing(&[StorageErrorKind::Unavailable]);
    let breaker = Breaker::new(link.clone(), 1, Duration::ZERO);
    assert!(ask(&breaker, true).is_err());
    *link.hangs.lock().unwrap() = 1;
    let (call, until) = (call(), Instant::now() + LONG);
    let mut probe = breaker.run_async(&call, until);
    assert!(poll(&mut probe).is_pending());
    assert_eq!(
        kind(&ask(&breaker, true)),
        Some(StorageErrorKind::Unavailable)
    );
    assert_eq!(
        kind(&ask(&breaker, false)),
        Some(StorageErrorKind::Unavailable)
    );
    assert_eq!(link.calls(), 2, "only the probe was sent");
    drop(probe);
    assert_eq!(ask(&breaker, true).unwrap(), b"done");
    assert_eq!(link.calls(), 3);
}

#[test]
fn a_future_that_nobody_polls_is_no_probe() {
    let link = Scripted::failing(&[StorageErrorKind::Unavailable]);
    let breaker = Breaker::new(link, 1, Duration::ZERO);
    assert!(ask(&breaker, false).is_err());
    let (call, until) = (call(), Instant::now() + LONG);
    let idle = breaker.run_async(&call, until);
    assert_eq!(ask(&breaker, false).unwrap(), b"done");
    drop(idle);
    assert_eq!(ask(&breaker, false).unwrap(), b"done");
}

#[test]
fn a_call_that_panics_in_the_link_frees_the_probe() {
    #[derive(Debug)]
    struct Panics(Mutex<bool>);
    impl Link for Panics {
        fn run(&self, _: &Call, _: Instant) -> Result<Vec<u8>, StorageError> {
            assert!(
                !std::mem::replace(&mut *self.0.lock().unwrap(), false),
                "planned"
            );
            Err(StorageError::new(StorageErrorKind::Unavailable))
        }

        fn run_async<'a>(
            &'a self,
            call: &'a Call,
            until: Instant,
        ) -> BoxFuture<'a, Result<Vec<u8>, StorageError>> {
            Box::pin(async move { self.run(call, until) })
        }
    }
    let link = Arc::new(Panics(Mutex::new(false)));
    let breaker = Breaker::new(link.clone(), 1, Duration::ZERO);
    assert!(ask(&breaker, false).is_err());
    *link.0.lock().unwrap() = true;
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ask(&breaker, false)));
    assert!(panicked.is_err());
    link.0.clear_poison();
    let error =
        std::error::Error::source(&ask(&breaker, false).unwrap_err()).map(ToString::to_string);
    assert_eq!(error, None, "the call was sent: it is the link's own error");
}
