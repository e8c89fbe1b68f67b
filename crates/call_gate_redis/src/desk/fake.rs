//! A server to test desks with: an exact window by definition, which can be slow, held up and out of order.
// long file: the server, what tests do to it, and the way to it are read together

use super::{Desk, Lease, Teller, lock};
use crate::protocol::{Batch, Booked, Group, Held, Outcome, Refused, Stand};
use call_gate_core::{BoxFuture, StorageError, StorageErrorKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// When the servers' time begins: the start of a frame in all tests.
pub(super) const EPOCH: u64 = 1_700_000_000_000_000;

/// A gate with a frame limit and a gate limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// In microseconds.
    pub(super) frame: u64,
    pub(super) frames: u64,
    pub(super) frame_limit: Option<u64>,
    pub(super) gate_limit: Option<u64>,
}

impl Rules {
    /// One frame of a second, in a window of ten, that hold `limit`.
    pub(super) fn of(limit: u64) -> Self {
        Self {
            frame: 1_000_000,
            frames: 10,
            frame_limit: None,
            gate_limit: Some(limit),
        }
    }
}

/// What the server does with the calls that come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Well,
    /// Books nothing and fails.
    Fails(StorageErrorKind),
    /// Books, and the answer is lost.
    Loses,
    Panics,
}

#[derive(Debug)]
pub(super) struct Server {
    rules: Rules,
    state: Mutex<State>,
    let_go: Condvar,
    door: tokio::sync::Semaphore,
}

#[derive(Debug)]
struct State {
    now: u64,
    era: u64,
    booked: BTreeMap<u64, u64>,
    calls: Vec<Batch>,
    mood: Mood,
    /// Microseconds that a call takes there and back, by the server's clock.
    trip: (u64, u64),
    /// Whether calls of tasks end at their deadline.
    timed: bool,
    /// Whether calls are held up once they are judged, and how many of the blocking ones are free to go.
    held: bool,
    free: usize,
    processes: u64,
}

impl Server {
    pub(super) fn new(rules: Rules) -> Arc<Self> {
        Arc::new(Self {
            rules,
            state: Mutex::new(State {
                now: EPOCH,
                era: 0,
                booked: BTreeMap::new(),
                calls: Vec::new(),
                mood: Mood::Well,
                trip: (0, 0),
                held: false,
                timed: true,
                free: 0,
                processes: 1,
            }),
            let_go: Condvar::new(),
            door: tokio::sync::Semaphore::new(0),
        })
    }

    pub(super) fn desk(self: &Arc<Self>, lease: Option<Lease>) -> Arc<Desk<Fake>> {
        self.desk_that_drifts(lease, 0)
    }

    /// A desk whose clock gains `drift` parts per million on the server's.
    pub(super) fn desk_that_drifts(
        self: &Arc<Self>,
        lease: Option<Lease>,
        drift: i64,
    ) -> Arc<Desk<Fake>> {
        let fake = Fake {
            server: Arc::clone(self),
            start: Instant::now(),
            drift,
        };
        Arc::new(Desk::new(Arc::new(fake), true, lease))
    }

    pub(super) fn calls(&self) -> Vec<Batch> {
        lock(&self.state).calls.clone()
    }

    /// How many calls came.
    pub(super) fn count(&self) -> usize {
        lock(&self.state).calls.len()
    }

    pub(super) fn now(&self) -> u64 {
        lock(&self.state).now
    }

    pub(super) fn pass(&self, micros: u64) {
        lock(&self.state).now += micros;
    }

    pub(super) fn set_mood(&self, mood: Mood) {
        lock(&self.state).mood = mood;
    }

    pub(super) fn set_trip(&self, there: u64, back: u64) {
        lock(&self.state).trip = (there, back);
    }

    pub(super) fn set_processes(&self, processes: u64) {
        lock(&self.state).processes = processes;
    }

    /// From now on calls are held up.
    pub(super) fn hold(&self) {
        lock(&self.state).held = true;
    }

    /// Lets `count` calls go, of each way.
    pub(super) fn let_go(&self, count: usize) {
        lock(&self.state).free += count;
        self.door.add_permits(count);
        self.let_go.notify_all();
    }

    pub(super) fn clear(&self) {
        let mut state = lock(&self.state);
        state.booked.clear();
        state.era += 1;
    }

    pub(super) fn give_back(&self, value: u64) {
        let mut state = lock(&self.state);
        let frame = state.now / self.rules.frame;
        if let Some(booked) = state.booked.get_mut(&frame) {
            *booked -= value;
        }
    }

    /// What the window holds.
    pub(super) fn sum(&self) -> u64 {
        let state = lock(&self.state);
        state.used(self.rules.frames, state.now / self.rules.frame)
    }

    /// What was booked in `frame`, ever.
    pub(super) fn booked_in(&self, frame: u64) -> u64 {
        lock(&self.state).booked.get(&frame).copied().unwrap_or(0)
    }

    pub(super) fn would_deny(&self, value: u64) -> bool {
        let state = lock(&self.state);
        let frame = state.now / self.rules.frame;
        state.full(&self.rules, frame, value).is_some()
    }

    /// What it answers to `groups`.
    pub(super) fn answer(&self, groups: &[Group]) -> Booked {
        let groups = groups.to_vec();
        let lease = None;
        self.judge(&Batch { groups, lease }).unwrap()
    }

    fn judge(&self, batch: &Batch) -> Result<Booked, StorageError> {
        let mut state = lock(&self.state);
        state.now += state.trip.0;
        state.calls.push(batch.clone());
        let booked = match state.mood {
            Mood::Well => Ok(state.book(&self.rules, batch)),
            Mood::Fails(kind) => Err(StorageError::with_source(kind, "as the test wants it")),
            Mood::Loses => {
                state.book(&self.rules, batch);
                Err(timed_out())
            }
            Mood::Panics => {
                drop(state);
                panic!("as the test wants it")
            }
        };
        state.now += state.trip.1;
        booked
    }

    /// From now on calls of tasks use no timers.
    #[cfg(feature = "tokio")]
    pub(super) fn stop_timing(&self) {
        lock(&self.state).timed = false;
    }

    fn is_held(&self) -> bool {
        lock(&self.state).held
    }

    fn is_timed(&self) -> bool {
        lock(&self.state).timed && tokio::runtime::Handle::try_current().is_ok()
    }
}

fn timed_out() -> StorageError {
    StorageError::new(StorageErrorKind::TimedOut)
}

impl State {
    fn used(&self, frames: u64, newest: u64) -> u64 {
        let oldest = newest + 1 - frames;
        self.booked.range(oldest..=newest).map(|(_, sum)| sum).sum()
    }

    fn book(&mut self, rules: &Rules, batch: &Batch) -> Booked {
        let frame = self.now / rules.frame;
        let spans = [(1, rules.frame_limit), (rules.frames, rules.gate_limit)];
        let stand = Stand {
            now: self.now,
            frame,
            era: self.era,
            live: false,
            exists: true,
            spans: spans
                .map(|(frames, limit)| Held {
                    limit,
                    used: self.used(frames, frame),
                })
                .to_vec(),
        };
        let judged = batch.groups.iter();
        let outcomes = judged.map(|group| self.group(rules, group)).collect();
        let lease = batch.lease.map_or(0, |ask| {
            let room = |(frames, limit): (u64, Option<u64>)| {
                Some(limit?.saturating_sub(self.used(frames, frame)))
            };
            let left = spans.into_iter().filter_map(room).min();
            let fair = left.unwrap_or(u64::MAX) / (2 * self.processes);
            Some(ask.most.min(fair))
                .filter(|most| *most >= 2)
                .unwrap_or(0)
        });
        *self.booked.entry(frame).or_default() += lease;
        Booked {
            stand,
            outcomes,
            lease,
        }
    }

    fn group(&mut self, rules: &Rules, group: &Group) -> Outcome {
        let frame = self.now / rules.frame;
        for admitted in 0..group.count {
            if let Some(span) = self.full(rules, frame, group.value) {
                let mut free = frame + 1;
                let last = frame + rules.frames;
                while free < last && self.full(rules, free, group.value).is_some() {
                    free += 1;
                }
                let refused = Some(Refused {
                    span,
                    retry_after: free * rules.frame - self.now,
                });
                return Outcome { admitted, refused };
            }
            *self.booked.entry(frame).or_default() += group.value;
        }
        Outcome {
            admitted: group.count,
            refused: None,
        }
    }

    fn full(&self, rules: &Rules, frame: u64, value: u64) -> Option<usize> {
        let spans = [(1, rules.frame_limit), (rules.frames, rules.gate_limit)];
        spans.into_iter().position(|(frames, limit)| {
            limit.is_some_and(|limit| self.used(frames, frame) + value > limit)
        })
    }
}

/// The way to a server, with the clock of the process that goes it.
#[derive(Debug)]
pub(super) struct Fake {
    server: Arc<Server>,
    start: Instant,
    drift: i64,
}

impl Teller for Fake {
    fn book(&self, batch: &Batch, until: Instant) -> Result<Booked, StorageError> {
        let booked = self.server.judge(batch)?;
        let mut state = lock(&self.server.state);
        while state.held && state.free == 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(timed_out());
            }
            let waited = self.server.let_go.wait_timeout(state, left);
            state = waited.unwrap().0;
        }
        state.free = state.free.saturating_sub(1);
        Ok(booked)
    }

    fn book_async(
        self: Arc<Self>,
        batch: Batch,
        until: Instant,
    ) -> BoxFuture<'static, Result<Booked, StorageError>> {
        Box::pin(async move {
            let booked = self.server.judge(&batch)?;
            if self.server.is_held() {
                let door = self.server.door.acquire();
                if self.server.is_timed() {
                    let door = tokio::time::timeout_at(until.into(), door).await;
                    door.map_err(|_| timed_out())?.unwrap().forget();
                } else {
                    door.await.unwrap().forget();
                }
            } else {
                tokio::task::yield_now().await;
            }
            Ok(booked)
        })
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(500)
    }

    fn frame(&self) -> Duration {
        Duration::from_micros(self.server.rules.frame)
    }

    fn now(&self) -> Instant {
        let passed = i64::try_from(self.server.now() - EPOCH).unwrap();
        let seen =
            passed + passed / 1_000_000 * self.drift + passed % 1_000_000 * self.drift / 1_000_000;
        self.start + Duration::from_micros(seen.try_into().unwrap())
    }
}
