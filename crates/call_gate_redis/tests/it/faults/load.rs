//! Callers that keep gates busy while a server suffers.

// long file: the callers, and the judgement of what they saw

use crate::checker::{Calls, Held, Outcome, SLACK, is_long, until};
use crate::lag::Lag;
use call_gate_core::{CallGate, CallGateBuilder};
use call_gate_redis::RedisStorage;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What each call may take.
pub(super) const DEADLINE: Duration = Duration::from_millis(300);
/// What each caller does between two calls, so that it is the server that is tested and not the machine.
const PACE: Duration = Duration::from_millis(2);
/// What no call takes unless something is broken.
pub(super) const AMPLE: Duration = Duration::from_secs(10);
const THREADS: usize = 4;
#[cfg(feature = "tokio")]
const TASKS: usize = 12;

/// How calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) tasks: bool,
    pub(super) coalesce: bool,
}

pub(super) const FORMS: &[Form] = &[
    Form {
        tasks: false,
        coalesce: true,
    },
    Form {
        tasks: false,
        coalesce: false,
    },
    #[cfg(feature = "tokio")]
    Form {
        tasks: true,
        coalesce: true,
    },
    #[cfg(feature = "tokio")]
    Form {
        tasks: true,
        coalesce: false,
    },
];

/// The two gates of a form.
#[derive(Clone)]
pub(super) struct Gates {
    /// A window that outlasts the test.
    pub(super) counting: CallGate,
    /// Limits that bind.
    pub(super) binding: CallGate,
}

/// What the callers of a form saw.
pub(super) struct Seen {
    pub(super) form: Form,
    pub(super) counting: Calls,
    pub(super) binding: Calls,
    url: String,
    gates: Gates,
    /// How far behind the machine was meanwhile.
    lag: Duration,
}

/// All forms at once.
pub(super) struct Load {
    crews: Vec<Crew>,
    stop: Arc<AtomicBool>,
    lag: Lag,
}

struct Crew {
    form: Form,
    gates: Gates,
    url: String,
    served: Arc<AtomicU64>,
    callers: JoinHandle<(Calls, Calls)>,
}

impl Load {
    /// Keeps gates at `url` busy; returns when each form has been served.
    pub(super) fn start(url: &str) -> Self {
        Self::of(url, DEADLINE, |builder| {
            builder.gate_limit(40).frame_limit(12)
        })
    }

    /// The same of callers who wait for a server for longer than any machine halts: what fails them is no slowness.
    pub(super) fn patient(url: &str) -> Self {
        Self::of(url, AMPLE, |builder| builder.gate_limit(40).frame_limit(12))
    }

    /// The same with other limits of the gate whose limits bind.
    pub(super) fn of(
        url: &str,
        deadline: Duration,
        bind: impl Fn(CallGateBuilder) -> CallGateBuilder,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let crews: Vec<Crew> = FORMS
            .iter()
            .map(|form| Crew::start(*form, url, deadline, &bind, &stop))
            .collect();
        let lag = Lag::measure();
        let load = Self { crews, stop, lag };
        load.until_served(20);
        load
    }

    /// Waits until each form is served so many times more.
    pub(super) fn until_served(&self, times: u64) {
        let served = |crew: &Crew| crew.served.load(Ordering::SeqCst);
        let aims: Vec<u64> = self.crews.iter().map(|crew| served(crew) + times).collect();
        until("every form is served", || {
            let mut both = self.crews.iter().zip(&aims);
            both.all(|(crew, aim)| served(crew) >= *aim || crew.callers.is_finished())
        });
    }

    /// Ends the load and hands out what was seen.
    pub(super) fn stop(self) -> Vec<Seen> {
        self.stop.store(true, Ordering::SeqCst);
        let lag = self.lag.most();
        let join = |crew: Crew| {
            let (counting, binding) = crew.callers.join().expect("the callers' panic");
            Seen {
                form: crew.form,
                counting,
                binding,
                url: crew.url,
                gates: crew.gates,
                lag,
            }
        };
        self.crews.into_iter().map(join).collect()
    }
}

impl Crew {
    fn start(
        form: Form,
        url: &str,
        deadline: Duration,
        bind: impl Fn(CallGateBuilder) -> CallGateBuilder,
        stop: &Arc<AtomicBool>,
    ) -> Self {
        let gates = gates(&storage(url, form).deadline(deadline), form, bind);
        let served = Arc::new(AtomicU64::new(0));
        let caller = Caller {
            gates: gates.clone(),
            served: served.clone(),
            stop: stop.clone(),
        };
        let callers = thread::spawn(move || {
            let mut seen = (Calls::default(), Calls::default());
            for (counting, binding) in caller.all(form) {
                seen.0.extend(counting);
                seen.1.extend(binding);
            }
            seen
        });
        Self {
            form,
            gates,
            url: url.to_owned(),
            served,
            callers,
        }
    }
}

#[derive(Clone)]
struct Caller {
    gates: Gates,
    served: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Caller {
    /// All callers of a form, until the end.
    fn all(self, form: Form) -> Vec<(Calls, Calls)> {
        #[cfg(feature = "tokio")]
        if form.tasks {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let tasks: Vec<_> = (0..TASKS)
                .map(|_| runtime.spawn(self.clone().task()))
                .collect();
            let join = |task: tokio::task::JoinHandle<_>| {
                runtime.block_on(task).expect("a caller's panic")
            };
            return tasks.into_iter().map(join).collect();
        }
        assert!(!form.tasks, "built without tasks");
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let caller = self.clone();
                thread::spawn(move || caller.thread())
            })
            .collect();
        let join = |thread: JoinHandle<_>| thread.join().expect("a caller's panic");
        threads.into_iter().map(join).collect()
    }

    fn thread(self) -> (Calls, Calls) {
        let (mut counting, mut binding) = (Calls::default(), Calls::default());
        while !self.stop.load(Ordering::SeqCst) {
            let start = Instant::now();
            let ended = self.gates.counting.try_update(1);
            self.tell(counting.record(start, 1, &ended));
            let start = Instant::now();
            let ended = self.gates.binding.try_update(1);
            binding.record(start, 1, &ended);
            thread::sleep(PACE);
        }
        (counting, binding)
    }

    #[cfg(feature = "tokio")]
    async fn task(self) -> (Calls, Calls) {
        let (mut counting, mut binding) = (Calls::default(), Calls::default());
        while !self.stop.load(Ordering::SeqCst) {
            let start = Instant::now();
            let ended = self.gates.counting.awaited().try_update(1).await;
            self.tell(counting.record(start, 1, &ended));
            let start = Instant::now();
            let ended = self.gates.binding.awaited().try_update(1).await;
            binding.record(start, 1, &ended);
            tokio::time::sleep(3 * PACE).await;
        }
        (counting, binding)
    }

    fn tell(&self, outcome: Outcome) {
        if matches!(outcome, Outcome::Acknowledged(_)) {
            self.served.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Seen {
    /// The sums and the windows are right, whatever happened. The server is asked at `url`, past whatever stood
    /// between it and the callers.
    pub(super) fn assert_exact(&self, url: &str) {
        let patient = storage(url, self.form).deadline(AMPLE);
        let gates = gates(&patient, self.form, |builder| builder.gate_limit(1));
        self.counting.assert_sum(gates.counting.sum().unwrap());
        self.binding.assert_windows(&self.gates.binding);
        let (told, of) = (&self.counting, |outcome| {
            self.counting.count(|o| o == outcome)
        });
        eprintln!(
            "{:?}: {} acknowledged, {} unknown, {} not done",
            self.form,
            told.acknowledged(),
            of(Outcome::Unknown),
            of(Outcome::NotDone)
        );
    }

    /// The same where the callers' server is asked.
    pub(super) fn assert_exact_there(&self) {
        self.assert_exact(&self.url);
    }

    /// Nobody was held longer than the deadline by what happened between the two moments, but for what the machine was
    /// behind; the longest of all is told, and not judged.
    pub(super) fn assert_held(&self, from: Instant, to: Instant) {
        for calls in [&self.counting, &self.binding] {
            let held = calls.held(from, to);
            eprintln!("{:?}: {held:?}, lag {:?}", self.form, self.lag);
            assert!(held.calls > 0, "{:?}: nobody called", self.form);
            // of few, one in a hundred is the longest
            let judged = if held.calls < 100 {
                held.half
            } else {
                held.p99
            };
            let most = DEADLINE + SLACK + self.lag;
            assert!(judged <= most, "{:?}: {held:?}, most {most:?}", self.form);
        }
    }

    /// Callers were told at once while the server was away.
    pub(super) fn assert_fails_fast(&self, from: Instant, to: Instant) {
        let refused: Held = self.counting.refused(from, to);
        eprintln!("{:?}: refused {refused:?}", self.form);
        assert!(refused.calls > 20, "{:?}: {refused:?}", self.form);
        assert!(
            refused.half < Duration::from_millis(20),
            "{:?}: {refused:?}",
            self.form
        );
    }

    /// Where a server forgot what it knew, both of its lives keep the limits.
    pub(super) fn assert_lives(&self, killed: Instant, back: Instant) {
        for (from, to) in [(None, Some(killed)), (Some(back), None)] {
            let life = self.binding.between(from, to);
            life.assert_windows(&self.gates.binding);
            assert!(life.acknowledged() > 0, "{:?}: nothing to judge", self.form);
        }
    }

    /// Somebody was served again soon enough after the server was `back`.
    pub(super) fn assert_recovered(&self, back: Instant, soon: Duration) {
        let took = self.counting.recovered(back).expect("never served again");
        eprintln!("{:?}: served again after {took:?}", self.form);
        assert!(took < soon, "{:?}: {took:?}", self.form);
    }
}

/// Counters at `url` for one form.
pub(super) fn storage(url: &str, form: Form) -> RedisStorage {
    RedisStorage::from_url(url)
        .unwrap()
        .prefix(if form.tasks { "tasks:" } else { "threads:" })
        .deadline(DEADLINE)
        .coalesce(form.coalesce)
}

fn gates(
    storage: &RedisStorage,
    form: Form,
    bind: impl Fn(CallGateBuilder) -> CallGateBuilder,
) -> Gates {
    let builder = |name, size, step| {
        let name = format!("{name}, coalesce {}", form.coalesce);
        CallGate::builder(name, size, step).storage(storage.clone())
    };
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let counting = builder("counting", minutes(120), minutes(1));
    let frame = Duration::from_millis(50);
    let binding = bind(builder("binding", 10 * frame, frame));
    Gates {
        counting: counting.build().unwrap(),
        binding: binding.build().unwrap(),
    }
}

/// How long a server is away.
pub(super) fn outage() -> Duration {
    Duration::from_secs(if is_long() { 7 } else { 1 })
}
