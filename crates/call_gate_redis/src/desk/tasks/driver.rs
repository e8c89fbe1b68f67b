//! The task that carries those who queue.

use super::super::{Desk, Teller, lost};
use super::{Call, close, find};
use std::sync::Arc;
use tokio::runtime::{Handle, Id};
use tokio::task::yield_now;

/// Carries the tasks of one line while any wait. Dropped before that, it closes the line and fails those in it: its
/// runtime is shut down, which is theirs too.
pub(super) struct Driver<T: Teller> {
    desk: Arc<Desk<T>>,
    runtime: Id,
    call: Option<Call>,
    open: bool,
}

impl<T: Teller> Driver<T> {
    /// Starts with `call`, which is in flight.
    pub(super) fn spawn(desk: Arc<Desk<T>>, handle: &Handle, call: Option<Call>) {
        // made here: a runtime that is shut down drops a task without running it
        let driver = Self {
            desk,
            runtime: handle.id(),
            call,
            open: true,
        };
        drop(handle.spawn(driver.drive()));
    }

    /// Each turn brings one call back and sends the next; it ends when nobody queues.
    async fn drive(mut self) {
        loop {
            if let Some(call) = &mut self.call {
                let answer = call.future.as_mut().await;
                if let Some(call) = self.call.take() {
                    self.desk.over(call, answer);
                }
            }
            // those who were answered may come again: let them, so that they share a call, and others run
            yield_now().await;
            if !self.next() {
                return;
            }
        }
    }

    /// Takes those who queue into the next call; `false`: nobody does, and the line is closed.
    fn next(&mut self) -> bool {
        let mut seats = Vec::new();
        let mut lines = self.desk.tasks.lock();
        if let Some(line) = find(&mut lines, self.runtime) {
            line.queue.board(&mut seats);
        }
        if seats.is_empty() {
            self.open = false;
            let line = close(&mut lines, self.runtime);
            drop(lines);
            drop(line);
            return false;
        }
        drop(lines);
        let aboard = self.desk.sift(seats);
        self.call = aboard.until().map(|until| self.desk.call(aboard, until));
        true
    }
}

impl<T: Teller> Drop for Driver<T> {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let line = close(&mut self.desk.tasks.lock(), self.runtime);
        for seat in line.into_iter().flat_map(|line| line.queue.into_seats()) {
            seat.give_up(lost::stranded);
        }
    }
}
