//! Servers that cannot be reached, and others that answer in their place.

use super::{DEADLINE, assert_fails, builder, storage};
use call_gate_core::StorageErrorKind;
use call_gate_testkit::servers::Server;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

#[test]
fn hosts_that_are_not_there_are_unavailable() {
    let free = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let who = "s0me-user:s3cret-word@";
    for host in [
        format!("127.0.0.1:{free}"),
        // swallowed, or without a route
        "192.0.2.1:6390".to_owned(),
        "nowhere.invalid:6390".to_owned(),
    ] {
        let storage = storage(&format!("redis://{who}{host}/0")).deadline(DEADLINE);
        assert_fails(&storage, StorageErrorKind::Unavailable, &["Unavailable"]);
    }
}

#[test]
fn a_socket_that_is_gone_is_unavailable() {
    let server = Server::start(&[]);
    let storage = storage(&server.socket_url());
    let gate = builder(storage.clone()).build().unwrap();
    gate.update(1).unwrap();
    server.kill();
    assert!(gate.try_update(1).is_err());
    assert_fails(&storage, StorageErrorKind::Unavailable, &["Unavailable"]);
    server.restart();
    gate.update(1).unwrap();
}

/// What accepts connections and answers `line` to whatever it is sent.
fn fake(line: &'static [u8]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!(
        "redis://127.0.0.1:{}",
        listener.local_addr().unwrap().port()
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut buffer) {
                    for _ in 0..commands(&buffer[..length]) {
                        if stream.write_all(line).is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    url
}

/// How many commands begin in `bytes`.
fn commands(bytes: &[u8]) -> usize {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.filter(|line| is_head(line)).count()
}

/// Whether a line is an asterisk and a number.
fn is_head(line: &[u8]) -> bool {
    let number = line
        .strip_prefix(b"*")
        .and_then(|rest| rest.strip_suffix(b"\r"));
    number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

#[test]
fn a_server_that_loads_its_data_is_unavailable() {
    let url = fake(b"-LOADING Redis is loading the dataset in memory\r\n");
    assert_fails(
        &storage(&url),
        StorageErrorKind::Unavailable,
        &["loading the dataset"],
    );
}

#[test]
fn answers_of_something_else_are_none() {
    for line in [
        b"+OK\r\n".as_slice(),
        b":7\r\n",
        b"$3\r\nabc\r\n",
        b"*1\r\n:1\r\n",
        b"$-1\r\n",
    ] {
        let gate = builder(storage(&fake(line))).build().unwrap();
        for (name, act) in super::failures() {
            let error = act(&gate).expect_err(name);
            assert_eq!(
                error.kind(),
                StorageErrorKind::Protocol,
                "{name}: {error:?}"
            );
        }
    }
}

#[cfg(feature = "tls")]
mod tls {
    use super::super::{DEADLINE, assert_fails, builder, patient, storage};
    use call_gate_core::StorageErrorKind;
    use call_gate_redis::RedisStorage;
    use call_gate_testkit::servers::Server;
    use redis::TlsCertificates;
    use std::fs;

    #[test]
    fn a_certificate_that_nobody_vouches_for_is_unauthorized() {
        let server = Server::with_tls(&["--requirepass", "s3cret-word"]);
        let url = server
            .tls_url()
            .replace("rediss://", "rediss://:s3cret-word@");
        assert_fails(
            &storage(&url),
            StorageErrorKind::Unauthorized,
            &["ertificate", "UnknownIssuer"],
        );
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: Some(fs::read(server.ca()).unwrap()),
        };
        let client = redis::Client::build_with_tls(url, certificates).unwrap();
        let storage = patient(RedisStorage::from_client(client));
        super::super::assert_no_secret(&storage, "a storage");
        builder(storage).build().unwrap().update(1).unwrap();
    }

    /// Which of two speaks TLS is found out by neither before the deadline.
    #[test]
    fn one_side_without_tls_is_unavailable() {
        let server = Server::with_tls(&[]);
        let plain_to_tls = server.tls_url().replace("rediss://", "redis://");
        assert_fails(
            &storage(&plain_to_tls).deadline(DEADLINE),
            StorageErrorKind::Unavailable,
            &["Unavailable"],
        );
        let tls_to_plain = server.url().replace("redis://", "rediss://");
        assert_fails(
            &storage(&tls_to_plain).deadline(DEADLINE),
            StorageErrorKind::Unavailable,
            &["Unavailable"],
        );
    }
}
