//! Masters that sentinels watch.

use super::servers::until;
use super::*;
use crate::link::sentinel::Sentinel;
use std::fs;

struct Watched {
    /// The first is the master.
    nodes: Vec<Redis>,
    sentinels: Vec<Redis>,
}

fn watched(password: Option<&str>) -> Watched {
    let mut options = vec!["--repl-diskless-sync-delay", "0"];
    if let Some(password) = password {
        options.extend(["--requirepass", password, "--masterauth", password]);
    }
    let master = Redis::start(&options);
    let of = format!("127.0.0.1 {}", master.port);
    options.extend(["--replicaof", &of]);
    let replica = Redis::start(&options);
    let mut sentinels = Vec::new();
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sentinel.conf");
        let auth = password.map_or(String::new(), |password| {
            format!("sentinel auth-pass main {password}\n")
        });
        let port = master.port;
        fs::write(&file, format!(
            "sentinel monitor main 127.0.0.1 {port} 2\nsentinel down-after-milliseconds main 500\nsentinel failover-timeout main 3000\n{auth}"
        )).unwrap();
        sentinels.push(Redis::start_in(
            folder,
            &[file.to_str().unwrap(), "--sentinel"],
        ));
    }
    for sentinel in &sentinels {
        until("the sentinels know each other and the replica", || {
            let told = sentinel.tell(&["SENTINEL", "MASTER", "main"]);
            let told: Vec<String> = redis::from_redis_value(told).unwrap();
            let value = |name: &str| {
                let at = told.iter().position(|word| word == name).unwrap();
                told[at + 1].clone()
            };
            value("num-other-sentinels") == "2" && value("num-slaves") == "1"
        });
    }
    Watched {
        nodes: vec![master, replica],
        sentinels,
    }
}

#[test]
fn the_promoted_replica_is_found_and_nobody_is_held_meanwhile() {
    const SHORT: Duration = Duration::from_millis(200);
    let mut watched = watched(None);
    let urls: Vec<_> = watched.sentinels.iter().map(Redis::url).collect();
    let link = Sentinel::new(&urls, "main".to_owned()).unwrap();
    let asked = call("k", COUNT);
    #[cfg(feature = "tokio")]
    let runtime = runtime();
    let ways: Vec<Asker<'_>> = vec![
        Box::new(|| run(&link, &asked, SHORT)),
        #[cfg(feature = "tokio")]
        Box::new(|| runtime.block_on(link.run_async(&asked, Instant::now() + SHORT))),
    ];
    for way in &ways {
        way().unwrap();
    }
    assert_eq!(watched.nodes[0].count("k"), ways.len() as u64);
    // and one sentinel hangs as well
    watched.sentinels[0].signal("STOP");
    watched.nodes[0].kill();
    let end = Instant::now() + Duration::from_secs(20);
    let mut longest = Duration::ZERO;
    let mut promoted: Option<Instant> = None;
    let mut found = vec![false; ways.len()];
    while found.contains(&false) {
        assert!(
            Instant::now() < end,
            "the replica was never found: {found:?}"
        );
        for (way, found) in ways.iter().zip(&mut found) {
            let from = Instant::now();
            *found |= way().is_ok();
            longest = longest.max(from.elapsed());
        }
        // the sentinels tell of it only when they have seen it
        let told = watched.sentinels[1].tell(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"]);
        if promoted.is_none() && format!("{told:?}").contains(&watched.nodes[1].port.to_string()) {
            promoted = Some(Instant::now());
        }
    }
    let took = promoted.map_or(Duration::ZERO, |promoted| promoted.elapsed());
    println!("held at most {longest:?}, found {took:?} after it was promoted");
    assert!(longest < SHORT + SLACK, "held for {longest:?}");
    assert!(took < Duration::from_secs(1), "found after {took:?}");
    watched.sentinels[0].signal("CONT");
}

#[test]
fn a_password_is_for_the_master_where_the_sentinels_want_none() {
    let redis = Redis::start(&["--requirepass", "hunter2"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sentinel.conf");
    fs::write(
        &file,
        format!(
            "sentinel monitor main 127.0.0.1 {} 1\nsentinel auth-pass main hunter2\n",
            redis.port
        ),
    )
    .unwrap();
    let sentinel = Redis::start_in(folder, &[file.to_str().unwrap(), "--sentinel"]);
    let url = format!("redis://:hunter2@127.0.0.1:{}/2", sentinel.port);
    let link = Sentinel::new(&[url], "main".to_owned()).unwrap();
    for way in ways() {
        assert_eq!(way(&link, &call("k", COUNT), AMPLE).unwrap(), b"asked");
    }
    assert!(!format!("{link:?}").contains("hunter2"), "{link:?}");
    let unknown = Sentinel::new(&[sentinel.url()], "other".to_owned()).unwrap();
    for way in ways() {
        let error = way(&unknown, &call("k", COUNT), AMPLE).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Unavailable);
        assert!(
            all_words(&error).contains("no master of this name"),
            "{error:?}"
        );
    }
}
