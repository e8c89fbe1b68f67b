//! Servers that are there and do not do what they are asked.

use super::{assert_fails, builder, failures, storage};
use call_gate_core::{CallGate, OnLimits, StorageErrorKind};
use call_gate_redis::OnStorageError;
use call_gate_testkit::servers::Server;
use std::time::Duration;

const KEY: &str = "cg:{gate}";

fn at(server: &Server, who: &str) -> String {
    format!("redis://{who}127.0.0.1:{}", server.port())
}

#[test]
fn a_key_of_another_type_is_corrupt_and_stays() {
    let server = Server::start(&[]);
    server.command(&["RPUSH", KEY, "x"]).unwrap();
    assert_fails(
        &storage(&server.url()),
        StorageErrorKind::Corrupt,
        &["WRONGTYPE"],
    );
    assert_eq!(server.command(&["LRANGE", KEY, "0", "-1"]).unwrap(), "x");
}

#[test]
fn foreign_bytes_are_corrupt_and_stay() {
    let server = Server::start(&[]);
    let of_later_version = [b"CGATE\0\0\x02".as_slice(), &[0; 200]].concat();
    let cut_short = b"CGATE\0\0\x01".to_vec();
    for bytes in [
        b"hello".to_vec(),
        b"17".to_vec(),
        vec![0; 200],
        of_later_version,
        cut_short,
    ] {
        let mut wire = server.wire();
        let set = [b"SET".as_slice(), KEY.as_bytes(), &bytes];
        wire.ask(&set).unwrap().text().unwrap();
        let storage = storage(&server.url());
        let gate = builder(storage.clone()).build().unwrap();
        let error = gate.state().unwrap_err();
        if error.kind() == StorageErrorKind::Corrupt {
            assert_fails(
                &storage,
                StorageErrorKind::Corrupt,
                &["no gate of this version"],
            );
        } else {
            // too short to tell its shape: what there is of it is another
            assert_fails(&storage, StorageErrorKind::Mismatch, &["cannot be read"]);
        }
        let there = wire.ask(&["GET", KEY]).unwrap();
        assert_eq!(there, call_gate_testkit::servers::Reply::Bytes(bytes));
    }
}

#[test]
fn users_without_the_rights_are_unauthorized() {
    let server = Server::start(&[]);
    let all = "~*";
    for rights in [
        [all, "+@all", "-eval", "-evalsha"].as_slice(),
        &["~other", "+@all"],
        &[all, "+@all", "-setrange", "-set"],
        &[all, "+@all", "-getrange"],
        &[all, "+@all", "-time"],
    ] {
        let user = ["ACL", "SETUSER", "s0me-user", "reset", "on", ">s3cret-word"];
        let words: Vec<&str> = user.iter().chain(rights).copied().collect();
        server.command(&words).unwrap();
        let storage = storage(&at(&server, "s0me-user:s3cret-word@"));
        let gate = builder(storage.clone()).build().unwrap();
        if rights.contains(&"-setrange") {
            // who may not write may look
            gate.state().unwrap();
            for (name, act) in failures() {
                if name.starts_with("update") {
                    let error = act(&gate).unwrap_err();
                    assert_eq!(error.kind(), StorageErrorKind::Unauthorized, "{error:?}");
                }
            }
        } else {
            assert_fails(
                &storage,
                StorageErrorKind::Unauthorized,
                &["NOPERM", "permission", "ACL", "user executing"],
            );
        }
    }
}

#[test]
fn wrong_passwords_and_none_are_unauthorized() {
    let server = Server::start(&["--requirepass", "hunter2"]);
    for who in ["", ":s3cret-word@", "s0me-user:s3cret-word@"] {
        let storage = storage(&at(&server, who));
        assert_fails(
            &storage,
            StorageErrorKind::Unauthorized,
            &["NOAUTH", "WRONGPASS", "uthentication"],
        );
    }
    builder(storage(&at(&server, ":hunter2@")))
        .build()
        .unwrap()
        .update(1)
        .unwrap();
}

#[test]
fn a_replica_is_unavailable() {
    let master = Server::start(&[]);
    let of = format!("127.0.0.1 {}", master.port());
    let replica = Server::start(&["--replicaof", &of]);
    let gate = builder(storage(&replica.url())).build().unwrap();
    for (name, act) in failures() {
        if name.starts_with("update") || name.starts_with("set_limits") {
            let error = act(&gate).expect_err(name);
            assert_eq!(
                error.kind(),
                StorageErrorKind::Unavailable,
                "{name}: {error:?}"
            );
            assert!(
                super::all_words(&error).contains("read only replica"),
                "{error:?}"
            );
        }
    }
    assert!(master.keys().is_empty());
}

#[test]
fn a_server_out_of_memory_is_unavailable() {
    let server = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    let gate = builder(storage(&server.url())).build().unwrap();
    for (name, act) in failures() {
        if name.starts_with("update") {
            let error = act(&gate).expect_err(name);
            assert_eq!(
                error.kind(),
                StorageErrorKind::Unavailable,
                "{name}: {error:?}"
            );
            assert!(super::all_words(&error).contains("OOM"), "{error:?}");
        }
    }
    server
        .command(&["CONFIG", "SET", "maxmemory", "0"])
        .unwrap();
    gate.update(1).unwrap();
}

/// A gate of another shape under the same name, and limits that are not those required: both sides are named.
#[test]
fn other_gates_are_a_mismatch() {
    let server = Server::start(&[]);
    builder(storage(&server.url()))
        .build()
        .unwrap()
        .update(1)
        .unwrap();
    let of = |size, step| {
        let storage = storage(&server.url());
        let (size, step) = (Duration::from_secs(size), Duration::from_secs(step));
        CallGate::builder("gate", size, step)
            .gate_limit(10)
            .storage(storage)
    };
    let required = of(60, 1).gate_limit(11).on_limits(OnLimits::Require);
    for (other, ours) in [
        (of(60, 2), "30 x 2s"),
        (of(30, 1), "30 x 1s"),
        (of(60, 1).strict(), "61 x 1s"),
        (required, "gate_limit of 11"),
    ] {
        let gate = other.build().unwrap();
        for (name, act) in failures() {
            // setting limits is no claim that they are others
            if ours.contains("11") && name == "set_limits" {
                continue;
            }
            let error = act(&gate).expect_err(name);
            let text = super::all_words(&error);
            assert_eq!(error.kind(), StorageErrorKind::Mismatch, "{name}: {text}");
            let theirs = if ours.contains("11") {
                "gate_limit of 10"
            } else {
                "60 x 1s"
            };
            assert!(
                text.contains(ours) && text.contains(theirs),
                "{name}: {text}"
            );
        }
    }
}

/// A policy is for a server that is away, and for nothing else.
#[test]
fn policies_do_not_answer_for_what_is_wrong() {
    let server = Server::start(&["--requirepass", "hunter2"]);
    let with = |policy, who: &str, name: &str, seconds| {
        let storage = storage(&at(&server, who)).on_error(policy);
        CallGate::builder(name, Duration::from_secs(seconds), Duration::from_secs(1))
            .gate_limit(10)
            .storage(storage)
            .build()
            .unwrap()
    };
    let good = ":hunter2@";
    server.command(&["SET", "cg:{foreign}", "hello"]).unwrap();
    with(OnStorageError::Error, good, "other", 60)
        .update(1)
        .unwrap();
    for policy in [
        OnStorageError::Allow,
        OnStorageError::Deny,
        OnStorageError::local(2).unwrap(),
    ] {
        for (gate, kind) in [
            (
                with(policy, ":s3cret-word@", "any", 60),
                StorageErrorKind::Unauthorized,
            ),
            (with(policy, good, "foreign", 60), StorageErrorKind::Corrupt),
            (with(policy, good, "other", 30), StorageErrorKind::Mismatch),
        ] {
            for (name, act) in failures() {
                let error = act(&gate).expect_err(name);
                assert_eq!(error.kind(), kind, "{policy:?}, {name}: {error:?}");
            }
        }
    }
    server.kill();
    with(OnStorageError::Allow, good, "any", 60)
        .try_update(1)
        .unwrap();
    let denied = with(OnStorageError::Deny, good, "any", 60).try_update(1);
    assert!(denied.unwrap_err().is_denied());
    let local = with(OnStorageError::local(2).unwrap(), good, "any", 60);
    local.try_update(5).unwrap();
    assert!(local.try_update(1).unwrap_err().is_denied());
}
