//! A server of this run alone, on a free port of this machine, which is gone with it.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Only a fault takes as long.
const PATIENCE: Duration = Duration::from_secs(5);
/// A node of a cluster also listens 10,000 above its port.
const HIGHEST: u16 = u16::MAX - 10_000;

/// Runs a program beside it until its input ends, which it does with the process that started it, however that ends.
const WATCHED: &str = r#""$@" & server=$!; cat >/dev/null; kill "$server"; wait "$server""#;

pub(crate) struct Server {
    watcher: Child,
    port: u16,
    _folder: TempDir,
}

impl Server {
    /// Starts it with `options` beside those for a server that keeps nothing.
    pub(crate) fn start(options: &[&str]) -> Result<Self, Box<dyn Error>> {
        let program = program()?;
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let watcher = Command::new("sh")
            .args(["-c", WATCHED, "sh", program, "--port", &port.to_string()])
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(folder.path())
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let server = Self {
            watcher,
            port,
            _folder: folder,
        };
        let until = Instant::now() + PATIENCE;
        while server.ask(&["PING"]).is_err() {
            if Instant::now() > until {
                return Err(format!("{program} does not answer on port {port}").into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> String {
        self.port.to_string()
    }

    /// Sends it one command, and returns its answer, item by item.
    pub(crate) fn ask(&self, words: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut message = Vec::new();
        write!(message, "*{}\r\n", words.len())?;
        for word in words {
            write!(message, "${}\r\n{word}\r\n", word.len())?;
        }
        stream.write_all(&message)?;
        let mut items = Vec::new();
        answer(&mut BufReader::new(stream), &mut items)?;
        Ok(items)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // its input ends, and so it ends the server
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}

/// One answer of the protocol of Redis, as text; arrays item by item.
fn answer(stream: &mut impl BufRead, items: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let line = line.trim_end();
    let (kind, rest) = line.split_at_checked(1).ok_or("no answer")?;
    match kind {
        "+" | ":" => items.push(rest.to_owned()),
        "$" => {
            // a length of -1: there is none
            if let Ok(length) = rest.parse() {
                let mut text = vec![0; length];
                stream.read_exact(&mut text)?;
                stream.read_exact(&mut [0; 2])?;
                items.push(String::from_utf8(text)?);
            }
        }
        "*" => {
            for _ in 0..rest.parse()? {
                answer(stream, items)?;
            }
        }
        _ => return Err(format!("the server says: {rest}").into()),
    }
    Ok(())
}

fn program() -> Result<&'static str, String> {
    let runs = |name: &&str| {
        let output = Command::new(name).arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    };
    let known = ["redis-server", "valkey-server"];
    known.into_iter().find(runs).ok_or_else(|| {
        "there is no `redis-server` on PATH: install the package `redis-server` or `redis`"
            .to_owned()
    })
}

/// A port that nobody listened on a moment ago.
fn free_port() -> Result<u16, Box<dyn Error>> {
    let mut taken = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        if port < HIGHEST {
            return Ok(port);
        }
        // held on to, so that the next one is another
        taken.push(listener);
    }
}
