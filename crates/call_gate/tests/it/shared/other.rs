//! The other process: asked in lines, and answering in lines.

use call_gate::{
    CallGate, CallGateBuilder, ConfigError, SharedMemory, StorageErrorKind, UpdateError, Wait,
};
use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio, exit};
use std::sync::Once;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;
use std::{env, io, process, thread};

const PREFIX: &str = "call_gate it ";
const JOB: &str = "CALL_GATE_TEST_JOB";
/// The gate that the other process is to open.
pub(super) const GATE: &str = "CALL_GATE_TEST_GATE";
/// What the harness prints does not begin so.
const MARK: &str = "told: ";
/// How long an answer may take on a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// The name of one test's gate, which is removed with it; if that is killed, by the next run.
pub(super) struct Name(pub(super) String);

impl Name {
    pub(super) fn new(test: &str) -> Self {
        Self(fresh(test))
    }
}

/// A name that no other test has, and no other run.
pub(super) fn fresh(test: &str) -> String {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(sweep);
    format!("{PREFIX}{test} {}", process::id())
}

impl Drop for Name {
    fn drop(&mut self) {
        // a test may have removed it
        let _ = SharedMemory::remove(&self.0);
    }
}

fn sweep() {
    for segment in SharedMemory::list().unwrap() {
        let name = segment.name().filter(|name| name.starts_with(PREFIX));
        let Some((name, process)) = name.and_then(|name| Some((name, name.rsplit(' ').next()?)))
        else {
            continue;
        };
        if Path::new("/proc/self").exists() && !Path::new("/proc").join(process).exists() {
            let _ = SharedMemory::remove(name);
        }
    }
}

/// A gate of ten whose bookings stay for the length of a test.
pub(super) fn builder(name: &str) -> CallGateBuilder {
    CallGate::builder(name, Duration::from_secs(3600), Duration::from_secs(60))
        .gate_limit(10)
        .storage(SharedMemory::new())
}

pub(super) fn open(name: &str) -> Result<CallGate, ConfigError> {
    builder(name).build()
}

/// A process that does a job; killed when it is dropped.
pub(super) struct Other {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Other {
    pub(super) fn start(job: &str, name: &Name) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "shared::other::entry",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .env(JOB, job)
            .env(GATE, &name.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            let lines = output.lines().map_while(Result::ok);
            for line in lines {
                if let Some((_, told)) = line.split_once(MARK)
                    && sender.send(told.to_owned()).is_err()
                {
                    break;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            answers,
        }
    }

    pub(super) fn tell(&mut self, line: impl Display) {
        let line = format!("{line}\n");
        self.input
            .as_mut()
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
    }

    pub(super) fn answer(&self) -> String {
        self.answers.recv_timeout(PATIENCE).unwrap()
    }

    pub(super) fn ask(&mut self, line: impl Display) -> String {
        self.tell(line);
        self.answer()
    }

    /// Lets it come to its end, which must be a good one.
    pub(super) fn finish(mut self) {
        self.input = None;
        // its last words, then the end of its output
        while self.answers.recv_timeout(PATIENCE).is_ok() {}
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // it may have ended
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "what other tests start"]
fn entry() {
    let (Ok(job), Ok(name)) = (env::var(JOB), env::var(GATE)) else {
        return;
    };
    match &*job {
        "sync" => serve(&open(&name).unwrap()),
        "short" => {
            let window = Duration::from_millis(300);
            let builder = CallGate::builder(&*name, window, window / 3).gate_limit(10);
            serve(&builder.storage(SharedMemory::new()).build().unwrap());
        }
        #[cfg(feature = "tokio")]
        "async" => super::awaited::serve(&name),
        #[cfg(feature = "macros")]
        "decorated" => super::decorated::serve(),
        other => panic!("no job {other}"),
    }
    // nobody may be left to read what the harness would say
    exit(0);
}

/// What this process is asked, until nobody asks any more.
pub(super) fn asked() -> impl Iterator<Item = String> {
    io::stdin().lines().map_while(Result::ok)
}

pub(super) fn tell(what: impl Display) {
    println!("{MARK}{what}");
}

/// The answer to an update.
pub(super) fn shown(outcome: Result<u64, UpdateError>) -> String {
    match outcome {
        Ok(sum) => format!("admitted, {sum} in all"),
        Err(UpdateError::Storage(error)) if error.kind() == StorageErrorKind::Retired => {
            "retired".to_owned()
        }
        Err(error) => match error.denial() {
            Some(denial) => format!("denied, {} of {} used", denial.used(), denial.limit()),
            None => format!("{error:?}"),
        },
    }
}

fn serve(gate: &CallGate) {
    for line in asked() {
        let (verb, value) = line.split_once(' ').unwrap_or((&line, "0"));
        let value = value.parse().unwrap();
        let wait = |wait| shown(gate.update_with(value, wait).map(|reading| reading.sum()));
        tell(match verb {
            "try" => wait(Wait::Never),
            "wait" => wait(Wait::Forever),
            "sum" => format!("{} in all", gate.sum().unwrap()),
            "close" => {
                gate.close();
                "closed".to_owned()
            }
            other => panic!("no verb {other}"),
        });
    }
}
