//! Limiters in a cluster: their two keys are on one server.

use crate::place;
use call_gate_core::{ConfigErrorKind, Demand, Refund, Turnstile, TurnstileBuilder, Way, at_once};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::Cluster;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

fn of(name: &str, storage: RedisStorage) -> TurnstileBuilder {
    Turnstile::builder()
        .name(name)
        .storage(storage)
        .window(10, HOUR, HOUR / 60)
        .cost_window(100, HOUR, HOUR / 60)
}

#[test]
fn a_name_that_would_part_its_keys_is_refused() {
    // nobody is asked
    let nowhere = RedisStorage::from_cluster(["redis://127.0.0.1:1"]).unwrap();
    let error = of("}x", nowhere.clone()).build().unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Name);
    assert!(error.to_string().contains("\"}x\""), "{error}");
    of("x}", nowhere).build().unwrap();
    of("}x", place::storage()).build().unwrap();
}

#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn both_keys_are_in_one_slot() {
    let cluster = Cluster::start();
    let urls = cluster.urls();
    let storage = RedisStorage::from_cluster(&urls).unwrap();
    for number in 0..40 {
        let storage = storage.clone().deadline(Duration::from_secs(10));
        let limiter = of(&format!("limiter }}{number}{{"), storage)
            .build()
            .unwrap();
        let demand = Demand::new(1).costing(60);
        let booked = limiter.try_take(demand).unwrap();
        assert!(limiter.try_take(demand).unwrap_err().is_denied());
        let back = at_once(limiter.take_back(Way::Blocking, demand, &booked));
        assert_ne!(back.unwrap(), Refund::Expired);
        limiter.try_take(demand).unwrap();
    }
}
