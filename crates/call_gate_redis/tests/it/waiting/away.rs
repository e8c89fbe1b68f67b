//! Waiting for a gate whose server goes away, and comes back.

use crate::checker::until;
use crate::crew::alone;
use call_gate_core::{CallGate, Reading, StorageErrorKind, UpdateError, Wait};
use call_gate_redis::{OnStorageError, RedisStorage};
use call_gate_testkit::servers::Server;
use std::thread;
use std::time::{Duration, Instant};

const WAITERS: usize = 10;
const WINDOW: Duration = Duration::from_millis(600);

/// Lets ten wait for a full gate, kills its server, does `meanwhile`, and tells what became of the ten.
fn wait_while_it_is_away(
    policy: OnStorageError,
    meanwhile: impl FnOnce(&Server, &CallGate),
) -> Vec<Result<Reading, UpdateError>> {
    let _alone = alone();
    let server = Server::start(&[]);
    let storage = RedisStorage::from_url(server.url()).unwrap();
    let gate = CallGate::builder("left", WINDOW, WINDOW / 6)
        .gate_limit(WAITERS as u64)
        .storage(storage.on_error(policy))
        .build()
        .unwrap();
    gate.try_update(WAITERS as u64).unwrap();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..WAITERS)
            .map(|_| scope.spawn(|| gate.update_with(1, Wait::For(Duration::from_secs(20)))))
            .collect();
        until("all wait", || gate.waiters() == WAITERS);
        server.kill();
        meanwhile(&server, &gate);
        waiting.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn waiters_are_told_that_the_server_is_away() {
    let began = Instant::now();
    let told = wait_while_it_is_away(OnStorageError::Error, |_, _| {});
    for one in told {
        let Err(UpdateError::Storage(error)) = one else {
            panic!("{one:?}");
        };
        // who sends on a connection that is dead already cannot know that it was not read
        let kinds = [StorageErrorKind::Unavailable, StorageErrorKind::TimedOut];
        assert!(kinds.contains(&error.kind()), "{error:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn waiters_that_are_denied_meanwhile_wait_for_the_server() {
    let told = wait_while_it_is_away(OnStorageError::Deny, |server, gate| {
        // a window and more
        thread::sleep(2 * WINDOW);
        assert_eq!(gate.waiters(), WAITERS, "nobody is let in nor sent away");
        server.restart();
    });
    let mut sums: Vec<u64> = told.into_iter().map(|one| one.unwrap().sum()).collect();
    sums.sort_unstable();
    assert_eq!(sums, (1..=WAITERS as u64).collect::<Vec<_>>());
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn waiters_go_on_alone_and_come_back() {
    let half = OnStorageError::local(2).unwrap();
    let told = wait_while_it_is_away(half, |server, gate| {
        // its half of the limit, in one window
        until("five are let in", || gate.waiters() == WAITERS - 5);
        server.restart();
    });
    let booked = told.into_iter().map(|one| one.unwrap().sum());
    // five here, and what is left either here or by the server
    assert_eq!(booked.filter(|sum| (1..=5).contains(sum)).count(), WAITERS);
}
