//! TLS, with certificates of a private authority.

use super::servers::{free_port, until};
use super::*;
use redis::{ClientTlsConfig, TlsCertificates};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

fn openssl(folder: &Path, words: &[&str]) {
    let mut command = Command::new("openssl");
    command
        .args(words)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    assert!(
        command
            .status()
            .expect("openssl must be installed")
            .success(),
        "{words:?}"
    );
}

/// An authority, and what it signed: for the server at 127.0.0.1, and for a client.
fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    fs::write(at.join("san"), "subjectAltName=IP:127.0.0.1").unwrap();
    let key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ];
    let authority = [
        "req",
        "-x509",
        "-days",
        "2",
        "-subj",
        "/CN=authority",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
    ];
    openssl(at, &[&authority[..], &key[..]].concat());
    for name in ["server", "client"] {
        let (private, request, signed) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.crt"),
        );
        let subject = format!("/CN={name}");
        openssl(
            at,
            &[
                &[
                    "req", "-subj", &subject, "-keyout", &private, "-out", &request,
                ][..],
                &key[..],
            ]
            .concat(),
        );
        openssl(
            at,
            &[
                "x509",
                "-req",
                "-days",
                "2",
                "-in",
                &request,
                "-CA",
                "ca.crt",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-extfile",
                "san",
                "-out",
                &signed,
            ],
        );
    }
    folder
}

/// A server whose TLS port is the second.
fn server(certificates: &Path, clients: &str) -> (Redis, u16) {
    let port = free_port();
    let file = |name: &str| certificates.join(name).to_str().unwrap().to_owned();
    let redis = Redis::start(&[
        "--tls-port",
        &port.to_string(),
        "--tls-auth-clients",
        clients,
        "--tls-cert-file",
        &file("server.crt"),
        "--tls-key-file",
        &file("server.key"),
        "--tls-ca-cert-file",
        &file("ca.crt"),
    ]);
    until("the server listens for TLS", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    (redis, port)
}

fn trusting(at: &Path, port: u16, identified: bool) -> Client {
    let read = |name: &str| fs::read(at.join(name)).unwrap();
    let certificates = TlsCertificates {
        client_tls: identified.then(|| ClientTlsConfig {
            client_cert: read("client.crt"),
            client_key: read("client.key"),
        }),
        root_cert: Some(read("ca.crt")),
    };
    let url = format!("rediss://127.0.0.1:{port}/");
    Client::new(redis::Client::build_with_tls(url, certificates).unwrap())
}

#[test]
fn a_private_authority_is_trusted_if_it_is_named() {
    let folder = certificates();
    let (_redis, port) = server(folder.path(), "no");
    let link = trusting(folder.path(), port, false);
    for way in ways() {
        assert_eq!(way(&link, &call("k", COUNT), AMPLE).unwrap(), b"asked");
        assert_eq!(way(&link, &call("k", COUNT), AMPLE).unwrap(), b"asked");
    }
    // by the system's authorities alone the server is nobody
    let stranger = client(&format!("rediss://:secret@127.0.0.1:{port}/"));
    for way in ways() {
        let error = way(&stranger, &call("k", COUNT), AMPLE).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Unauthorized, "{error:?}");
        assert!(!all_words(&error).contains("secret"), "{error:?}");
    }
}

#[test]
fn a_server_that_wants_certificates_is_shown_one() {
    let folder = certificates();
    let (_redis, port) = server(folder.path(), "yes");
    let link = trusting(folder.path(), port, true);
    let nobody = trusting(folder.path(), port, false);
    for way in ways() {
        assert_eq!(way(&link, &call("k", COUNT), AMPLE).unwrap(), b"asked");
        let error = way(&nobody, &call("k", COUNT), AMPLE).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Unauthorized, "{error:?}");
    }
}

#[test]
fn without_tls_at_the_other_end_nothing_is_sent() {
    let redis = Redis::start(&[]);
    let link = client(&redis.url().replace("redis://", "rediss://"));
    for way in ways() {
        let error = way(&link, &call("k", COUNT), Duration::from_secs(2)).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Unavailable, "{error:?}");
    }
    assert_eq!(redis.count("k"), 0);
}
