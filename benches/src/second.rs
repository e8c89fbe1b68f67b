//! The second process: this very binary, with other arguments.

use std::env;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use crate::candidate::{nanos_per, processes};
use crate::{gates, segment};

/// The argument that makes this binary the second process; no option of a user's.
pub const ARGUMENT: &str = "--second-process";

/// The second process, spoken to in lines; it ends when its input does.
#[derive(Debug)]
pub struct Second {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Second {
    /// Starts it for the job that `words` say.
    pub fn start(words: &[String]) -> Self {
        let program = env::current_exe().expect("this binary has a path");
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this binary starts again");
        let output = child.stdout.take().expect("its output is piped");
        Self {
            input: child.stdin.take(),
            output: BufReader::new(output),
            child,
        }
    }

    /// Tells it a number.
    pub fn tell(&mut self, number: u64) {
        let mut input = self.input.as_ref().expect("its input is piped");
        let line = format!("{number}\n");
        input
            .write_all(line.as_bytes())
            .expect("the second process lives");
    }

    /// Its next line.
    pub fn answer(&mut self) -> String {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        assert!(
            read.is_ok_and(|length| length > 0),
            "the second process ended"
        );
        line.trim_end().to_owned()
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        drop(self.input.take());
        // It has nothing left to do; one that is stuck must not outlive the run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does what the words after [`ARGUMENT`] say.
pub fn serve(words: &[String]) {
    match words {
        [job, gate, control] if job == "calls" => {
            let (gate, control) = (segment::roomy(gate), segment::control(control));
            processes::serve(&gate, &control, stdout(), stdin().lock());
        }
        [job, names @ ..] if job == "attach" => {
            // the first pass maps them, the second finds them mapped
            let passes = [attach(names), attach(names)];
            let passes = passes.map(|pass| pass.to_string());
            println!("{}", passes.join(" "));
        }
        [job] if job == "memory" => {
            let start = Instant::now();
            let gate = gates::built(gates::roomy(gates::FRAMES, gates::SECOND));
            let nanos = nanos_per(start.elapsed(), 1);
            assert!(gate.try_update(1).is_ok(), "a new gate has room");
            println!("{nanos}");
        }
        _ => panic!("no job {words:?}"),
    }
}

/// Opens the gates of these names, and tells nanoseconds for one.
fn attach(names: &[String]) -> f64 {
    let start = Instant::now();
    let gates: Vec<_> = names.iter().map(|name| segment::roomy(name)).collect();
    let elapsed = start.elapsed();
    for gate in &gates {
        let sum = gate.sum().expect("a gate that was opened answers");
        assert_eq!(sum, 1, "not the gate that was made before");
    }
    nanos_per(elapsed, names.len() as u64)
}
