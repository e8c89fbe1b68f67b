//! Other processes: this very binary, started at one entry that does a job it is told, and spoken to in lines.

use crate::hammer;
use call_gate_testkit::servers::Server;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, process, thread};

const JOB: &str = "CALL_GATE_TEST_JOB";

/// How long anything that another process does may take on a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// Suites of many processes would take each other's processors.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // a suite that failed leaves nothing behind
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many calls of the script came to a server, but for those that brought it with them.
pub(crate) fn evals(server: &Server) -> u64 {
    let stats = server.command(&["INFO", "commandstats"]).unwrap();
    let calls = |line: &str| {
        let numbers = line.strip_prefix("cmdstat_evalsha:calls=")?;
        numbers.split(',').next()?.parse().ok()
    };
    stats.lines().find_map(calls).unwrap_or(0)
}

/// A process that does a job; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Member {
    pub(crate) fn start(job: &str) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["crew::entry", "--exact", "--ignored", "--nocapture"])
            .env(JOB, job)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some((_, told)) = line.split_once("told: ")
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

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn tell(&mut self, line: impl Display) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub(crate) fn answer(&self) -> String {
        self.answers
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|error| panic!("process {} does not answer: {error}", self.id()))
    }

    /// Returns once it is dead, by `SIGKILL`.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Lets it come to its end, which must be a good one.
    pub(crate) fn finish(mut self) {
        self.input = None;
        let over = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < over,
                "process {} does not end",
                self.child.id()
            );
            thread::sleep(Duration::from_millis(1));
        };
        assert!(status.success(), "process {}: {status}", self.child.id());
    }

    fn end(&mut self) {
        // it may have ended
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.end();
    }
}

/// For the other side: says `what` to the process that started this one.
pub(crate) fn told(what: impl Display) {
    println!("told: {what}");
}

/// For the other side: what it is asked. With nobody there any more who asks, this process ends.
fn asked() -> Receiver<String> {
    let (sender, asked) = mpsc::channel();
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
        // in the middle of its work too, when a test has failed
        process::exit(0);
    });
    asked
}

#[test]
#[ignore = "what other tests start"]
fn entry() {
    let Ok(job) = env::var(JOB) else {
        return;
    };
    let asked = asked();
    match job.as_str() {
        "hammer" => hammer::work(&asked),
        #[cfg(feature = "cluster")]
        "cluster" => crate::cluster::work(&asked),
        "wait" => crate::waiting::work(&asked),
        other => panic!("no job {other}"),
    }
    // until whoever started this has read what was told
    let _ = asked.recv();
}
