//! Options that no gate can have: what is wrong is found when it is made, and named.

use super::{SECRETS, all_words};
use call_gate_core::{CallGate, CallGateBuilder, ConfigErrorKind, Limits, Snapshot};
use call_gate_redis::RedisStorage;
use std::time::{Duration, SystemTime};

const MOST: u64 = (1 << 53) - 1;

fn storage() -> RedisStorage {
    // nobody is asked
    RedisStorage::from_url("redis://127.0.0.1:1").unwrap()
}

fn with(storage: RedisStorage) -> CallGateBuilder {
    of(storage, Duration::from_secs(1))
}

fn of(storage: RedisStorage, step: Duration) -> CallGateBuilder {
    CallGate::builder("gate", 10 * step, step)
        .gate_limit(10)
        .storage(storage)
}

#[test]
fn options_out_of_range_are_named_with_their_rule() {
    let second = Duration::from_secs(1);
    let snapshot =
        Snapshot::new("gate", 10 * second, second).with_frames(SystemTime::now(), vec![MOST, 1]);
    for (builder, kind, words) in [
        (
            with(storage().prefix("a{b")),
            ConfigErrorKind::Storage,
            ["\"a{b\"", "no braces"],
        ),
        (
            with(storage().prefix("a}b")),
            ConfigErrorKind::Storage,
            ["\"a}b\"", "no braces"],
        ),
        (
            with(storage().prefix("a\nb")),
            ConfigErrorKind::Storage,
            ["\"a\\nb\"", "control"],
        ),
        (
            with(storage().prefix("x".repeat(513))),
            ConfigErrorKind::Storage,
            ["xxx", "512 bytes"],
        ),
        (
            with(storage().deadline(Duration::ZERO)),
            ConfigErrorKind::Storage,
            ["deadline of 0ns", "longer"],
        ),
        (
            with(storage().deadline(3601 * second)),
            ConfigErrorKind::Storage,
            ["deadline of 3601s", "3600s"],
        ),
        (
            with(storage().breaker(0, second)),
            ConfigErrorKind::Storage,
            ["0 failures", "at least 1"],
        ),
        (
            with(storage().breaker(1, Duration::ZERO)),
            ConfigErrorKind::Storage,
            ["pause of 0ns", "longer"],
        ),
        (
            with(storage().breaker(1, 3601 * second)),
            ConfigErrorKind::Storage,
            ["pause of 3601s", "3600s"],
        ),
        (
            with(storage().spread(3601 * second)),
            ConfigErrorKind::Storage,
            ["spread of 3601s", "3600s"],
        ),
        (
            of(storage(), Duration::from_nanos(1_500)),
            ConfigErrorKind::Unsupported,
            ["frame_step of 1.5µs", "whole number of microseconds"],
        ),
        (
            with(storage()).gate_limit(MOST + 1),
            ConfigErrorKind::Limits,
            ["gate_limit of 9007199254740992", "9007199254740991"],
        ),
        (
            with(storage()).limits(Limits::frame(u64::MAX)),
            ConfigErrorKind::Limits,
            ["frame_limit of 18446744073709551615", "9007199254740991"],
        ),
        (
            with(storage()).limits_up_to(MOST + 1),
            ConfigErrorKind::Limits,
            ["limits_up_to(9007199254740992)", "9007199254740991"],
        ),
        (
            with(storage()).restore(snapshot),
            ConfigErrorKind::Snapshot,
            ["9007199254740992", "9007199254740991"],
        ),
    ] {
        let error = builder.build().expect_err(words[0]);
        assert_eq!(error.kind(), kind, "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "no {word} in: {error}");
        }
    }
    with(
        storage()
            .deadline(3600 * second)
            .spread(Duration::ZERO)
            .prefix(""),
    )
    .limits(Limits::gate(MOST))
    .limits_up_to(MOST)
    .build()
    .unwrap();
}

#[test]
fn an_unnamed_gate_is_refused() {
    let second = Duration::from_secs(1);
    let error = CallGate::unnamed(10 * second, second)
        .gate_limit(1)
        .storage(storage())
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Name);
}

/// A url may hold a password, also one that cannot be read.
#[test]
fn urls_that_cannot_be_read_are_not_repeated() {
    let who = "s0me-user:s3cret-word";
    for url in [
        format!("redis://{who}@host:port/0"),
        format!("redis://{who}@host:6379/x"),
        format!("http://{who}@host/"),
        format!("{who}@host:6379"),
        format!("redis://{who}@[::1"),
        format!("redis://{who}@host:6379/?protocol=9"),
        String::new(),
    ] {
        let error = RedisStorage::from_url(&url).expect_err(&url);
        assert_eq!(error.kind(), ConfigErrorKind::Storage);
        let text = all_words(&error);
        for secret in SECRETS.iter().filter(|secret| **secret != "redis://") {
            assert!(!text.contains(secret), "{url}: {text}");
        }
    }
}
