//! Futures polled by hand, and wakers that tell whether they were woken.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A waker that remembers that it was woken.
#[derive(Debug, Default)]
pub(crate) struct Bell(AtomicBool);

impl Bell {
    /// Whether it was woken since it was asked last.
    pub(crate) fn rang(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A future that is polled when its waker was woken, and only then.
pub(crate) struct Sleeper<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
    bell: Arc<Bell>,
}

impl<T> Sleeper<T> {
    /// Polled once at the first [`look`](Self::look).
    pub(crate) fn new(future: impl Future<Output = T> + 'static) -> Self {
        let bell = Arc::new(Bell::default());
        bell.clone().wake();
        Self {
            future: Box::pin(future),
            bell,
        }
    }

    /// Polls it if it was woken; whether it was, and what it answers.
    pub(crate) fn look(&mut self) -> (bool, Option<T>) {
        if !self.bell.rang() {
            return (false, None);
        }
        let waker = Waker::from(self.bell.clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => (true, Some(output)),
            Poll::Pending => (true, None),
        }
    }

    /// Whether it is pending; it may be polled for nothing.
    pub(crate) fn sleeps(&mut self) -> bool {
        let (_, answer) = self.look();
        answer.is_none()
    }
}

/// The output of a future that is ready on its first poll.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready on the first poll"),
    }
}
