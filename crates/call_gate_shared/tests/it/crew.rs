//! Other processes that are spoken to in lines, and waited for no longer than a deadline.

use crate::{hammer, script, storm, three, worker};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything that another process does may take on a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

/// Suites in real time would take each other's processors.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // a suite that failed leaves nothing behind
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn is_long() -> bool {
    std::env::var_os("CALL_GATE_LONG").is_some()
}

/// Waits until something holds that other processes bring about.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < PATIENCE,
            "waited {PATIENCE:?} in vain until {what}"
        );
        thread::sleep(Duration::from_micros(100));
    }
}

/// A process that does a job; killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Member {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Member {
    pub(crate) fn start(job: &str, folder: &Path) -> Self {
        Self::spawn(Command::new(std::env::current_exe().unwrap()), job, folder)
    }

    /// `program` wraps this binary.
    pub(crate) fn spawn(program: Command, job: &str, folder: &Path) -> Self {
        let mut child = worker::command(program, job, folder).spawn().unwrap();
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

    /// Whether there is an answer, which is then taken.
    pub(crate) fn has_answered(&self) -> bool {
        self.answers.try_recv().is_ok()
    }

    pub(crate) fn ask(&mut self, line: impl Display) -> String {
        self.tell(line);
        self.answer()
    }

    /// Returns once it is stopped.
    pub(crate) fn stop(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
        until("a process is stopped", || {
            let options = WaitOptions::UNTRACED | WaitOptions::NOHANG;
            match waitpid(Some(self.pid()), options).unwrap() {
                Some((_, status)) => {
                    assert!(status.stopped(), "it ended: {status:?}");
                    true
                }
                None => false,
            }
        });
    }

    pub(crate) fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    /// Returns once it is dead, by that signal or before.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Lets it come to its end, which must be a good one.
    pub(crate) fn finish(mut self) {
        self.input = None;
        let mut status: Option<ExitStatus> = None;
        until("a process ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert!(
            status.unwrap().success(),
            "process {}: {status:?}",
            self.id()
        );
    }

    /// Whether it has come to its end by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
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

/// For the other side: what it does for a living.
pub(crate) fn job(name: &str) -> Option<fn(&Path)> {
    Some(match name {
        "hammer" => hammer::work,
        "live" => script::live,
        "risk" => storm::work,
        "serve" => |_| three::serve(),
        _ => return None,
    })
}

/// For the other side: says `what` to the process that started this one.
pub(crate) fn told(what: impl Display) {
    println!("told: {what}");
}

/// For the other side: what it is asked, until there is nobody any more who asks.
pub(crate) fn asked() -> impl Iterator<Item = String> {
    std::io::stdin().lines().map_while(Result::ok)
}

/// For the other side: goes with the test that started it, also where it is stopped by then.
pub(crate) fn go_with_the_starter() {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
}
