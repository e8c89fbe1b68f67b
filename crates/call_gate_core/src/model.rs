//! The packed window, the queue's switches and a gate's placement for the loom models; only under `--cfg loom`.
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::missing_errors_doc,
    reason = "for models only"
)]

use crate::error::{ConfigError, StorageError};
use crate::gate::CallGate;
use crate::geometry::{Geometry, Span};
use crate::snapshot::Snapshot;
use crate::storage::{Answer, GateConfig, Memory, Opened, Placement, Storage, StorageKind};
use crate::window::{Layout, Life, Refunded, Verdict, Window};
use std::mem::ManuallyDrop;
use std::time::Duration;

pub use crate::sync::model::killed_at;

const STEP: u64 = 1_000_000_000;

/// A window of `frames` frames of one second with a frame limit and a gate limit.
pub struct ModelWindow {
    window: Window,
    frames: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Booked { frame: u64, used: [u64; 2] },
    Refused { span: usize, used: u64, retry: u64 },
    Returned,
    Underflow(u64),
    Frames(u64, Vec<u64>),
    Done,
}

impl ModelWindow {
    /// Made in second `first`.
    pub fn new(first: u64, frames: u64, limits: [u64; 2]) -> Self {
        let step = Duration::from_nanos(STEP);
        let spans =
            [Span::new(step, 1), Span::new(step, frames)].map(|span| span.expect("a valid span"));
        let geometry = Geometry::new(&spans).expect("a valid geometry");
        let layout =
            Layout::new(&geometry, first * STEP, Life::TwentyYears).expect("a packed layout");
        Self {
            window: Window::at_rest(layout, &limits.map(Some), None),
            frames,
        }
    }

    pub fn book(&self, second: u64, value: u64) -> Said {
        self.said(
            self.window
                .packed()
                .book(second * STEP, value)
                .expect("a whole window")
                .0,
        )
    }

    /// Through the fast path and its notes.
    pub fn update(&self, second: u64, value: u64) -> Said {
        self.said(
            self.window
                .book(Duration::from_nanos(second * STEP), value)
                .expect("a whole window"),
        )
    }

    fn said(&self, verdict: Verdict) -> Said {
        match verdict {
            Verdict::Booked(booking) => Said::Booked {
                frame: booking.ticket.start / STEP,
                used: booking.used,
            },
            Verdict::Refused(refusal) => Said::Refused {
                span: refusal.span,
                used: refusal.used,
                retry: refusal.retry_at / STEP,
            },
        }
    }

    pub fn refund(&self, second: u64, value: u64) -> Said {
        match self
            .window
            .packed()
            .refund(second * STEP, value, None)
            .expect("a whole window")
        {
            Refunded::Returned(_) => Said::Returned,
            Refunded::Underflow { booked } => Said::Underflow(booked),
            Refunded::Expired => unreachable!("only a ticket expires"),
        }
    }

    pub fn clear(&self) -> Said {
        self.window.packed().clear().expect("a whole window");
        Said::Done
    }

    pub fn set_limits(&self, limits: [u64; 2]) -> Said {
        self.window
            .packed()
            .set_limits(&limits.map(Some))
            .expect("a whole window");
        Said::Done
    }

    pub fn read(&self, second: u64) -> Said {
        let (start, values) = self
            .window
            .packed()
            .read(second * STEP, self.frames)
            .expect("a whole window");
        Said::Frames(start / STEP, values)
    }
}

/// The fast path's notes.
pub struct ModelNote(crate::window::Note<2>);

impl ModelNote {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(crate::window::Note::new())
    }

    pub fn write(&self, value: u64) {
        self.0.write([value; 2]);
    }

    pub fn read(&self) -> Option<[u64; 2]> {
        self.0.read()
    }
}

/// The wait queue with a waiter that asks something simpler than a window.
pub struct ModelQueue(crate::queue::Queue);

struct Wakeup(loom::sync::Notify);

impl std::task::Wake for Wakeup {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.notify();
    }
}

impl ModelQueue {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(crate::queue::Queue::new(1))
    }

    /// Waits in the queue until, at its head, `ready` says yes; false: closed. Leaves after `asks` noes.
    pub fn wait(&self, asks: Option<u32>, ready: impl Fn() -> bool) -> bool {
        let wakeup = std::sync::Arc::new(Wakeup(loom::sync::Notify::new()));
        let waker = std::task::Waker::from(wakeup.clone());
        // a model that ends in a deadlock unwinds its threads, where a place cannot leave
        let place = ManuallyDrop::new(self.0.join(waker.clone()).0);
        let mut left = asks;
        let admitted = loop {
            let (turn, _) = place.turn(&waker);
            if self.0.is_closed() {
                break false;
            }
            if turn == crate::clock::Turn::First {
                if ready() {
                    break true;
                }
                left = left.map(|left| left - 1);
            }
            if left == Some(0) {
                break false;
            }
            wakeup.0.wait();
        };
        drop(ManuallyDrop::into_inner(place));
        admitted
    }

    pub fn nudge(&self) {
        self.0.nudge();
    }

    pub fn close(&self) {
        self.0.close();
    }

    pub fn waiting(&self) -> u64 {
        self.0.waiting()
    }

    pub fn is_open(&self) -> bool {
        self.0.width() != 0
    }
}

/// This process's memory, which must place the window as the model means it to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Placed {
    Packed,
    Locked,
}

impl Storage for Placed {
    fn kind(&self) -> StorageKind {
        Memory::new().kind()
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        let opened = Memory::new().open(config, seed)?;
        let Opened::Counter(counter) = &opened else {
            unreachable!("memory is in reach")
        };
        let placed = match counter.placement {
            Placement::Packed(_) => Self::Packed,
            Placement::Locked(_) => Self::Locked,
        };
        assert_eq!(placed, *self);
        Ok(opened)
    }
}

/// Whether newcomers may take the gate's fast path.
pub fn is_open(gate: &CallGate) -> bool {
    gate.0.queue().width() != 0
}

/// What a storage behind a network would say to an update: the gate's own window, asked out of turn.
pub fn serve(gate: &CallGate, value: u64) -> Result<Answer, StorageError> {
    let inner = &gate.0;
    let answer = inner.ask_window(inner.now(), crate::demand::Demand::new(value));
    answer
        .expect("memory is in reach")
        .map(|(_, answer)| answer)
}
