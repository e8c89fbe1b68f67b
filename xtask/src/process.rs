//! Child processes with a deadline: shown, waited for, and ended with all their children when late.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::plan::show;
use crate::workspace;

/// When a step has to be over.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    budget: Duration,
}

impl Deadline {
    pub(crate) fn after(budget: Duration) -> Self {
        Self {
            at: Instant::now() + budget,
            budget,
        }
    }
}

/// The cargo that runs this program, at the root of the workspace; `words` are split at spaces.
pub(crate) fn cargo(words: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(words.split(' '))
        .current_dir(workspace::root())
        .stdin(Stdio::null());
    command
}

/// Runs a command whose output goes straight to the reader.
pub(crate) fn run(command: &mut Command, deadline: Deadline) -> Result<(), String> {
    println!("  $ {}", line(command));
    let mut child = spawn(command)?;
    let status = wait(&mut child, deadline)?;
    succeeded(status)
}

/// Runs a command that ends in test runners' closing lines, and counts the tests that passed.
///
/// That no test ran is an error: a filter that matches nothing must not pass for a success.
pub(crate) fn run_tests(command: &mut Command, deadline: Deadline) -> Result<u64, String> {
    println!("  $ {}", line(command));
    let mut child = spawn(command.stdout(Stdio::piped()))?;
    let lines = child.stdout.take().map(|pipe| BufReader::new(pipe).lines());
    let reader = thread::spawn(move || {
        let mut passed = 0;
        for text in lines.into_iter().flatten().map_while(Result::ok) {
            println!("{text}");
            passed += tests_passed(&text).unwrap_or(0);
        }
        passed
    });
    let status = wait(&mut child, deadline)?;
    let passed = reader.join().map_err(|_| "its output could not be read")?;
    succeeded(status)?;
    if passed == 0 {
        return Err("no test ran; does the filter still match a test?".to_owned());
    }
    Ok(passed)
}

/// How a command whose output went to a file ended.
pub(crate) enum Ended {
    Succeeded,
    Failed,
    TimedOut,
}

/// Runs a command whose output goes to a file.
pub(crate) fn run_logged(
    command: &mut Command,
    log: &File,
    deadline: Deadline,
) -> Result<Ended, String> {
    let copy = || log.try_clone().map_err(|error| error.to_string());
    let mut child = spawn(command.stdout(copy()?).stderr(copy()?))?;
    match wait(&mut child, deadline) {
        Ok(status) if status.success() => Ok(Ended::Succeeded),
        Ok(_) => Ok(Ended::Failed),
        Err(_) => Ok(Ended::TimedOut),
    }
}

/// Runs a short command and returns what it printed.
pub(crate) fn capture(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("`{}`: {error}", line(command)))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!(
            "`{}`: {}\n{}",
            line(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        ))
    }
}

/// The number in a closing line such as `test result: ok. 12 passed; 0 failed; ..`.
pub(crate) fn tests_passed(text: &str) -> Option<u64> {
    let counts = text.trim_start().strip_prefix("test result: ")?;
    let (before, _) = counts.split_once(" passed")?;
    before.rsplit(' ').next()?.parse().ok()
}

fn spawn(command: &mut Command) -> Result<Child, String> {
    command
        .spawn()
        .map_err(|error| format!("`{}` did not start: {error}", line(command)))
}

fn succeeded(status: ExitStatus) -> Result<(), String> {
    if status.success() {
        Ok(())
    } else {
        Err(format!("the command above ended with {status}"))
    }
}

fn wait(child: &mut Child, deadline: Deadline) -> Result<ExitStatus, String> {
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        if Instant::now() >= deadline.at {
            end(child);
            return Err(format!(
                "killed: over its budget of {}",
                show(deadline.budget)
            ));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a child and everything it started: killing cargo alone leaves the test binary running.
fn end(child: &mut Child) {
    let root = child.id();
    if cfg!(windows) {
        let _ = Command::new("taskkill")
            .args(["/T", "/F", "/PID", &root.to_string()])
            .status();
    } else if let Ok(table) = capture(Command::new("ps").args(["-A", "-o", "pid=,ppid="])) {
        let family: Vec<String> = descendants(root, &table)
            .iter()
            .map(u32::to_string)
            .collect();
        if !family.is_empty() {
            let _ = Command::new("kill").arg("-KILL").args(family).status();
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn descendants(root: u32, table: &str) -> Vec<u32> {
    let pairs: Vec<(u32, u32)> = table
        .lines()
        .filter_map(|row| {
            let mut words = row.split_whitespace().map(str::parse);
            Some((words.next()?.ok()?, words.next()?.ok()?))
        })
        .collect();
    let mut family = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (pid, _) in pairs.iter().filter(|pair| pair.1 == parent) {
            family.push(*pid);
            parents.push(*pid);
        }
    }
    family
}

/// The command as a person would type it, with the variables it adds.
fn line(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!(
                "{}={}",
                name.to_string_lossy(),
                quoted(&value.to_string_lossy())
            ));
        }
    }
    let program = command.get_program();
    let program = std::path::Path::new(program).file_stem().unwrap_or(program);
    words.push(program.to_string_lossy().into_owned());
    words.extend(
        command
            .get_args()
            .map(|word| quoted(&word.to_string_lossy())),
    );
    words.join(" ")
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains(' ') {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{descendants, tests_passed};

    #[test]
    fn reads_the_closing_line_of_a_test_runner() {
        let text = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out";
        assert_eq!(tests_passed(text), Some(12));
        assert_eq!(tests_passed("test window::rolls ... ok"), None);
    }

    #[test]
    fn finds_children_of_children() {
        let table = " 10 1\n 11 10\n 12 11\n 13 1\n";
        assert_eq!(descendants(10, table), [11, 12]);
    }
}
