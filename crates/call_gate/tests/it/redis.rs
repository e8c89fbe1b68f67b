//! Gates in Redis through the facade: threads, tasks, files and the attribute.

use call_gate::{
    AsyncCallGate, CallGate, CallGateBuilder, ConfigError, Error, Lease, OnLimits, RedisStorage,
    StorageErrorKind, StorageKind, UpdateError, Wait,
};
use call_gate_testkit::servers::Server;
use call_gate_testkit::spec::fresh_name;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

/// A server for the tests here; it ends with this process.
fn storage() -> Result<RedisStorage, ConfigError> {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| Server::start(&[]));
    let storage = RedisStorage::from_url(server.url())?;
    // these tests are about answers, on machines that may be busy
    Ok(storage.deadline(Duration::from_secs(10)))
}

fn gate(name: &str, limit: u64, step: Duration) -> Result<CallGate, Error> {
    let gate = CallGate::builder(name, step * 10, step)
        .gate_limit(limit)
        .storage(storage()?)
        .build()?;
    Ok(gate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_and_tasks_of_two_handles_admit_together_what_the_limit_allows() -> Result<(), Error>
{
    const LIMIT: u64 = 5_000;
    let (name, step) = (fresh_name(), Duration::from_secs(60));
    let here = gate(&name, LIMIT, step)?;
    let there = AsyncCallGate::from(gate(&name, LIMIT, step)?);
    let threads = tokio::task::spawn_blocking(move || {
        let mut admitted = 0;
        while here.try_update(1).is_ok() {
            admitted += 1;
        }
        admitted
    });
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let gate = there.clone();
            tokio::spawn(async move {
                let mut admitted = 0;
                while gate.try_update(1).await.is_ok() {
                    admitted += 1;
                }
                admitted
            })
        })
        .collect();
    let mut all: u64 = threads.await.unwrap();
    for task in tasks {
        all += task.await.unwrap();
    }
    assert_eq!(all, LIMIT);
    assert_eq!(there.state().await?.sum(), LIMIT);
    let denied = there.try_update(1).await.unwrap_err();
    assert!(matches!(denied, UpdateError::GateLimit(_)), "{denied}");
    assert!(there.check_limits().await.is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_wait_are_admitted_in_order_of_arrival_and_in_time() -> Result<(), Error> {
    let step = Duration::from_millis(40);
    let gate = CallGate::builder(fresh_name(), step * 2, step)
        .frame_limit(5)
        .storage(storage()?.spread(Duration::ZERO))
        .build()?;
    let gate = AsyncCallGate::from(gate);
    let order = Arc::new(Mutex::new(Vec::new()));
    let began = Instant::now();
    let mut waiting = Vec::new();
    for number in 0..60 {
        let before = gate.waiters();
        let (gate, order) = (gate.clone(), Arc::clone(&order));
        let handle = gate.clone();
        let task = tokio::spawn(async move {
            let reading = gate.update_with(1, Wait::Forever).await?;
            order
                .lock()
                .unwrap()
                .push((reading.frame().start(), number));
            Ok::<_, UpdateError>(())
        });
        // the next one comes when this one has its place, or needs none any more
        while handle.waiters() == before && !task.is_finished() {
            tokio::task::yield_now().await;
        }
        waiting.push(task);
    }
    for task in waiting {
        task.await.unwrap()?;
    }
    // sixty through five a frame take eleven frames at least
    assert!(began.elapsed() >= step * 10, "{:?}", began.elapsed());
    let mut served = order.lock().unwrap().clone();
    // within a frame the tasks may tell in any order
    served.sort_by_key(|(start, _)| *start);
    let frames: Vec<u64> = served.iter().map(|(_, number)| number / 5).collect();
    let last_of_frame: Vec<_> = served.chunk_by(|a, b| a.0 == b.0).collect();
    assert!(last_of_frame.iter().all(|frame| frame.len() <= 5));
    let mut newest = 0;
    for frame in last_of_frame {
        let least = frame.iter().map(|(_, number)| *number).min().unwrap();
        assert!(least >= newest, "{frames:?}: {least} came before {newest}");
        newest = frame.iter().map(|(_, number)| *number).max().unwrap();
    }
    Ok(())
}

#[test]
fn a_gate_goes_from_a_file_into_redis_and_back() -> Result<(), Error> {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (
        folder.path().join("gate.json"),
        folder.path().join("copy.json"),
    );
    let step = Duration::from_secs(60);
    let memory = CallGate::builder(fresh_name(), step * 10, step)
        .gate_limit(10)
        .build()?;
    memory.try_update(7)?;
    memory.to_file(&path)?;
    let gate = CallGateBuilder::from_file(&path)?
        .storage(storage()?)
        .build()?;
    assert_eq!((gate.sum()?, gate.gate_limit()), (7, Some(10)));
    assert_eq!(gate.storage(), StorageKind::Redis);
    gate.try_update(3)?;
    assert!(gate.try_update(1).unwrap_err().is_denied());
    gate.to_file(&copy)?;
    assert_eq!(CallGate::from_file(&copy)?.sum()?, 10);
    Ok(())
}

#[test]
fn limits_that_are_required_and_not_there_are_an_error_of_the_first_act() -> Result<(), Error> {
    let (name, step) = (fresh_name(), Duration::from_secs(1));
    gate(&name, 10, step)?.try_update(1)?;
    let strict = CallGate::builder(&name, step * 10, step)
        .gate_limit(20)
        .on_limits(OnLimits::Require)
        .storage(storage()?)
        .build()?;
    match strict.try_update(1) {
        Err(UpdateError::Storage(error)) => {
            assert_eq!(error.kind(), StorageErrorKind::Mismatch);
            let source = std::error::Error::source(&error).unwrap().to_string();
            assert!(source.contains("20") && source.contains("10"), "{source}");
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn leases_never_admit_more_than_the_limit() -> Result<(), Error> {
    let (name, step) = (fresh_name(), Duration::from_secs(30));
    let build = || {
        CallGate::builder(&name, step * 10, step)
            .gate_limit(20_000)
            .storage(storage()?.lease(Lease::new()))
            .build()
    };
    let gates = [build()?, build()?];
    let admitted: u64 = std::thread::scope(|scope| {
        let handles = gates.each_ref().map(|gate| {
            scope.spawn(move || (0..40_000).filter(|_| gate.try_update(1).is_ok()).count() as u64)
        });
        handles.map(|handle| handle.join().unwrap()).iter().sum()
    });
    assert!(admitted <= 20_000, "{admitted}");
    // what a lease leaves over is far less than half of what there was
    assert!(admitted > 10_000, "{admitted}");
    Ok(())
}

#[cfg(feature = "macros")]
#[call_gate::call_gate(gate, wait = never)]
async fn guarded(gate: &AsyncCallGate, word: &str) -> Result<usize, UpdateError> {
    tokio::task::yield_now().await;
    Ok(word.len())
}

#[cfg(feature = "macros")]
#[tokio::test]
async fn the_attribute_takes_a_gate_in_redis() -> Result<(), Error> {
    let gate = AsyncCallGate::from(gate(&fresh_name(), 2, Duration::from_secs(60))?);
    assert_eq!(guarded(&gate, "one").await?, 3);
    assert_eq!(guarded(&gate, "three").await?, 5);
    assert!(guarded(&gate, "no").await.unwrap_err().is_denied());
    Ok(())
}
