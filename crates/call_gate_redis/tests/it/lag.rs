//! How busy the machine is beside a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How far behind this machine is with who wants to run: no caller can be told sooner than it is let run.
#[derive(Debug)]
pub(crate) struct Lag {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Duration>>,
}

impl Lag {
    pub(crate) fn measure() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..4).map(|_| {
            let (stop, nap) = (stop.clone(), Duration::from_millis(2));
            thread::spawn(move || {
                let mut most = Duration::ZERO;
                while !stop.load(Relaxed) {
                    let began = Instant::now();
                    thread::sleep(nap);
                    most = most.max(began.elapsed().saturating_sub(nap));
                }
                most
            })
        });
        let threads = threads.collect();
        Self { stop, threads }
    }

    /// The most so far, which is the last.
    pub(crate) fn most(self) -> Duration {
        self.stop.store(true, Relaxed);
        let threads = self.threads.into_iter();
        threads.map(|thread| thread.join().unwrap()).max().unwrap()
    }
}
