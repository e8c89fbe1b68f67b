//! What goes wrong is told by its kind, with its cause, in time, and without a secret.

mod config;
mod refused;
mod unreached;

use crate::checker::SLACK;
use call_gate_core::{CallGate, CallGateBuilder, StorageError, StorageErrorKind, UpdateError};
use call_gate_redis::RedisStorage;
use std::error::Error;
use std::fmt::{Debug, Write};
use std::time::{Duration, Instant};

/// In every url of these tests, and in nothing that is shown.
const SECRETS: [&str; 3] = ["s3cret-word", "s0me-user", "redis://"];
/// For servers that never answer.
const DEADLINE: Duration = Duration::from_millis(400);
/// For those that do, however slowly.
const AMPLE: Duration = Duration::from_secs(10);

/// A storage whose breaker stays out of the way.
fn storage(url: &str) -> RedisStorage {
    let storage = RedisStorage::from_url(url).unwrap();
    patient(storage)
}

fn patient(storage: RedisStorage) -> RedisStorage {
    let storage = storage.breaker(u32::MAX, Duration::from_millis(1));
    storage.deadline(AMPLE)
}

fn builder(storage: RedisStorage) -> CallGateBuilder {
    CallGate::builder("gate", Duration::from_secs(60), Duration::from_secs(1))
        .gate_limit(10)
        .storage(storage)
}

/// Every act fails as `kind`, in time, with a cause that holds one of `words`, and nobody is shown a secret.
fn assert_fails(storage: &RedisStorage, kind: StorageErrorKind, words: &[&str]) {
    assert_no_secret(storage, "a storage");
    let builder = builder(storage.clone());
    assert_no_secret(&builder, "a builder");
    let gate = builder.build().unwrap();
    assert_no_secret(&gate, "a gate");
    let mut held = Vec::new();
    for (name, failure) in failures() {
        let start = Instant::now();
        let error = failure(&gate).expect_err(name);
        held.push(start.elapsed());
        let text = all_words(&error);
        assert_eq!(error.kind(), kind, "{name}: {text}");
        assert!(error.source().is_some(), "{name}: {text}");
        assert!(
            words.iter().any(|word| text.contains(word)),
            "{name}: none of {words:?} in {text}"
        );
        for secret in SECRETS {
            assert!(!text.contains(secret), "{name}: {text}");
        }
    }
    // a machine that is busy may halt one
    held.sort_unstable();
    let (half, most) = (held[held.len() / 2], held[held.len() - 1]);
    eprintln!("{kind:?}: held for {half:?}, at most {most:?}");
    assert!(half <= DEADLINE + SLACK, "held for {held:?}");
    assert!(
        most < DEADLINE + Duration::from_secs(5),
        "held for {held:?}"
    );
    assert_no_secret(&gate, "a gate that failed");
    let shown = gate.to_string();
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{shown}");
    }
}

fn assert_no_secret(shown: &dyn Debug, what: &str) {
    let shown = format!("{shown:?} {shown:#?}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{what}: {shown}");
    }
}

/// All that an error says in any form, and all that its causes say.
fn all_words(error: &(dyn Error + 'static)) -> String {
    let mut words = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        write!(words, "{error} {error:?} {error:#?} ").unwrap();
        next = error.source();
    }
    words
}

type Failure = Box<dyn Fn(&CallGate) -> Result<(), StorageError>>;

/// Every act on both ways.
fn failures() -> Vec<(&'static str, Failure)> {
    let blocking: Vec<(&'static str, Failure)> = vec![
        ("update", Box::new(|gate| told(gate.try_update(1)))),
        ("peek", Box::new(|gate| told(gate.peek(1)))),
        ("check_limits", Box::new(|gate| told(gate.check_limits()))),
        ("refund", Box::new(|gate| told(gate.refund(0)))),
        ("state", Box::new(|gate| gate.state().map(drop))),
        ("clear", Box::new(CallGate::clear)),
        (
            "set_limits",
            Box::new(|gate| configured(gate.set_limits(gate.limits()))),
        ),
    ];
    #[cfg(feature = "tokio")]
    return blocking.into_iter().chain(awaited_failures()).collect();
    #[cfg(not(feature = "tokio"))]
    blocking
}

#[cfg(feature = "tokio")]
fn awaited_failures() -> [(&'static str, Failure); 4] {
    [
        awaited("update, awaited", |gate| {
            Box::pin(async move { told(gate.awaited().try_update(1).await) })
        }),
        awaited("refund, awaited", |gate| {
            Box::pin(async move { told(gate.awaited().refund(0).await) })
        }),
        awaited("state, awaited", |gate| {
            Box::pin(async move { gate.awaited().state().await.map(drop) })
        }),
        awaited("clear, awaited", |gate| {
            Box::pin(async move { gate.awaited().clear().await })
        }),
    ]
}

#[cfg(feature = "tokio")]
fn awaited(
    name: &'static str,
    act: fn(&CallGate) -> call_gate_core::BoxFuture<'_, Result<(), StorageError>>,
) -> (&'static str, Failure) {
    let failure = move |gate: &CallGate| {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(act(gate))
    };
    (name, Box::new(failure))
}

fn told<T>(outcome: Result<T, UpdateError>) -> Result<(), StorageError> {
    match outcome {
        Ok(_) => Ok(()),
        Err(UpdateError::Storage(error)) => Err(error),
        Err(other) => panic!("{other:?} is not the storage's"),
    }
}

/// The storage's error behind one of a configuration.
fn configured(outcome: Result<(), call_gate_core::ConfigError>) -> Result<(), StorageError> {
    let Err(error) = outcome else { return Ok(()) };
    let text = all_words(&error);
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
    let storage = error
        .source()
        .and_then(|e| e.downcast_ref::<StorageError>());
    let storage = storage.unwrap_or_else(|| panic!("{text}"));
    // its causes were looked through with the rest; what is judged further is its kind
    Err(StorageError::with_source(storage.kind(), text))
}
