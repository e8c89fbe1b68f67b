//! What servers say, as kinds.

use super::Fault;
use call_gate_core::{StorageError, StorageErrorKind};

fn kind(line: &str) -> StorageErrorKind {
    let answer = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
    let error = answer.extract_error().unwrap_err();
    StorageError::from(Fault::answered(error)).kind()
}

#[test]
fn words_of_servers_have_a_kind() {
    use StorageErrorKind::{Corrupt, Protocol, Unauthorized, Unavailable};
    for (line, wanted) in [
        (
            "LOADING Redis is loading the dataset in memory",
            Unavailable,
        ),
        (
            "READONLY You can't write against a read only replica. script: f, on @user_script:1.",
            Unavailable,
        ),
        ("MASTERDOWN Link with MASTER is down", Unavailable),
        ("CLUSTERDOWN Hash slot not served", Unavailable),
        (
            "OOM command not allowed when used memory > 'maxmemory'.",
            Unavailable,
        ),
        ("BUSY Redis is busy running a script.", Unavailable),
        (
            "MISCONF Redis is configured to save RDB snapshots",
            Unavailable,
        ),
        ("NOREPLICAS Not enough good replicas to write.", Unavailable),
        (
            "TRYAGAIN Multiple keys request during rehashing of slot",
            Unavailable,
        ),
        ("ERR max number of clients reached", Unavailable),
        ("NOAUTH Authentication required.", Unauthorized),
        ("WRONGPASS invalid username-password pair", Unauthorized),
        (
            "NOPERM this user has no permissions to run the 'evalsha' command",
            Unauthorized,
        ),
        ("DENIED Redis is running in protected mode", Unauthorized),
        (
            "ERR The user executing the script can't run this command or subcommand script: f, on @user_script:1.",
            Unauthorized,
        ),
        (
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            Corrupt,
        ),
        (
            "ERR Error running script (call to f_0): @user_script:1: WRONGTYPE Operation against a key",
            Corrupt,
        ),
        (
            "ERR Error running script (call to f_0): @user_script:1: -OOM command not allowed",
            Unavailable,
        ),
        (
            "ERR Error running script (call to f_0): @user_script:1: attempt to index a nil value",
            Protocol,
        ),
        ("ERR unknown command 'EVALSHA'", Protocol),
        ("NEWCODE of a later version", Protocol),
    ] {
        assert_eq!(kind(line), wanted, "{line}");
    }
}

/// What the library makes of a refused `SELECT`, which comes before anything is sent.
#[test]
fn refused_handshakes_are_answers() {
    use StorageErrorKind::{Protocol, Unauthorized, Unavailable};
    let kind = |detail: &str| {
        let refused = "Redis server refused to switch database";
        let code = redis::ServerErrorKind::ResponseError.into();
        let error = redis::RedisError::from((code, refused, detail.to_owned()));
        StorageError::from(Fault::unsent(error)).kind()
    };
    for (detail, wanted) in [
        ("DB index is out of range", Protocol),
        ("Authentication required.", Unauthorized),
        (
            "User poor has no permissions to run the 'select' command",
            Unauthorized,
        ),
        ("max number of clients reached", Unavailable),
        (
            "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            Unavailable,
        ),
        ("Redis is loading the dataset in memory", Unavailable),
        (
            "Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            Unavailable,
        ),
    ] {
        assert_eq!(kind(detail), wanted, "{detail}");
    }
    let misuse = StorageError::from(Fault::unsupported(super::Reason::OnlyAsync));
    assert_eq!(misuse.kind(), StorageErrorKind::Unsupported);
    assert!(!crate::breaker::is_outage(&misuse));
}

#[cfg(feature = "cluster")]
#[test]
fn redirects_name_a_node() {
    for (line, host, port, ask) in [
        ("MOVED 3999 127.0.0.1:6381", "127.0.0.1", 6381, false),
        ("ASK 3999 node.example:6381", "node.example", 6381, true),
        ("MOVED 1 :7000", "", 7000, false),
        ("MOVED 1 ?:7000", "", 7000, false),
        ("MOVED 1 ::1:7000", "::1", 7000, false),
    ] {
        let answer = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        let fault = Fault::answered(answer.extract_error().unwrap_err());
        let redirect = fault.redirect().unwrap();
        assert_eq!(
            (redirect.host.as_str(), redirect.port, redirect.ask),
            (host, port, ask)
        );
    }
}
