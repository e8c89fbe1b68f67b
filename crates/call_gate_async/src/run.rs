//! Futures that run another one once its value is booked.

use crate::update::Update;
use call_gate_core::{CallGate, UpdateError, Wait};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// Books a value, waiting its turn, then runs a future.
    ///
    /// # Cancel safety
    /// Dropped before it is admitted, as [`Update`]; after that the booking
    /// stands, and the future is dropped where it is.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<'g, F> {
        update: Option<Update<'g>>,
        #[pin]
        work: F,
    }
}

impl<'g, F> Run<'g, F> {
    pub(crate) fn new(gate: &'g CallGate, value: u64, work: F) -> Self {
        Self {
            update: Some(Update::new(gate, value, Wait::Window)),
            work,
        }
    }
}

impl<F: Future> Run<'_, F> {
    fn poll_with<T>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        done: impl FnOnce(F::Output) -> T,
        denied: impl FnOnce(UpdateError) -> T,
    ) -> Poll<T> {
        let this = self.project();
        if let Some(update) = this.update {
            if let Err(error) = ready!(Pin::new(update).poll(context)) {
                return Poll::Ready(denied(error));
            }
            *this.update = None;
        }
        this.work.poll(context).map(done)
    }
}

impl<F: Future> Future for Run<'_, F> {
    type Output = Result<F::Output, UpdateError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_with(context, Ok, Err)
    }
}

pin_project! {
    /// As [`Run`], for a future that can fail: one `Result` for both.
    ///
    /// # Cancel safety
    /// As [`Run`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TryRun<'g, F> {
        #[pin]
        run: Run<'g, F>,
    }
}

impl<'g, F> TryRun<'g, F> {
    pub(crate) fn new(gate: &'g CallGate, value: u64, work: F) -> Self {
        Self {
            run: Run::new(gate, value, work),
        }
    }
}

impl<R, E, F> Future for TryRun<'_, F>
where
    E: From<UpdateError>,
    F: Future<Output = Result<R, E>>,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.project()
            .run
            .poll_with(context, |done| done, |error| Err(error.into()))
    }
}
