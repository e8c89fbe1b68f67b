//! A master that sentinels watch, lost under load.
//!
//! As in a cluster, what the master had acknowledged and not yet sent to the replica that follows it is admitted again:
//! each of them admits no more than the limit.

use crate::callers::Callers;
use crate::checker::{Calls, Outcome, SLACK};
use crate::crew::alone;
use crate::lag::Lag;
use call_gate_core::{CallGate, StorageErrorKind, UpdateError};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::{Sentinels, Server};
use std::thread;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_millis(500);
const LIMIT: u64 = 60;

/// The first has limits that bind; windows outlast the test.
fn gates(sentinels: &Sentinels) -> Vec<CallGate> {
    let storage = RedisStorage::from_sentinel(sentinels.urls(), Sentinels::MASTER).unwrap();
    let gate = |number| {
        let size = Duration::from_secs(600);
        let builder = CallGate::builder(format!("gate {number}"), size, size / 60);
        let builder = if number == 0 {
            builder.gate_limit(LIMIT)
        } else {
            builder
        };
        let storage = storage.clone().deadline(DEADLINE);
        builder.storage(storage).build().unwrap()
    };
    (0..4).map(gate).collect()
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn sentinels_find_another_master_for_a_dead_one() {
    lose_the_master(Server::kill);
}

/// It keeps its connections, and answers nothing.
#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn sentinels_find_another_master_for_a_halted_one() {
    lose_the_master(Server::stop);
}

fn lose_the_master(lose: impl FnOnce(&Server)) {
    let _alone = alone();
    let sentinels = Sentinels::start();
    let gates = gates(&sentinels);
    let lag = Lag::measure();
    let began = Instant::now();
    let callers = Callers::start(&gates, 4, 12, Duration::from_millis(1));
    thread::sleep(Duration::from_millis(500));
    let before = sentinels.master();
    lose(&sentinels.servers()[before]);
    let lost_at = Instant::now();
    let after = sentinels.wait_for_failover(before);
    let promoted = Instant::now();
    thread::sleep(Duration::from_millis(1_200));
    let calls = callers.finish();
    let lag = lag.most();

    let mut all = Calls::default();
    let (mut forgotten, mut slowest) = (0, Duration::ZERO);
    for (number, (gate, calls)) in gates.iter().zip(&calls).enumerate() {
        let (sum, told) = (gate.sum().unwrap(), calls.acknowledged());
        assert!(sum <= told + calls.unknown(), "{sum} of {told}");
        forgotten += told.saturating_sub(sum);
        if number == 0 {
            let late = calls.between(Some(lost_at), None).acknowledged();
            assert!(sum <= LIMIT && late <= LIMIT && told <= 2 * LIMIT);
        } else {
            slowest = slowest.max(calls.recovered(promoted).expect("it came back"));
        }
        all.extend(calls.clone());
    }
    let held = all.held(lost_at, promoted);
    let most = all.held(began, Instant::now()).most;
    println!(
        "{} calls, machine {lag:?} behind; held {most:?} at most; {held:?}; {:?} until promoted, back {slowest:?} later; {forgotten} lost",
        all.count(|_| true),
        promoted - lost_at
    );
    assert!(most <= DEADLINE + SLACK + lag, "held {most:?}");
    // a call that is under way when the new master is there may be held for its whole time
    let most = Duration::from_secs(1) + held.most + lag;
    assert!(slowest <= most, "back {slowest:?} after");
    assert!(all.count(|outcome| outcome == Outcome::NotDone) > 0);
    // it had never seen the script, and was sent it
    let stats = sentinels.servers()[after].command(&["INFO", "commandstats"]);
    let stats = stats.unwrap();
    assert!(stats.contains("cmdstat_eval:calls="), "{stats}");
    assert!(stats.contains("cmdstat_evalsha:calls="), "{stats}");
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn sentinels_do_not_know_a_master_of_another_name() {
    let _alone = alone();
    let sentinels = Sentinels::start();
    let storage = RedisStorage::from_sentinel(sentinels.urls(), "gates of others").unwrap();
    let storage = storage.deadline(DEADLINE);
    let gate = CallGate::builder("gate", Duration::from_secs(60), Duration::from_secs(1))
        .gate_limit(5)
        .storage(storage)
        .build()
        .unwrap();
    let unknown = |told: Result<_, UpdateError>| {
        let Err(UpdateError::Storage(error)) = told else {
            panic!("{told:?}");
        };
        assert_eq!(error.kind(), StorageErrorKind::Unavailable);
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("sentinel"), "{cause}");
    };
    let began = Instant::now();
    unknown(gate.try_update(1));
    #[cfg(feature = "tokio")]
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { unknown(gate.awaited().try_update(1).await) });
    assert!(began.elapsed() <= 2 * DEADLINE + SLACK);
}
