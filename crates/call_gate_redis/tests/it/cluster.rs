//! A cluster whose slots move and whose masters die, under load.
//!
//! While slots move nothing is lost, and counts are exact. A master that dies may take with it what it has acknowledged
//! and not yet sent to its replica; the replica then admits it again. So all that is promised across a failover is that
//! neither server admits more than the limit: at most twice the limit in a window that both had a part in.

use crate::callers::Callers;
use crate::checker::{Calls, Outcome, SLACK, is_long};
use crate::crew::{self, Member, alone, evals};
use crate::hammer;
use crate::lag::Lag;
use call_gate_core::CallGate;
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Cluster;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

/// Gates, of which the first few are soon full.
const GATES: usize = 48;
const BINDING: Range<usize> = 0..8;
const LIMIT: u64 = 60;

/// Windows outlast each test, so that what a gate counts is all that was ever booked.
fn gates(urls: &str, deadline: Duration) -> Vec<CallGate> {
    let storage = RedisStorage::from_cluster(urls.split(',')).unwrap();
    let storage = storage.deadline(deadline);
    let gate = |number: usize| {
        let size = Duration::from_secs(600);
        let builder = CallGate::builder(format!("gate {number}"), size, size / 60);
        let builder = if BINDING.contains(&number) {
            builder.gate_limit(LIMIT)
        } else {
            builder
        };
        builder.storage(storage.clone()).build().unwrap()
    };
    (0..GATES).map(gate).collect()
}

fn key(gate: usize) -> String {
    format!("cg:{{gate {gate}}}")
}

/// What became of the calls of one gate.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    acknowledged: u64,
    unknown: u64,
    calls: usize,
    errors: usize,
    most: Duration,
}

impl Count {
    /// Of calls that began after `began`.
    fn of(calls: &Calls, began: Instant) -> Self {
        Self {
            acknowledged: calls.acknowledged(),
            unknown: calls.unknown(),
            calls: calls.count(|_| true),
            errors: calls.count(|outcome| matches!(outcome, Outcome::Unknown | Outcome::NotDone)),
            most: calls.held(began, Instant::now()).most,
        }
    }

    fn join(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.calls += other.calls;
        self.errors += other.errors;
        self.most = self.most.max(other.most);
    }

    fn words(&self) -> String {
        let micros = self.most.as_micros();
        let Self {
            acknowledged,
            unknown,
            calls,
            errors,
            ..
        } = self;
        format!("{acknowledged} {unknown} {calls} {errors} {micros}")
    }

    fn read(line: &str) -> Self {
        let numbers: Vec<u64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        Self {
            acknowledged: numbers[0],
            unknown: numbers[1],
            calls: usize::try_from(numbers[2]).unwrap(),
            errors: usize::try_from(numbers[3]).unwrap(),
            most: Duration::from_micros(numbers[4]),
        }
    }
}

/// A process that asks all gates, on threads and in tasks, until it is told to stop.
pub(crate) fn work(asked: &Receiver<String>) {
    let urls = asked.recv().unwrap();
    let gates = gates(&urls, Duration::from_secs(10));
    let began = Instant::now();
    let callers = Callers::start(&gates, 2, 6, Duration::from_micros(200));
    crew::told("busy");
    let _ = asked.recv().unwrap();
    for calls in callers.finish() {
        crew::told(Count::of(&calls, began).words());
    }
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn cluster_slots_move_under_load() {
    let _alone = alone();
    // a node is not to be taken for dead because the machine is busy: that is another test's
    let cluster = Cluster::with(&["--cluster-node-timeout", "20000"]);
    let urls = cluster.urls().join(",");
    let mut members: Vec<_> = (0..3).map(|_| Member::start("cluster")).collect();
    for member in &mut members {
        member.tell(&urls);
    }
    for member in &members {
        assert_eq!(member.answer(), "busy");
    }
    let end = Instant::now() + Duration::from_secs(if is_long() { 15 } else { 2 });
    let (mut moved, mut asked) = (0, 0);
    for turn in 0.. {
        moved += cluster.reshard(10).len();
        // a slot that is in use, half moved for a while: new keys there, old ones still here
        let slot = cluster.slot_of(&key(turn % GATES));
        let from = cluster.master_of(&key(turn % GATES));
        let to = (from + 1) % 3;
        cluster.start_move(slot, from, to);
        thread::sleep(Duration::from_millis(20));
        cluster.finish_move(slot, from, to);
        asked += 1;
        if Instant::now() > end {
            break;
        }
    }
    let mut counts = vec![Count::default(); GATES];
    for member in &mut members {
        member.tell("stop");
    }
    for member in members {
        for count in &mut counts {
            count.join(Count::read(&member.answer()));
        }
        member.finish();
    }
    let mut all = Count::default();
    for (gate, count) in gates(&urls, Duration::from_secs(10)).iter().zip(&counts) {
        assert_eq!(gate.sum().unwrap(), count.acknowledged, "{count:?}");
        assert!(count.acknowledged > 0, "{} was never asked", gate.name());
        all.join(*count);
    }
    for count in &counts[BINDING] {
        assert_eq!(count.acknowledged, LIMIT, "{count:?}");
    }
    println!("{moved} slots moved, {asked} of them slowly: {all:?}");
    assert_eq!(all.errors, 0, "{all:?}");
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn cluster_gates_each_keep_to_one_slot() {
    let _alone = alone();
    let cluster = Cluster::start();
    let urls = cluster.urls().join(",");
    let gates = gates(&urls, Duration::from_secs(10));
    let mut slots = BTreeSet::new();
    for (number, gate) in gates.iter().enumerate() {
        // every kind of act
        let pass = gate.enter(2).unwrap();
        gate.peek(1).unwrap();
        gate.check_limits().unwrap();
        pass.refund().unwrap();
        gate.clear().unwrap();
        gate.set_limits(call_gate_core::Limits::gate(3)).unwrap();
        gate.update(1).unwrap();
        assert_eq!(gate.state().unwrap().sum(), 1);
        slots.insert(cluster.slot_of(&key(number)));
    }
    let mut names = BTreeSet::new();
    for (node, server) in cluster.nodes()[..3].iter().enumerate() {
        for stored in server.keys() {
            assert_eq!(cluster.master_of(&stored.name), node);
            assert!(stored.ttl.is_some(), "{stored:?} would never expire");
            names.insert(stored.name);
        }
    }
    let expected: BTreeSet<String> = (0..GATES).map(key).collect();
    assert_eq!(names, expected, "a key of its own for each, and no other");
    assert!(slots.len() > GATES / 2, "gates share {slots:?}");
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn cluster_gate_under_the_hammer() {
    let _alone = alone();
    let cluster = Cluster::start();
    let owner = cluster.master_of("cg:{hot}");
    // a replica does not let anybody scan its keys
    hammer::exact_at(&cluster.nodes()[..3], &cluster.urls().join(","));
    for (number, node) in cluster.nodes().iter().enumerate() {
        assert_eq!(evals(node) > 0, number == owner, "of node {number}");
    }
}

const DEADLINE: Duration = Duration::from_millis(500);

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn cluster_master_killed_under_load() {
    lose_a_master(Cluster::kill);
}

/// It keeps its connections, and answers nothing.
#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn cluster_master_halted_under_load() {
    lose_a_master(|cluster, node| cluster.nodes()[node].stop());
}

fn lose_a_master(lose: impl FnOnce(&Cluster, usize)) {
    let _alone = alone();
    let cluster = Cluster::start();
    let gates = gates(&cluster.urls().join(","), DEADLINE);
    let dead = cluster.master_of(&key(BINDING.end));
    let slot = cluster.slot_of(&key(BINDING.end));
    let hit: Vec<bool> = (0..GATES)
        .map(|gate| cluster.master_of(&key(gate)) == dead)
        .collect();
    let lag = Lag::measure();
    let began = Instant::now();
    let callers = Callers::start(&gates, 4, 12, Duration::from_millis(1));
    thread::sleep(Duration::from_millis(500));
    lose(&cluster, dead);
    let lost_at = Instant::now();
    cluster.wait_for_failover(slot, dead);
    let promoted = Instant::now();
    thread::sleep(Duration::from_millis(1_500));
    let calls = callers.finish();
    let lag = lag.most();

    let mut all = Calls::default();
    let (mut forgotten, mut slowest) = (0, Duration::ZERO);
    for (number, (gate, calls)) in gates.iter().zip(&calls).enumerate() {
        let (sum, told, unknown) = (gate.sum().unwrap(), calls.acknowledged(), calls.unknown());
        assert!(sum <= told + unknown, "{sum} of {told} and {unknown}");
        if hit[number] {
            forgotten += told.saturating_sub(sum);
        } else {
            assert!(sum >= told, "{number}: {sum} of {told} and {unknown}");
        }
        if BINDING.contains(&number) {
            // one life of a server admits no more than the limit
            let after = calls.between(Some(lost_at), None).acknowledged();
            let lives = if hit[number] { 2 } else { 1 };
            assert!(told <= LIMIT * lives, "{told} in {lives} lives");
            assert!(sum <= LIMIT && after <= LIMIT);
        } else {
            let took = calls.recovered(promoted).expect("it came back");
            slowest = slowest.max(took);
        }
        all.extend(calls.clone());
    }
    let held = all.held(lost_at, promoted);
    let count = Count::of(&all, began);
    println!(
        "machine {lag:?} behind; held {held:?}; {:?} until promoted, back {slowest:?} later; {forgotten} lost of {count:?}",
        promoted - lost_at
    );
    assert!(count.most <= DEADLINE + SLACK + lag, "{count:?}");
    // a call that is under way when the new master is there may be held for its whole time
    let most = Duration::from_secs(1) + held.most + lag;
    assert!(slowest <= most, "back {slowest:?} after");
    assert!(all.count(|outcome| outcome == Outcome::NotDone) > 0);
}
