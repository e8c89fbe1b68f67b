//! The way to the server and back, for a caller who does not block.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use call_gate_core::{Act, Answer, Key, StorageError};

use super::Server;

/// One direction of a message's journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// To the server: the act is not done yet.
    There,
    /// Back from it: the act is done, and nobody knows.
    Back,
}

/// The wire, on which messages can be held up.
#[derive(Debug, Default)]
pub(super) struct Wire {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Leg>,
    stuck: Vec<Waker>,
}

impl Wire {
    /// From now on messages get stuck on `leg`; `None`: all get through, the stuck ones too.
    pub(super) fn hold(&self, leg: Option<Leg>) {
        let stuck = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.held = leg;
            std::mem::take(&mut state.stuck)
        };
        stuck.into_iter().for_each(Waker::wake);
    }

    fn is_stuck(&self, leg: Leg, context: &Context<'_>) -> bool {
        let waker = context.waker().clone();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let stuck = state.held == Some(leg);
        if stuck {
            state.stuck.push(waker);
        }
        stuck
    }
}

/// One act on its way; pending at least once on each leg.
#[derive(Debug)]
pub(super) struct Journey<'a> {
    server: &'a Server,
    key: &'a Key,
    act: Act,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    AtHome,
    OnTheWay,
    Done(Result<Answer, StorageError>),
    Over,
}

impl<'a> Journey<'a> {
    pub(super) fn new(server: &'a Server, key: &'a Key, act: Act) -> Self {
        Self {
            server,
            key,
            act,
            stage: Stage::AtHome,
        }
    }
}

impl Future for Journey<'_> {
    type Output = Result<Answer, StorageError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let wire = &self.server.wire;
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::AtHome => Stage::OnTheWay,
            Stage::OnTheWay if wire.is_stuck(Leg::There, context) => {
                self.stage = Stage::OnTheWay;
                return Poll::Pending;
            }
            Stage::OnTheWay => Stage::Done(self.server.serve(self.key, &self.act)),
            done @ Stage::Done(_) if wire.is_stuck(Leg::Back, context) => {
                self.stage = done;
                return Poll::Pending;
            }
            Stage::Done(answer) => return Poll::Ready(answer),
            Stage::Over => panic!("polled after its answer"),
        };
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
