//! Threads that wait at a gate whose storage is behind a network.

use crate::until;
use call_gate_core::clock::ManualClock;
use call_gate_core::{
    Act, Answer, BoxFuture, CallGate, ConfigError, Deadline, GateConfig, Key, Limits, Opened,
    Remote, Snapshot, Storage, StorageError, StorageKind, UpdateError, Wait,
};
use call_gate_testkit::Loopback;
use call_gate_testkit::spec::fresh_name;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);

/// A server whose answers come through a channel, on which the thread that asks parks.
#[derive(Debug)]
struct Parking {
    server: Loopback,
    wire: Arc<Wire>,
}

#[derive(Debug)]
struct Wire {
    /// Whether the next update's answer is held up.
    slow: AtomicBool,
    answered: Sender<()>,
    let_go: Mutex<Receiver<()>>,
}

#[derive(Debug)]
struct Asked {
    server: Arc<dyn Remote>,
    wire: Arc<Wire>,
}

impl Storage for Parking {
    fn kind(&self) -> StorageKind {
        self.server.kind()
    }

    fn open(&self, config: &GateConfig, seed: Option<&Snapshot>) -> Result<Opened, ConfigError> {
        let Opened::Remote(server) = self.server.open(config, seed)? else {
            panic!("a loopback is remote")
        };
        let wire = self.wire.clone();
        Ok(Opened::Remote(Arc::new(Asked { server, wire })))
    }
}

impl Remote for Asked {
    fn call(&self, key: &Key, act: &Act, by: Deadline) -> Result<Answer, StorageError> {
        let answer = self.server.call(key, act, by);
        if matches!(act, Act::Update { .. }) && self.wire.slow.swap(false, SeqCst) {
            self.wire.answered.send(()).unwrap();
            self.wire.let_go.lock().unwrap().recv().unwrap();
            // a channel's wait takes the thread's token if it comes to park; here it surely is gone
            thread::park_timeout(Duration::ZERO);
        }
        answer
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        self.server.call_async(key, act, by)
    }

    fn limits(&self, key: &Key) -> Limits {
        self.server.limits(key)
    }
}

type Waiting = JoinHandle<Result<(), UpdateError>>;

/// A full gate of 1 and its head, who has been denied by an answer that is held up.
fn denied_slowly() -> (CallGate, Waiting, Sender<()>) {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    let (answered, inside) = channel();
    let (go, let_go) = channel();
    let wire = Arc::new(Wire {
        slow: AtomicBool::new(false),
        answered,
        let_go: Mutex::new(let_go),
    });
    let server = Loopback::new(clock.clone());
    let gate = CallGate::builder(fresh_name(), 10 * SECOND, SECOND)
        .gate_limit(1)
        .storage(Parking {
            server,
            wire: wire.clone(),
        })
        .clock(clock)
        .build()
        .unwrap();
    gate.try_update(1).unwrap();
    // not the first try, which has no place yet, but the head's own
    let head = thread::spawn({
        let gate = gate.clone();
        move || gate.update_with(1, Wait::Forever).map(drop)
    });
    until(|| gate.waiters() == 1);
    wire.slow.store(true, SeqCst);
    // it asks again, or has not asked yet; there is no room
    gate.set_limits(gate.limits()).unwrap();
    inside.recv_timeout(60 * SECOND).expect("it does not ask");
    (gate, head, go)
}

#[test]
fn room_that_is_made_while_a_thread_is_being_denied_is_taken_at_once() {
    type Room = fn(&CallGate);
    let rooms: [(&str, Room); 3] = [
        ("refund", |gate| {
            assert_eq!(gate.refund(1).unwrap().sum(), 0);
        }),
        ("raise", |gate| gate.set_limits(Limits::gate(2)).unwrap()),
        ("clear", |gate| gate.clear().unwrap()),
    ];
    for (name, room) in rooms {
        let (gate, head, go) = denied_slowly();
        room(&gate);
        go.send(()).unwrap();
        // the clock stands still: nothing else will ever wake it
        until(|| head.is_finished());
        assert!(matches!(head.join().unwrap(), Ok(())), "{name}");
        assert_eq!(gate.waiters(), 0);
    }
}

#[test]
fn a_close_while_a_thread_is_being_denied_ends_its_wait() {
    let (gate, head, go) = denied_slowly();
    gate.close();
    go.send(()).unwrap();
    until(|| head.is_finished());
    assert!(matches!(head.join().unwrap(), Err(UpdateError::Closed)));
    assert_eq!(gate.waiters(), 0);
}

#[test]
fn a_thread_whose_limits_are_out_of_date_queues_and_leaves_the_judging_to_the_server() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH).auto();
    let server = Loopback::new(clock.clone());
    let name = fresh_name();
    let [gate, other] = [(); 2].map(|()| {
        let gate = CallGate::builder(&*name, 10 * SECOND, SECOND).gate_limit(2);
        let gate = gate.storage(server.clone()).clock(clock.clone());
        gate.build().unwrap()
    });
    other.set_limits(Limits::gate(5)).unwrap();
    other.try_update(5).unwrap();
    assert_eq!(gate.gate_limit(), Some(2), "it does not know");
    assert_eq!(gate.update(3).unwrap().sum(), 3);
    assert!(matches!(gate.update(6), Err(UpdateError::TooLarge(_))));
}
