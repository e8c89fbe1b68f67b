//! Servers that live as long as a test.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(super) struct Redis {
    pub(super) port: u16,
    /// What it was started with, and will be again.
    options: Vec<String>,
    folder: TempDir,
    process: Option<Child>,
}

impl Redis {
    pub(super) fn start(options: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), options)
    }

    pub(super) fn start_in(folder: TempDir, options: &[&str]) -> Self {
        let mut redis = Self {
            port: free_port(),
            options: options.iter().map(|&option| option.to_owned()).collect(),
            folder,
            process: None,
        };
        redis.restart();
        redis
    }

    /// Starts it, on the port that it had.
    pub(super) fn restart(&mut self) {
        let sentinel = self.options.iter().any(|option| option == "--sentinel");
        let mut command = Command::new("redis-server");
        command
            .args(&self.options)
            .args(["--port", &self.port.to_string()]);
        command
            .args(["--bind", "127.0.0.1", "--dir"])
            .arg(self.folder.path());
        if !sentinel {
            command.args(["--save", "", "--appendonly", "no"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        self.process = Some(command.spawn().expect("redis-server must be installed"));
        until("the server listens", || {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
    }

    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Stops its process or lets it go on, by `STOP` and `CONT`.
    pub(super) fn signal(&self, name: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        let done = Command::new("kill").args(["-s", name, &id]).status();
        assert!(done.unwrap().success());
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// One command, on a connection of its own.
    pub(super) fn tell(&self, words: &[&str]) -> redis::Value {
        self.try_tell(words).unwrap()
    }

    pub(super) fn try_tell(&self, words: &[&str]) -> redis::RedisResult<redis::Value> {
        let client = redis::Client::open(self.url())?;
        let mut connection = client.get_connection_with_timeout(Duration::from_secs(2))?;
        connection.set_read_timeout(Some(Duration::from_secs(2)))?;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]).query(&mut connection)
    }

    /// How many connections it ever had, with the one that asks.
    pub(super) fn received(&self) -> usize {
        let stats: String = redis::from_redis_value(self.tell(&["INFO", "stats"])).unwrap();
        let mut lines = stats.lines();
        let number = lines.find_map(|line| line.strip_prefix("total_connections_received:"));
        number.unwrap().parse().unwrap()
    }

    /// How often a script that counts has run for `key`.
    pub(super) fn count(&self, key: &str) -> u64 {
        let value = self.tell(&["GET", key]);
        redis::from_redis_value::<Option<u64>>(value)
            .unwrap()
            .unwrap_or(0)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(super) fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if port != 6379 {
            return port;
        }
    }
}

/// Waits until it is so.
pub(super) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !so() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
