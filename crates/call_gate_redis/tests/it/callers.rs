//! Callers of many gates in this process, on threads and in tasks, until they are told to stop.

use crate::checker::Calls;
use call_gate_core::CallGate;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Callers, each of whom goes round all gates.
#[derive(Debug)]
pub(crate) struct Callers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Calls>>>,
}

/// One of them.
struct Caller {
    gates: Vec<CallGate>,
    calls: Vec<Calls>,
    next: usize,
    rest: Duration,
    stop: Arc<AtomicBool>,
}

impl Callers {
    /// So many threads and tasks, who rest for so long between two calls.
    pub(crate) fn start(gates: &[CallGate], threads: usize, tasks: usize, rest: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let caller = |number: usize| Caller {
            gates: gates.to_vec(),
            calls: vec![Calls::default(); gates.len()],
            next: number * 7,
            rest,
            stop: stop.clone(),
        };
        let alone = (0..threads).map(|number| {
            let caller = caller(number);
            thread::spawn(move || caller.on_a_thread())
        });
        let mut all: Vec<_> = alone.collect();
        if tasks > 0 {
            let callers = (threads..threads + tasks).map(caller).collect();
            all.push(thread::spawn(move || in_tasks(callers)));
        }
        Self { stop, threads: all }
    }

    /// What became of each call, gate by gate.
    pub(crate) fn finish(self) -> Vec<Calls> {
        self.stop.store(true, Relaxed);
        let threads = self.threads.into_iter();
        joint(threads.map(|thread| thread.join().unwrap()))
    }
}

/// Sums up gate by gate.
fn joint(all: impl Iterator<Item = Vec<Calls>>) -> Vec<Calls> {
    all.reduce(|mut joint, other| {
        for (joint, other) in joint.iter_mut().zip(other) {
            joint.extend(other);
        }
        joint
    })
    .unwrap()
}

impl Caller {
    /// The number of the gate to ask, until it is over.
    fn next(&mut self) -> Option<usize> {
        self.next += 1;
        (!self.stop.load(Relaxed)).then_some(self.next % self.gates.len())
    }

    fn on_a_thread(mut self) -> Vec<Calls> {
        while let Some(gate) = self.next() {
            let start = Instant::now();
            let told = self.gates[gate].try_update(1);
            self.calls[gate].record(start, 1, &told);
            thread::sleep(self.rest);
        }
        self.calls
    }

    #[cfg(feature = "tokio")]
    async fn in_a_task(mut self) -> Vec<Calls> {
        while let Some(gate) = self.next() {
            let start = Instant::now();
            let told = self.gates[gate].awaited().try_update(1).await;
            self.calls[gate].record(start, 1, &told);
            tokio::time::sleep(self.rest).await;
        }
        self.calls
    }
}

#[cfg(feature = "tokio")]
fn in_tasks(callers: Vec<Caller>) -> Vec<Calls> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|caller| runtime.spawn(caller.in_a_task()))
        .collect();
    joint(
        tasks
            .into_iter()
            .map(|task| runtime.block_on(task).unwrap()),
    )
}

#[cfg(not(feature = "tokio"))]
fn in_tasks(callers: Vec<Caller>) -> Vec<Calls> {
    let threads: Vec<_> = callers
        .into_iter()
        .map(|caller| thread::spawn(move || caller.on_a_thread()))
        .collect();
    joint(threads.into_iter().map(|thread| thread.join().unwrap()))
}
