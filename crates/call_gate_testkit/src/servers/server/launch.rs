//! How a server is started.

use super::super::child::Child;
use super::super::folder::Folder;
use super::super::{PATIENCE, certificates, program};
use super::{Role, Server};
use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// The user that the kit commands servers as, whatever a test makes of the default user.
const CONTROL: [&str; 7] = ["--user", "kit", "on", ">kit", "~*", "&*", "+@all"];

impl Server {
    pub(super) fn launch(&self) -> Result<(), String> {
        let from = self.log().len();
        let mut child = Child::start(&mut self.program());
        let started = Instant::now();
        loop {
            if child.has_ended() {
                return Err(self.log().get(from..).unwrap_or_default().to_owned());
            }
            if self.answers_as(child.id()) {
                *self.child() = Some(child);
                return Ok(());
            }
            assert!(
                started.elapsed() < PATIENCE,
                "a server on port {} does not answer:\n{}",
                self.port,
                self.log()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn program(&self) -> Command {
        let mut command = Command::new(&program::server().name);
        command.args(&self.words).current_dir(self.folder.path());
        if self.role == Role::FakeTime {
            let (variable, value) = program::fake_time();
            command
                .env(variable, value)
                .env("FAKETIME_TIMESTAMP_FILE", self.folder.file("offset"))
                .env("FAKETIME_NO_CACHE", "1")
                // it would leave its shared memory behind when killed
                .env("FAKETIME_DISABLE_SHM", "1")
                .env("DONT_FAKE_MONOTONIC", "1");
        }
        command
    }

    /// Whether the process that answers on our port is ours, and ready.
    fn answers_as(&self, id: u32) -> bool {
        let told = || {
            let mut wire = self.connect().ok()?;
            let ready = wire.ask(&["PING"]).ok()?.text().is_ok();
            let info = wire.ask(&["INFO", "server"]).ok()?.text().ok()?;
            Some(ready && info.lines().any(|line| line == format!("process_id:{id}")))
        };
        told().unwrap_or(false)
    }
}

pub(super) fn words(
    folder: &Folder,
    role: Role,
    port: u16,
    tls_port: Option<u16>,
    args: &[&str],
) -> Vec<String> {
    let mut words = Vec::new();
    if role == Role::Sentinel {
        // a sentinel writes down what it learns
        fs::write(folder.file("conf"), "").expect("a file can be written");
        words.extend([folder.file("conf"), "--sentinel".to_owned()]);
    }
    let mut add = |more: &[&str]| words.extend(more.iter().map(|&word| word.to_owned()));
    add(&["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    add(&["--dir", &folder.file(""), "--logfile", &folder.file("log")]);
    if role != Role::Sentinel {
        add(&[
            "--save",
            "",
            "--appendonly",
            "no",
            "--unixsocket",
            &folder.file("socket"),
        ]);
        add(&["--databases", "2", "--repl-diskless-sync-delay", "0"]);
        add(&CONTROL);
        if program::server().major >= 7 {
            add(&["--enable-debug-command", "yes"]);
        }
    }
    if let Some(tls_port) = tls_port {
        certificates::make(folder);
        add(&[
            "--tls-port",
            &tls_port.to_string(),
            "--tls-auth-clients",
            "no",
        ]);
        add(&["--tls-cert-file", &folder.file("server.crt")]);
        add(&["--tls-key-file", &folder.file("server.key")]);
        add(&["--tls-ca-cert-file", &folder.file("ca.crt")]);
    }
    if role == Role::FakeTime {
        write_offset(folder, 0.0);
    }
    add(args);
    words
}

/// Written aside and renamed, so that the server never reads half of it.
pub(super) fn write_offset(folder: &Folder, seconds: f64) {
    fs::write(folder.file("offset.new"), format!("{seconds:+.3}\n"))
        .expect("a file can be written");
    fs::rename(folder.file("offset.new"), folder.file("offset")).expect("a file can be renamed");
}
