//! The queues of tasks, one for each runtime: the first sends its call itself, and a task of its own carries those that
//! come while it is in flight.
//!
//! A call must not depend on a future that nobody polls or that is dropped: `select!` does both. So the first to queue
//! takes the call in flight over from the future that sent it, and gives it to a driver, which is spawned. The driver
//! lives while anybody waits. Where nobody ever queues, nothing is spawned.
// long file: who has the call in flight is one state machine, and its owners belong beside it

use super::queue::Queue;
use super::seat::{Found, Leaving, Seat};
use super::told::Told;
use super::{Aboard, Desk, Stamp, Teller, lock, lost};
use crate::protocol::{Booked, Group};
use call_gate_core::{BoxFuture, StorageError};
use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::runtime::{Handle, Id};
use tokio::time::{Sleep, sleep_until};

mod driver;

use driver::Driver;

/// The tasks that wait for a call of one gate: a line for each runtime that has a call in flight.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    lines: Mutex<Vec<Line>>,
}

#[derive(Debug)]
struct Line {
    runtime: Id,
    call: InFlight,
    queue: Queue,
}

/// Who has the call in flight.
#[derive(Debug)]
enum InFlight {
    /// Nobody at the moment: the future that sent it is not being polled. Nobody queues.
    Parked(Call),
    /// The future that sent it, which is being polled. Nobody queues.
    Polled,
    /// The same, but somebody queues: it is to give the call to a driver.
    Wanted,
    /// A driver.
    Driven,
}

/// A call in flight.
struct Call {
    future: BoxFuture<'static, Result<Booked, StorageError>>,
    aboard: Aboard,
    groups: Vec<Group>,
    stamp: Option<Stamp>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("aboard", &self.aboard)
            .finish_non_exhaustive()
    }
}

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        lock(&self.lines)
    }

    /// How many runtimes have a call in flight.
    #[cfg(test)]
    pub(super) fn open_lines(&self) -> usize {
        self.lock().len()
    }

    /// How many queue, or did and are not swept out.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.lock().iter().map(|line| line.queue.len()).sum()
    }

    /// Opens the line of `runtime`, for who sends the first call; `false`: there is one.
    fn open(&self, runtime: Id) -> bool {
        let mut lines = self.lock();
        if find(&mut lines, runtime).is_some() {
            return false;
        }
        lines.push(Line {
            runtime,
            call: InFlight::Polled,
            queue: Queue::default(),
        });
        true
    }

    /// Queues behind the call in flight; `Err`: there is none any more. A call that nobody polls comes back with it.
    fn join(&self, runtime: Id, seat: &Arc<Seat>) -> Result<Option<Call>, ()> {
        let mut lines = self.lock();
        let line = find(&mut lines, runtime).ok_or(())?;
        line.queue.push(Arc::clone(seat));
        match mem::replace(&mut line.call, InFlight::Driven) {
            InFlight::Parked(call) => return Ok(Some(call)),
            InFlight::Driven => {}
            InFlight::Polled | InFlight::Wanted => line.call = InFlight::Wanted,
        }
        Ok(None)
    }

    /// For who sent it with `seat`: the call, to poll it; `None`: a driver has it.
    fn take(&self, runtime: Id, seat: &Arc<Seat>) -> Option<Call> {
        let mut lines = self.lock();
        let line = find(&mut lines, runtime)?;
        if !matches!(&line.call, InFlight::Parked(call) if call.carries(seat)) {
            return None;
        }
        match mem::replace(&mut line.call, InFlight::Polled) {
            InFlight::Parked(call) => Some(call),
            _ => None,
        }
    }

    /// Puts the call down until it is polled again; `Some`: a driver is to have it.
    fn park(&self, runtime: Id, call: Call) -> Option<Call> {
        let mut lines = self.lock();
        let Some(line) = find(&mut lines, runtime) else {
            return Some(call);
        };
        if matches!(line.call, InFlight::Polled) {
            line.call = InFlight::Parked(call);
            return None;
        }
        line.call = InFlight::Driven;
        Some(call)
    }

    /// The call that was being polled is over: whether somebody queues, and a driver is to carry on.
    fn over(&self, runtime: Id) -> bool {
        let mut lines = self.lock();
        let wanted = find(&mut lines, runtime).is_some_and(|line| {
            let wanted = matches!(line.call, InFlight::Wanted);
            line.call = InFlight::Driven;
            wanted
        });
        if !wanted {
            let line = close(&mut lines, runtime);
            drop(lines);
            drop(line);
        }
        wanted
    }

    /// Gives up a seat in the queue.
    fn leave(&self, runtime: Id, seat: &Seat) -> Leaving {
        // under the lock, so that whoever sends counts as left who left
        let mut lines = self.lock();
        let leaving = seat.leave();
        if let (Leaving::Queued, Some(line)) = (&leaving, find(&mut lines, runtime)) {
            line.queue.one_left();
        }
        leaving
    }
}

impl Call {
    fn carries(&self, seat: &Arc<Seat>) -> bool {
        self.aboard.0.iter().any(|aboard| Arc::ptr_eq(aboard, seat))
    }
}

fn find(lines: &mut [Line], runtime: Id) -> Option<&mut Line> {
    lines.iter_mut().find(|line| line.runtime == runtime)
}

fn close(lines: &mut Vec<Line>, runtime: Id) -> Option<Line> {
    let index = lines.iter().position(|line| line.runtime == runtime)?;
    Some(lines.swap_remove(index))
}

impl<T: Teller> Desk<T> {
    /// Sends a call for `value` at once if none is in flight, or else waits for one that carries it.
    pub(super) async fn update_with_others(
        self: &Arc<Self>,
        value: u64,
        until: Instant,
    ) -> Result<Told, StorageError> {
        // without a runtime nobody would carry those that queue
        let Ok(handle) = Handle::try_current() else {
            return self.alone_async(value, until).await;
        };
        if self.tasks.open(handle.id()) {
            return First::new(self, handle, value, until).await;
        }
        // nor could they leave in time without its timers
        let Some(sleep) = sleep(until) else {
            return self.alone_async(value, until).await;
        };
        let seat = Arc::new(Seat::new(value, until));
        match self.tasks.join(handle.id(), &seat) {
            Ok(call) => {
                if call.is_some() {
                    Driver::spawn(Arc::clone(self), &handle, call);
                }
                Behind {
                    tasks: &self.tasks,
                    runtime: handle.id(),
                    seat,
                    sleep,
                    waits: true,
                }
                .await
            }
            // its call came back just now
            Err(()) => self.alone_async(value, until).await,
        }
    }

    fn call(self: &Arc<Self>, aboard: Aboard, until: Instant) -> Call {
        let groups = aboard.groups();
        let (batch, stamp) = self.depart(groups.clone());
        let future = Arc::clone(&self.teller).book_async(batch, until);
        Call {
            future,
            aboard,
            groups,
            stamp,
        }
    }

    fn over(&self, call: Call, answer: Result<Booked, StorageError>) {
        self.deliver(&call.aboard, &call.groups, call.stamp, answer);
    }
}

/// tokio cannot be asked whether a runtime has a time driver (tokio#8361): making a timer panics without one.
fn sleep(until: Instant) -> Option<Pin<Box<Sleep>>> {
    catch_unwind(AssertUnwindSafe(|| Box::pin(sleep_until(until.into())))).ok()
}

/// A request that was sent at once.
struct First<'a, T: Teller> {
    desk: &'a Arc<Desk<T>>,
    handle: Handle,
    seat: Arc<Seat>,
    stage: Stage,
}

enum Stage {
    /// To be sent by the first poll. The line is open.
    New,
    /// Being polled; seen at other times only if that panicked.
    Polled,
    /// In flight; this future polls the call, unless a driver has it.
    Sent,
    /// Answered.
    Over,
}

impl<'a, T: Teller> First<'a, T> {
    fn new(desk: &'a Arc<Desk<T>>, handle: Handle, value: u64, until: Instant) -> Self {
        let seat = Arc::new(Seat::new(value, until));
        let stage = Stage::New;
        Self {
            desk,
            handle,
            seat,
            stage,
        }
    }

    /// The call if it is this future's to poll.
    fn take(&mut self) -> Option<Call> {
        let call = match self.stage {
            Stage::New => {
                self.seat.board();
                let aboard = Aboard(vec![Arc::clone(&self.seat)]);
                Some(self.desk.call(aboard, self.seat.until()))
            }
            Stage::Sent => self.desk.tasks.take(self.handle.id(), &self.seat),
            Stage::Polled | Stage::Over => None,
        };
        if call.is_some() {
            self.stage = Stage::Polled;
        }
        call
    }

    /// The call, or the panic of one, is over: those who came meanwhile are carried on.
    fn hand_on(&self) {
        if self.desk.tasks.over(self.handle.id()) {
            Driver::spawn(Arc::clone(self.desk), &self.handle, None);
        }
    }
}

impl<T: Teller> Future for First<'_, T> {
    type Output = Result<Told, StorageError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        // before the call is put down: a driver may take it at any time then, and this is not polled again until woken
        if let Found::Told(outcome) = this.seat.find(context.waker()) {
            this.stage = Stage::Over;
            return Poll::Ready(outcome);
        }
        if let Some(mut call) = this.take() {
            match call.future.as_mut().poll(context) {
                Poll::Ready(answer) => {
                    this.stage = Stage::Sent;
                    this.hand_on();
                    this.desk.over(call, answer);
                }
                Poll::Pending => {
                    this.stage = Stage::Sent;
                    let Some(call) = this.desk.tasks.park(this.handle.id(), call) else {
                        return Poll::Pending;
                    };
                    Driver::spawn(Arc::clone(this.desk), &this.handle, Some(call));
                }
            }
        }
        match this.seat.find(context.waker()) {
            Found::Told(outcome) => {
                this.stage = Stage::Over;
                Poll::Ready(outcome)
            }
            Found::Waiting | Found::YourTurn => Poll::Pending,
        }
    }
}

impl<T: Teller> Drop for First<'_, T> {
    fn drop(&mut self) {
        match self.stage {
            Stage::New | Stage::Polled => self.hand_on(),
            Stage::Sent => {
                if let Some(call) = self.take() {
                    drop(call);
                    self.hand_on();
                }
                self.seat.leave();
            }
            Stage::Over => {}
        }
    }
}

/// A request that queues.
struct Behind<'a> {
    tasks: &'a Tasks,
    runtime: Id,
    seat: Arc<Seat>,
    sleep: Pin<Box<Sleep>>,
    waits: bool,
}

impl Future for Behind<'_> {
    type Output = Result<Told, StorageError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Found::Told(outcome) = this.seat.find(context.waker()) {
            this.waits = false;
            return Poll::Ready(outcome);
        }
        if this.sleep.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        this.waits = false;
        Poll::Ready(match this.tasks.leave(this.runtime, &this.seat) {
            Leaving::Told(outcome) => outcome,
            Leaving::Sent => Err(lost::late()),
            Leaving::Queued | Leaving::Called => Err(lost::not_sent()),
        })
    }
}

impl Drop for Behind<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.tasks.leave(self.runtime, &self.seat);
        }
    }
}
