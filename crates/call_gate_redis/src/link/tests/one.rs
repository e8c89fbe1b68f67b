//! One server that does what it should.

use super::*;
use std::sync::Arc;

#[test]
fn an_answer_comes_back_on_both_ways() {
    let redis = Redis::start(&[]);
    let link = client(&redis.url());
    for (n, way) in ways().iter().enumerate() {
        for m in 0..3 {
            assert_eq!(redis.count("k"), (3 * n + m) as u64);
            assert_eq!(way(&link, &call("k", COUNT), AMPLE).unwrap(), b"asked");
        }
    }
}

#[test]
fn a_server_that_forgot_the_script_is_told_once_and_runs_it_once() {
    let redis = Redis::start(&[]);
    let link = client(&redis.url());
    for (n, way) in ways().iter().enumerate() {
        redis.tell(&["SCRIPT", "FLUSH"]);
        redis.tell(&["CONFIG", "RESETSTAT"]);
        way(&link, &call("k", COUNT), AMPLE).unwrap();
        way(&link, &call("k", COUNT), AMPLE).unwrap();
        let stats: String = redis::from_redis_value(redis.tell(&["INFO", "commandstats"])).unwrap();
        assert!(stats.contains("cmdstat_eval:calls=1,"), "{stats}");
        assert!(stats.contains("cmdstat_evalsha:calls=2,"), "{stats}");
        assert!(!stats.contains("cmdstat_script|load"), "{stats}");
        assert_eq!(redis.count("k"), 2 * (n as u64 + 1));
    }
}

#[test]
fn threads_share_connections_and_leave_few() {
    const THREADS: usize = 40;
    let redis = Redis::start(&[]);
    let link = Arc::new(client(&redis.url()));
    let round = || {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let link = Arc::clone(&link);
                std::thread::spawn(move || {
                    for _ in 0..50 {
                        run(&*link, &call("k", COUNT), AMPLE).unwrap();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    };
    round();
    round();
    assert_eq!(redis.count("k"), 4_000);
    // none was closed to be made again; some were asked for by who then found another
    let clients: String = redis::from_redis_value(redis.tell(&["CLIENT", "LIST"])).unwrap();
    let (now, ever) = (clients.lines().count() - 1, redis.received());
    assert!(now <= 2 * THREADS, "{now} connections");
    assert!(ever <= 2 * THREADS, "{ever} connections made");
}

/// Slips in a configuration are no outage, for which a policy would answer.
#[test]
fn what_is_configured_wrongly_is_not_unavailable() {
    let redis = Redis::start(&["--databases", "2"]);
    let link = client(&format!("{}7", redis.url()));
    for way in ways() {
        let error = way(&link, &call("k", COUNT), AMPLE).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Protocol, "{error:?}");
    }
    let locked = Redis::start(&["--requirepass", "hunter2"]);
    let link = client(&format!("{}1", locked.url()));
    for way in ways() {
        let error = way(&link, &call("k", COUNT), AMPLE).unwrap_err();
        assert_eq!(error.kind(), StorageErrorKind::Unauthorized, "{error:?}");
    }
}

/// With a password, and with a database: the library puts both before the first call.
#[test]
fn a_server_with_too_many_clients_is_unavailable() {
    let redis = Redis::start(&["--requirepass", "pw", "--maxclients", "1"]);
    let url = |rest: &str| redis.url().replace("redis://", &format!("redis://{rest}"));
    let first = redis::Client::open(url(":pw@")).unwrap();
    let mut held = None;
    servers::until(
        "the server has forgotten who tried whether it listens",
        || {
            held = first.get_connection().ok();
            held.is_some()
        },
    );
    for url in [url(""), url(":pw@"), url(":pw@") + "1", url("") + "1"] {
        let link = client(&url);
        for way in ways() {
            let error = way(&link, &call("k", COUNT), AMPLE).unwrap_err();
            let kind = error.kind();
            assert_eq!(kind, StorageErrorKind::Unavailable, "{url}: {error:?}");
        }
    }
    drop(held);
}

#[test]
fn debug_tells_where_and_not_who() {
    let link = client("redis://someone:secret@127.0.0.1:1/3");
    assert_eq!(format!("{link:?}"), "Client(\"127.0.0.1:1/3\")");
}

#[cfg(feature = "tokio")]
#[test]
fn tasks_share_one_connection_in_each_runtime() {
    let redis = Redis::start(&[]);
    let link = Arc::new(client(&redis.url()));
    let runtimes: Vec<_> = (0..2)
        .map(|_| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap()
        })
        .collect();
    for _ in 0..3 {
        for runtime in &runtimes {
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    let link = Arc::clone(&link);
                    runtime.spawn(async move {
                        link.run_async(&call("k", COUNT), Instant::now() + AMPLE)
                            .await
                    })
                })
                .collect();
            for task in tasks {
                runtime.block_on(task).unwrap().unwrap();
            }
        }
    }
    assert_eq!(redis.count("k"), 300);
    let made: String = redis::from_redis_value(redis.tell(&["CLIENT", "LIST"])).unwrap();
    // and the one that asks
    assert_eq!(made.lines().count(), 2 + 1, "{made}");
    // a runtime that is gone takes its connection along, and the other keeps its own
    let mut runtimes = runtimes.into_iter();
    drop(runtimes.next());
    for runtime in runtimes {
        runtime
            .block_on(link.run_async(&call("k", COUNT), Instant::now() + AMPLE))
            .unwrap();
    }
}

#[cfg(feature = "tokio")]
#[test]
fn a_pool_of_others_serves_tasks_and_refuses_threads() {
    let redis = Redis::start(&[]);
    let pool = deadpool_redis::Config::from_url(redis.url())
        .create_pool(Some(deadpool_redis::Runtime::Tokio1))
        .unwrap();
    let link = Client::of_pool(pool);
    let calls = call("k", COUNT);
    assert_eq!(
        runtime()
            .block_on(link.run_async(&calls, Instant::now() + AMPLE))
            .unwrap(),
        b"asked"
    );
    let error = run(&link, &calls, AMPLE).unwrap_err();
    assert_eq!(error.kind(), StorageErrorKind::Unsupported);
    assert!(all_words(&error).contains("from_url"), "{error:?}");
    assert_eq!(redis.count("k"), 1);
}

#[cfg(feature = "tokio")]
#[test]
fn what_a_runtime_lacks_is_an_error() {
    let redis = Redis::start(&[]);
    let link = client(&redis.url());
    let asked = call("k", COUNT);
    let bare = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let timeless = bare
        .block_on(link.run_async(&asked, Instant::now() + AMPLE))
        .unwrap_err();
    assert!(all_words(&timeless).contains("enable_all"), "{timeless:?}");
    let timed = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let blind = timed
        .block_on(link.run_async(&asked, Instant::now() + AMPLE))
        .unwrap_err();
    assert!(all_words(&blind).contains("enable_all"), "{blind:?}");
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut homeless = link.run_async(&asked, Instant::now() + AMPLE);
    let std::task::Poll::Ready(Err(error)) = homeless.as_mut().poll(&mut context) else {
        panic!("outside a runtime nothing is to be waited for");
    };
    assert!(all_words(&error).contains("outside"), "{error:?}");
    for error in [timeless, blind, error] {
        assert_eq!(error.kind(), StorageErrorKind::Unsupported);
    }
    assert_eq!(redis.count("k"), 0);
}

#[cfg(not(feature = "tokio"))]
#[test]
fn without_the_feature_nothing_is_awaited() {
    let link = client("redis://127.0.0.1:1/");
    let asked = call("k", COUNT);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut call = link.run_async(&asked, Instant::now() + AMPLE);
    let std::task::Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else {
        panic!("there is nothing to wait for");
    };
    assert_eq!(error.kind(), StorageErrorKind::Unsupported);
    assert!(all_words(&error).contains("`tokio`"), "{error:?}");
}
