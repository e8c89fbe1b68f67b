//! One server.

use super::child::Child;
use super::folder::Folder;
use super::wire::{Reply, Wire};
use super::{free_port, program, until};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

mod launch;

use launch::{words, write_offset};

/// What lists every key with its time to live, at one moment.
const KEYS: &str = "local all = {} for _, key in ipairs(redis.call('KEYS', '*')) do \
                    all[#all + 1] = key all[#all + 1] = redis.call('PTTL', key) end return all";

/// A `redis-server` of its own, in memory unless told otherwise, killed when dropped.
///
/// Every method takes `&self`, so that a test can break a server while other threads use it.
#[derive(Debug)]
pub struct Server {
    // dropped before the folder that it writes to
    child: Mutex<Option<Child>>,
    folder: Folder,
    port: u16,
    tls_port: Option<u16>,
    role: Role,
    words: Vec<String>,
    halted: AtomicBool,
}

/// A key, as a server holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its name.
    pub name: String,
    /// How long until it expires; `None`: it never does.
    pub ttl: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    Tls,
    FakeTime,
    Sentinel,
}

impl Server {
    /// A server with further arguments, such as `["--appendonly", "yes"]` or `["--requirepass", "secret"]`.
    ///
    /// # Panics
    ///
    /// If there is none to start, or it does not come up; the panic says why.
    #[must_use]
    pub fn start(args: &[&str]) -> Self {
        Self::of(Role::Plain, args)
    }

    /// A server that also speaks TLS, with a certificate for 127.0.0.1 and localhost that [`ca`](Self::ca) signed.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start), and if there is no `openssl`.
    #[must_use]
    pub fn with_tls(args: &[&str]) -> Self {
        Self::of(Role::Tls, args)
    }

    /// A server whose clock [`set_clock_offset`](Self::set_clock_offset) moves.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start), and if there is no libfaketime.
    #[must_use]
    pub fn with_fake_time(args: &[&str]) -> Self {
        Self::of(Role::FakeTime, args)
    }

    pub(super) fn of(role: Role, args: &[&str]) -> Self {
        let mut told = String::new();
        // somebody else may take a port between our look at it and the server's
        for _ in 0..20 {
            let folder = Folder::new();
            let (port, tls_port) = (free_port(), (role == Role::Tls).then(free_port));
            let words = words(&folder, role, port, tls_port, args);
            let server = Self {
                child: Mutex::new(None),
                folder,
                port,
                tls_port,
                role,
                words,
                halted: AtomicBool::new(false),
            };
            match server.launch() {
                Ok(()) => return server,
                Err(log) if log.contains("Address already in use") => told = log,
                Err(log) => panic!("{} {args:?} does not start:\n{log}", program::server().name),
            }
        }
        panic!("no port stays free for a server:\n{told}")
    }

    /// Where clients find it, without a user.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where clients find it by TLS.
    ///
    /// # Panics
    ///
    /// If it was not started [`with_tls`](Self::with_tls).
    #[must_use]
    pub fn tls_url(&self) -> String {
        let port = self.tls_port.expect("a server started with TLS");
        format!("rediss://127.0.0.1:{port}")
    }

    /// Where clients on this machine find it without a port.
    #[must_use]
    pub fn socket_url(&self) -> String {
        format!("redis+unix://{}", self.folder.file("socket"))
    }

    /// The certificate that clients must trust to speak TLS with it.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.file("log")).unwrap_or_default()
    }

    /// Whether it runs: it was neither killed nor halted, and has not ended by itself.
    #[must_use]
    pub fn is_up(&self) -> bool {
        let runs = |child: &mut Child| !child.has_ended();
        self.child().as_mut().is_some_and(runs) && !self.halted.load(Ordering::SeqCst)
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&self) {
        drop(self.child().take());
        self.halted.store(false, Ordering::SeqCst);
    }

    /// Starts it again, on the same port and in the same folder; kills it first if it runs.
    ///
    /// # Panics
    ///
    /// If it does not come up.
    pub fn restart(&self) {
        self.kill();
        until("a server is back", || self.launch().err());
    }

    /// Halts it: it keeps its connections and answers nothing until [`cont`](Self::cont).
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn stop(&self) {
        self.signal("STOP");
        self.halted.store(true, Ordering::SeqCst);
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// If it is down.
    pub fn cont(&self) {
        self.signal("CONT");
        self.halted.store(false, Ordering::SeqCst);
    }

    /// A connection that may do everything.
    ///
    /// # Panics
    ///
    /// If the server does not answer.
    #[must_use]
    pub fn wire(&self) -> Wire {
        self.connect().unwrap_or_else(|error| {
            panic!("the server on port {} does not answer: {error}", self.port)
        })
    }

    /// Does a command, and tells its answer as [`Reply::text`] does.
    ///
    /// # Errors
    ///
    /// The server's words, if it refused; or that it did not answer within 20 s.
    pub fn command(&self, words: &[&str]) -> Result<String, String> {
        let told = self.connect().and_then(|mut wire| wire.ask(words));
        told.map_err(|error| format!("{words:?} on port {}: {error}", self.port))?
            .text()
    }

    /// Keeps it busy for so long, so that it answers nobody, and returns at once.
    ///
    /// # Panics
    ///
    /// If it does not listen.
    pub fn keep_busy(&self, time: Duration) {
        let seconds = format!("{:.3}", time.as_secs_f64());
        let sent = self.wire().send(&["DEBUG", "SLEEP", &seconds]);
        sent.expect("the server listens");
    }

    /// Every key that has not expired, at one moment, in the order of their names.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    #[must_use]
    pub fn keys(&self) -> Vec<StoredKey> {
        let told = self
            .wire()
            .ask(&["EVAL", KEYS, "0"])
            .expect("the server answers");
        let Reply::List(told) = told else {
            panic!("keys on port {}: {told:?}", self.port);
        };
        let key = |pair: &[Reply]| match pair {
            [Reply::Bytes(name), Reply::Number(ttl)] => StoredKey {
                name: String::from_utf8_lossy(name).into_owned(),
                ttl: u64::try_from(*ttl).ok().map(Duration::from_millis),
            },
            other => panic!("a key: {other:?}"),
        };
        let mut keys: Vec<StoredKey> = told.chunks(2).map(key).collect();
        keys.sort_by(|one, other| one.name.cmp(&other.name));
        keys
    }

    /// What its clock shows.
    ///
    /// # Panics
    ///
    /// If it does not answer.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        let told = self
            .command(&["TIME"])
            .expect("everybody may ask for the time");
        let mut numbers = told.lines().map(|line| line.parse().expect("a number"));
        let mut next = || numbers.next().expect("two numbers");
        UNIX_EPOCH + Duration::from_secs(next()) + Duration::from_micros(next())
    }

    /// Sets its clock so many seconds before or behind the machine's, to the millisecond. It shows that at once.
    ///
    /// # Panics
    ///
    /// If it was not started [`with_fake_time`](Self::with_fake_time).
    pub fn set_clock_offset(&self, seconds: f64) {
        assert!(
            self.role == Role::FakeTime,
            "a server on the machine's own clock"
        );
        write_offset(&self.folder, seconds);
    }

    fn connect(&self) -> std::io::Result<Wire> {
        let mut wire = Wire::connect(self.port)?;
        if self.role != Role::Sentinel {
            wire.ask(&["AUTH", "kit", "kit"])?;
        }
        Ok(wire)
    }

    fn signal(&self, name: &str) {
        let child = self.child();
        let child = child.as_ref();
        child
            .unwrap_or_else(|| panic!("the server on port {} is down", self.port))
            .signal(name);
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
