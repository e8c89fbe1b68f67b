//! Connections that break without a word, and those beside them.

use super::*;
use std::sync::Arc;

const SHORT: Duration = Duration::from_millis(200);

/// A call that times out costs its own connection, and none of the others.
#[test]
fn one_that_is_too_slow_leaves_the_others() {
    let redis = Redis::start(&[]);
    let link = Arc::new(client(&redis.url()));
    redis.tell(&["CLIENT", "PAUSE", "200", "ALL"]);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let link = Arc::clone(&link);
            std::thread::spawn(move || run(&*link, &call("k", COUNT), AMPLE))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
    let before = redis.received();
    redis.tell(&["CLIENT", "PAUSE", "300", "ALL"]);
    let late = run(&*link, &call("k", COUNT), SHORT);
    assert_eq!(kind(late), StorageErrorKind::TimedOut);
    run(&*link, &call("k", COUNT), AMPLE).unwrap();
    // the one that paused it, and the one that asks
    assert_eq!(redis.received(), before + 2);
}

/// Callers that leave before their deadline must not keep a dead connection alive.
#[cfg(feature = "tokio")]
#[test]
fn a_dead_connection_is_replaced_though_all_callers_leave_early() {
    let redis = Redis::start(&[]);
    let tunnel = tunnel::Tunnel::to(redis.port);
    let link = client(&format!("redis://127.0.0.1:{}/", tunnel.port));
    runtime().block_on(async {
        let asked = call("k", COUNT);
        let ask = || link.run_async(&asked, Instant::now() + Duration::from_secs(60));
        ask().await.unwrap();
        tunnel.swallow_all_so_far();
        let from = Instant::now();
        while tokio::time::timeout(SHORT, ask()).await.is_err() {
            assert!(from.elapsed() < AMPLE, "never replaced");
        }
        assert!(from.elapsed() >= SHORT, "nothing was swallowed");
        ask().await.unwrap();
    });
}

/// A way to a server that can lose what is sent on it.
#[cfg(feature = "tokio")]
mod tunnel {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::thread;

    pub(super) struct Tunnel {
        pub(super) port: u16,
        made: Arc<AtomicUsize>,
        /// Connections with a lower number carry nothing.
        dead: Arc<AtomicUsize>,
    }

    impl Tunnel {
        pub(super) fn to(port: u16) -> Self {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let tunnel = Self {
                port: listener.local_addr().unwrap().port(),
                made: Arc::default(),
                dead: Arc::default(),
            };
            let (made, dead) = (Arc::clone(&tunnel.made), Arc::clone(&tunnel.dead));
            thread::spawn(move || {
                for near in listener.incoming() {
                    let (near, far) = (near.unwrap(), TcpStream::connect(("127.0.0.1", port)));
                    let far = far.unwrap();
                    let number = made.fetch_add(1, SeqCst);
                    let back = (far.try_clone().unwrap(), near.try_clone().unwrap());
                    for (from, to) in [(near, far), back] {
                        let dead = Arc::clone(&dead);
                        thread::spawn(move || carry(from, to, || dead.load(SeqCst) > number));
                    }
                }
            });
            tunnel
        }

        pub(super) fn swallow_all_so_far(&self) {
            self.dead.store(self.made.load(SeqCst), SeqCst);
        }
    }

    fn carry(mut from: TcpStream, mut to: TcpStream, is_dead: impl Fn() -> bool) {
        let mut bytes = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            if !is_dead() && to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
    }
}
