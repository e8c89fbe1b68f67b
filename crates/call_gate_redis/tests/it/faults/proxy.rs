//! A way to a server on which answers can be lost.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Passes on what clients send to a server, and what it answers unless that is lost.
pub(super) struct Proxy {
    port: u16,
    loses: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
}

impl Proxy {
    /// A proxy before the server on `port`.
    pub(super) fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let proxy = Self {
            port: listener.local_addr().unwrap().port(),
            loses: Arc::default(),
            ends: Arc::default(),
        };
        let (loses, ends) = (proxy.loses.clone(), proxy.ends.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                // a server that is away refuses its clients
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", port)))
                {
                    join(client, server, &loses);
                }
            }
        });
        proxy
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Whether answers are lost from now on. A connection that lost one delivers none any more, as TCP has it.
    pub(super) fn lose(&self, loses: bool) {
        self.loses.store(loses, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn join(client: TcpStream, server: TcpStream, loses: &Arc<AtomicBool>) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || pump(from, to, |_| true));
    let loses = loses.clone();
    let mut lost = false;
    thread::spawn(move || {
        pump(server, client, |_| {
            lost |= loses.load(Ordering::SeqCst);
            !lost
        });
    });
}

/// Passes bytes on as long as `passes` says so, and drops the others.
fn pump(mut from: TcpStream, mut to: TcpStream, mut passes: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..length];
        if passes(bytes) && to.write_all(bytes).is_err() {
            break;
        }
    }
    // either may be closed already
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
