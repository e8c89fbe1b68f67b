//! Clusters.

use super::servers::{free_port, until};
use super::*;
use crate::link::cluster::Cluster;
use std::collections::HashSet;

/// Masters that share all slots evenly, and `replicas` replicas of the first.
fn cluster(masters: usize, replicas: usize) -> Vec<Redis> {
    let nodes: Vec<_> = (0..masters + replicas)
        .map(|_| {
            let bus = free_port().to_string();
            Redis::start(&[
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus,
                "--cluster-node-timeout",
                "500",
                "--cluster-require-full-coverage",
                "no",
                "--repl-diskless-sync-delay",
                "0",
            ])
        })
        .collect();
    for (n, node) in nodes.iter().enumerate().take(masters) {
        let first = (16_384 * n / masters).to_string();
        let last = (16_384 * (n + 1) / masters - 1).to_string();
        node.tell(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
        node.tell(&["CLUSTER", "SET-CONFIG-EPOCH", &(n + 1).to_string()]);
    }
    for node in &nodes[1..] {
        let bus: Vec<String> =
            redis::from_redis_value(node.tell(&["CONFIG", "GET", "cluster-port"])).unwrap();
        nodes[0].tell(&[
            "CLUSTER",
            "MEET",
            "127.0.0.1",
            &node.port.to_string(),
            &bus[1],
        ]);
    }
    settled(&nodes, masters);
    for node in &nodes[masters..] {
        node.tell(&["CLUSTER", "REPLICATE", &id(&nodes[0])]);
        until("the replica is in step", || {
            let role = format!("{:?}", node.tell(&["ROLE"]));
            role.contains("slave") && role.contains("connected")
        });
    }
    settled(&nodes, masters);
    nodes
}

fn id(node: &Redis) -> String {
    redis::from_redis_value(node.tell(&["CLUSTER", "MYID"])).unwrap()
}

fn settled(nodes: &[Redis], masters: usize) {
    for node in nodes {
        until("every node knows all", || {
            let info: String = redis::from_redis_value(node.tell(&["CLUSTER", "INFO"])).unwrap();
            let slots: Vec<redis::Value> =
                redis::from_redis_value(node.tell(&["CLUSTER", "SLOTS"])).unwrap();
            info.contains("cluster_state:ok")
                && info.contains(&format!("cluster_known_nodes:{}", nodes.len()))
                && slots.len() >= masters
        });
    }
}

fn slot(node: &Redis, key: &str) -> String {
    redis::from_redis_value(node.tell(&["CLUSTER", "KEYSLOT", key])).unwrap()
}

/// A key whose slot is in the given share of all.
fn key_of(nodes: &[Redis], share: usize, shares: usize) -> String {
    (0..10_000)
        .map(|n| format!("cg:{{k{n}}}"))
        .find(|key| slot(&nodes[0], key).parse::<usize>().unwrap() * shares / 16_384 == share)
        .unwrap()
}

#[test]
fn keys_are_served_by_their_nodes_wherever_one_begins_to_ask() {
    let nodes = cluster(3, 0);
    for node in &nodes {
        let link = Cluster::new(&[node.url()]).unwrap();
        for way in ways() {
            for n in 0..50 {
                assert_eq!(
                    way(&link, &call(&format!("key{n}"), COUNT), AMPLE).unwrap(),
                    b"asked"
                );
            }
        }
    }
    let sizes: HashSet<u64> = nodes
        .iter()
        .map(|node| redis::from_redis_value(node.tell(&["DBSIZE"])).unwrap())
        .collect();
    assert!(!sizes.contains(&0), "{sizes:?}");
    assert_eq!(
        format!(
            "{:?}",
            Cluster::new(&["redis://u:p@h:1".to_owned()]).unwrap()
        ),
        "Cluster([Client(\"h:1/0\")])"
    );
    assert!(Cluster::new(&[]).is_err());
}

#[test]
fn a_slot_that_moves_is_followed_and_every_call_runs_once() {
    let nodes = cluster(3, 0);
    let link = Cluster::new(&[nodes[0].url()]).unwrap();
    let key = key_of(&nodes, 0, 3);
    let slot = slot(&nodes[0], &key);
    let calls = call(&key, COUNT);
    let (old, new) = (id(&nodes[0]), id(&nodes[1]));
    let mut runs = 0;
    for way in ways() {
        // the key is not there yet, or was taken away: `ASK`
        nodes[0].tell(&["DEL", &key]);
        way(&link, &calls, AMPLE).unwrap();
        nodes[1].tell(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &old]);
        nodes[0].tell(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &new]);
        way(&link, &calls, AMPLE).unwrap();
        assert_eq!(nodes[0].count(&key), 2);
        nodes[0].tell(&["DEL", &key]);
        runs = 0;
        for _ in 0..5 {
            way(&link, &calls, AMPLE).unwrap();
            runs += 1;
        }
        // moved for good: `MOVED`
        for node in &nodes {
            node.tell(&["CLUSTER", "SETSLOT", &slot, "NODE", &new]);
        }
        for _ in 0..5 {
            way(&link, &calls, AMPLE).unwrap();
            runs += 1;
        }
        assert_eq!(nodes[1].count(&key), runs);
        // and back, for the other way
        nodes[1].tell(&["DEL", &key]);
        for node in &nodes {
            node.tell(&["CLUSTER", "SETSLOT", &slot, "NODE", &old]);
        }
    }
    assert_eq!(runs, 10);
}

#[test]
fn a_promoted_replica_is_found_and_nobody_is_held_meanwhile() {
    const SHORT: Duration = Duration::from_millis(200);
    for hangs in [false, true] {
        let mut nodes = cluster(3, 1);
        let urls: Vec<_> = nodes.iter().map(Redis::url).collect();
        let key = key_of(&nodes, 0, 3);
        let link = Cluster::new(&urls).unwrap();
        let asked = call(&key, COUNT);
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
        if hangs {
            nodes[0].signal("STOP");
        } else {
            nodes[0].kill();
        }
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
            if promoted.is_none() && format!("{:?}", nodes[3].tell(&["ROLE"])).contains("master") {
                promoted = Some(Instant::now());
            }
        }
        let took = promoted.map_or(Duration::ZERO, |promoted| promoted.elapsed());
        println!("hangs: {hangs}; held at most {longest:?}, found {took:?} after it was promoted");
        assert!(longest < SHORT + SLACK, "held for {longest:?}");
        assert!(took < Duration::from_secs(1), "found after {took:?}");
        if hangs {
            nodes[0].signal("CONT");
        }
    }
}
