//! One server that does not do what it should.

use super::*;

const SHORT: Duration = Duration::from_millis(200);

fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let from = Instant::now();
    (act(), from.elapsed())
}

#[test]
fn a_killed_server_holds_nobody_and_is_found_again() {
    let mut redis = Redis::start(&[]);
    let link = client(&redis.url());
    // the same runtime before and after, whose connection dies
    #[cfg(feature = "tokio")]
    let runtime = runtime();
    let ways: Vec<Asker<'_>> = vec![
        Box::new(|| run(&link, &call("k", COUNT), SHORT)),
        #[cfg(feature = "tokio")]
        Box::new(|| runtime.block_on(link.run_async(&call("k", COUNT), Instant::now() + SHORT))),
    ];
    for way in ways {
        way().unwrap();
        redis.kill();
        for _ in 0..5 {
            let (outcome, held) = timed(&way);
            assert!(matches!(
                kind(outcome),
                StorageErrorKind::Unavailable | StorageErrorKind::TimedOut
            ));
            assert!(held < SHORT + SLACK, "held for {held:?}");
        }
        // from the second on it is known to be away
        assert_eq!(kind(way()), StorageErrorKind::Unavailable);
        redis.restart();
        let took = recovered(&way);
        assert!(took < Duration::from_secs(1), "found after {took:?}");
    }
}

/// Connections that lay unused while their server was restarted are found out before a call is lost on one.
#[test]
fn a_restart_behind_an_unused_connection_is_no_error() {
    let mut redis = Redis::start(&[]);
    let link = client(&redis.url());
    #[cfg(feature = "tokio")]
    let runtime = runtime();
    let ways: Vec<Asker<'_>> = vec![
        Box::new(|| run(&link, &call("k", COUNT), AMPLE)),
        #[cfg(feature = "tokio")]
        Box::new(|| runtime.block_on(link.run_async(&call("k", COUNT), Instant::now() + AMPLE))),
    ];
    for way in ways {
        way().unwrap();
        redis.kill();
        redis.restart();
        // the time that a connection is trusted for is what is tested
        std::thread::sleep(Duration::from_millis(1_050));
        way().unwrap();
        assert_eq!(redis.count("k"), 1);
    }
}

#[test]
fn a_server_that_hangs_holds_callers_no_longer_than_their_deadline() {
    let redis = Redis::start(&[]);
    let link = client(&redis.url());
    #[cfg(feature = "tokio")]
    let runtime = runtime();
    let ways: Vec<Asker<'_>> = vec![
        Box::new(|| run(&link, &call("k", COUNT), SHORT)),
        #[cfg(feature = "tokio")]
        Box::new(|| runtime.block_on(link.run_async(&call("k", COUNT), Instant::now() + SHORT))),
    ];
    for way in ways {
        way().unwrap();
        redis.signal("STOP");
        // sent on the connection there was: may have run
        let (outcome, held) = timed(&way);
        assert_eq!(kind(outcome), StorageErrorKind::TimedOut);
        assert!(held < SHORT + SLACK, "held for {held:?}");
        // a connection to a stopped process is made by its kernel, but never greeted: surely not run
        for _ in 0..3 {
            let (outcome, held) = timed(&way);
            assert_eq!(kind(outcome), StorageErrorKind::Unavailable);
            assert!(held < SHORT + SLACK, "held for {held:?}");
        }
        redis.signal("CONT");
        let took = recovered(&way);
        assert!(took < Duration::from_secs(1), "found after {took:?}");
    }
}

#[test]
fn a_paused_server_has_run_what_timed_out() {
    let redis = Redis::start(&[]);
    let link = client(&redis.url());
    run(&link, &call("k", COUNT), AMPLE).unwrap();
    redis.tell(&["CLIENT", "PAUSE", "600", "ALL"]);
    let (outcome, held) = timed(|| run(&link, &call("k", COUNT), SHORT));
    assert_eq!(kind(outcome), StorageErrorKind::TimedOut);
    assert!(held < SHORT + SLACK, "held for {held:?}");
    let took = recovered(|| run(&link, &call("k", COUNT), SHORT));
    assert!(took < Duration::from_secs(2), "found after {took:?}");
}

#[test]
fn an_expired_deadline_sends_nothing() {
    let redis = Redis::start(&[]);
    let link = client(&redis.url());
    for way in ways() {
        way(&link, &call("k", COUNT), AMPLE).unwrap();
        let before = redis.count("k");
        let error = way(&link, &call("k", COUNT), Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Unavailable);
        assert_eq!(redis.count("k"), before);
    }
}

#[test]
fn hosts_that_are_not_there_are_unavailable_in_time() {
    // refused; swallowed, or without a route; no such name
    let closed = format!("redis://127.0.0.1:{}/", servers::free_port());
    for url in [
        closed.as_str(),
        "redis://192.0.2.1:6390/",
        "redis://nowhere.invalid:6390/",
    ] {
        let link = client(url);
        for way in ways() {
            let (outcome, held) = timed(|| way(&link, &call("k", COUNT), SHORT));
            assert_eq!(kind(outcome), StorageErrorKind::Unavailable, "{url}");
            assert!(held < SHORT + SLACK, "{url} held for {held:?}");
        }
    }
}

#[test]
fn who_is_not_let_in_is_told_so_without_the_secret() {
    let redis = Redis::start(&["--requirepass", "hunter2"]);
    let port = redis.port;
    for url in [
        format!("redis://:wr0ng-secret@127.0.0.1:{port}/"),
        format!("redis://wr0ng-user:wr0ng-secret@127.0.0.1:{port}/"),
        format!("redis://:wr0ng-secret@127.0.0.1:{port}/?protocol=resp3"),
        format!("redis://127.0.0.1:{port}/"),
    ] {
        let link = client(&url);
        for way in ways() {
            let error = way(&link, &call("k", COUNT), AMPLE).unwrap_err();
            assert_eq!(error.kind(), StorageErrorKind::Unauthorized, "{error:?}");
            assert!(
                error
                    .source()
                    .is_some_and(<dyn Error>::is::<redis::RedisError>)
            );
            let words = format!("{} {link:?}", all_words(&error));
            for secret in ["hunter2", "wr0ng-secret", "wr0ng-user", "redis://"] {
                assert!(!words.contains(secret), "{words}");
            }
        }
    }
    let link = client(&format!("redis://:hunter2@127.0.0.1:{port}/"));
    for way in ways() {
        way(&link, &call("k", COUNT), AMPLE).unwrap();
    }
}

#[test]
fn what_a_server_refuses_has_a_kind() {
    let redis = Redis::start(&[]);
    redis.tell(&[
        "ACL", "SETUSER", "poor", "on", ">pw", "~*", "+@all", "-evalsha", "-eval",
    ]);
    redis.tell(&["ACL", "SETUSER", "blind", "on", ">pw", "~other", "+@all"]);
    redis.tell(&["SET", "text", "no number"]);
    redis.tell(&["RPUSH", "list", "x"]);
    let port = redis.port;
    let link = client(&redis.url());
    for way in ways() {
        for user in ["poor", "blind"] {
            let link = client(&format!("redis://{user}:pw@127.0.0.1:{port}/"));
            let error = way(&link, &call("k", COUNT), AMPLE);
            assert_eq!(kind(error), StorageErrorKind::Unauthorized);
        }
        assert_eq!(
            kind(way(&link, &call("list", COUNT), AMPLE)),
            StorageErrorKind::Corrupt
        );
        assert_eq!(
            kind(way(&link, &call("text", COUNT), AMPLE)),
            StorageErrorKind::Protocol
        );
        let number = call("k", "return 1");
        assert_eq!(kind(way(&link, &number, AMPLE)), StorageErrorKind::Protocol);
        assert_eq!(
            kind(way(&link, &call("k", "no lua"), AMPLE)),
            StorageErrorKind::Protocol
        );
        redis.tell(&["CONFIG", "SET", "maxmemory", "1"]);
        assert_eq!(
            kind(way(&link, &call("new", COUNT), AMPLE)),
            StorageErrorKind::Unavailable
        );
        redis.tell(&["CONFIG", "SET", "maxmemory", "0"]);
        assert_eq!(redis.count("new"), 0);
        // and the connection is none the worse
        assert_eq!(way(&link, &call("fine", COUNT), AMPLE).unwrap(), b"asked");
    }
}

#[test]
fn a_replica_that_takes_no_writes_is_unavailable() {
    let master = Redis::start(&[]);
    let replica = Redis::start(&["--replicaof", &format!("127.0.0.1 {}", master.port)]);
    let link = client(&replica.url());
    for way in ways() {
        assert_eq!(
            kind(way(&link, &call("k", COUNT), AMPLE)),
            StorageErrorKind::Unavailable
        );
    }
    assert_eq!(master.count("k"), 0);
}

#[test]
fn another_protocol_is_no_answer() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            use std::io::Write as _;
            drop(
                stream.and_then(|mut stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
            );
        }
    });
    let link = client(&format!("redis://127.0.0.1:{port}/"));
    for way in ways() {
        let kind = kind(way(&link, &call("k", COUNT), AMPLE));
        assert!(
            matches!(
                kind,
                StorageErrorKind::Protocol | StorageErrorKind::Unavailable
            ),
            "{kind:?}"
        );
    }
}
