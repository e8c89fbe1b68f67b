//! The worker processes, and what they report.

use std::env;
use std::error::Error;
use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::shift::FAR_TOO_LONG;

pub(crate) struct Crew {
    program: PathBuf,
    /// What a worker is started with.
    words: Vec<String>,
    workers: Vec<Worker>,
    /// The number of the worker, and its line.
    sender: Sender<(usize, String)>,
    lines: Receiver<(usize, String)>,
}

struct Worker {
    child: Child,
    state: State,
    /// The frame of each admission.
    reports: Vec<SystemTime>,
    /// How many of them there were when the crew last changed.
    before: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Works,
    Killed,
}

impl Crew {
    /// Workers that are told `words`, beside that they are workers.
    pub(crate) fn new(words: &[&str]) -> Result<Self, Box<dyn Error>> {
        let (sender, lines) = mpsc::channel();
        Ok(Self {
            program: env::current_exe()?,
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            workers: Vec::new(),
            sender,
            lines,
        })
    }

    /// Starts one more, and tells its process id.
    pub(crate) fn start(&mut self) -> Result<u32, Box<dyn Error>> {
        let mut child = Command::new(&self.program)
            .arg("worker")
            .args(&self.words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (id, output) = (child.id(), child.stdout.take());
        let number = self.workers.len();
        self.workers.push(Worker {
            child,
            state: State::Works,
            reports: Vec::new(),
            before: 0,
        });
        let sender = self.sender.clone();
        thread::spawn(move || pass_on(output, number, &sender));
        Ok(id)
    }

    /// Takes what is reported within `time`.
    pub(crate) fn listen(&mut self, time: Duration) -> Result<(), Box<dyn Error>> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok((number, line)) => self.take(number, &line)?,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Err("nobody reports".into()),
            }
        }
        for worker in &mut self.workers {
            if worker.state == State::Works
                && let Some(status) = worker.child.try_wait()?
            {
                return Err(format!("process {} ended: {status}", worker.child.id()).into());
            }
        }
        Ok(())
    }

    /// Whether each who lives was admitted since somebody was started or killed.
    pub(crate) fn all_were_admitted(&self) -> bool {
        let mut living = self.workers.iter().filter(|worker| worker.lives());
        living.all(|worker| worker.reports.len() > worker.before)
    }

    /// Kills the first, without a warning, and tells its process id.
    pub(crate) fn kill(&mut self) -> Result<u32, Box<dyn Error>> {
        for worker in &mut self.workers {
            worker.before = worker.reports.len();
        }
        let victim = self.workers.first_mut().ok_or("nobody is there")?;
        victim.state = State::Killed;
        // SIGKILL, which nobody can prepare for
        victim.child.kill()?;
        let status = victim.child.wait()?;
        if status.code().is_some() && cfg!(unix) {
            return Err(format!("it was not killed: {status}").into());
        }
        Ok(victim.child.id())
    }

    /// Lets all come to their end, and takes the rest of what they reported.
    pub(crate) fn end(&mut self) -> Result<(), Box<dyn Error>> {
        for worker in &mut self.workers {
            drop(worker.child.stdin.take());
        }
        let until = Instant::now() + FAR_TOO_LONG;
        for worker in self.workers.iter_mut().filter(|worker| worker.lives()) {
            let status = loop {
                if let Some(status) = worker.child.try_wait()? {
                    break status;
                }
                if Instant::now() > until {
                    return Err("a worker does not come to its end".into());
                }
                thread::sleep(Duration::from_millis(1));
            };
            if !status.success() {
                return Err(format!("process {} ended: {status}", worker.child.id()).into());
            }
        }
        // the last of the threads that pass lines on drops the last sender
        self.sender = mpsc::channel().0;
        while let Ok((number, line)) = self.lines.recv_timeout(FAR_TOO_LONG) {
            self.take(number, &line)?;
        }
        Ok(())
    }

    /// The frame of each admission.
    pub(crate) fn reports(&self) -> impl Iterator<Item = SystemTime> {
        let workers = self.workers.iter();
        workers.flat_map(|worker| worker.reports.iter().copied())
    }

    /// The frame that the killed one reported last.
    pub(crate) fn last_report_of_the_killed(&self) -> Option<SystemTime> {
        let killed = self.workers.iter().find(|worker| !worker.lives())?;
        killed.reports.iter().max().copied()
    }

    fn take(&mut self, number: usize, line: &str) -> Result<(), Box<dyn Error>> {
        let since = Duration::from_nanos(line.parse()?);
        if let Some(worker) = self.workers.get_mut(number) {
            worker.reports.push(SystemTime::UNIX_EPOCH + since);
        }
        Ok(())
    }
}

/// How many admissions each reported, by process id.
impl fmt::Display for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, worker) in self.workers.iter().enumerate() {
            let (gap, mark) = (
                if number > 0 { "  " } else { "" },
                if worker.lives() { "" } else { "†" },
            );
            write!(
                f,
                "{gap}{}{mark} {}",
                worker.child.id(),
                worker.reports.len()
            )?;
        }
        Ok(())
    }
}

impl Worker {
    fn lives(&self) -> bool {
        self.state == State::Works
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // it has ended long ago, unless something went wrong
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pass_on(output: Option<ChildStdout>, number: usize, sender: &Sender<(usize, String)>) {
    let lines = output
        .into_iter()
        .flat_map(|output| BufReader::new(output).lines());
    for line in lines.map_while(Result::ok) {
        if sender.send((number, line)).is_err() {
            break;
        }
    }
}
