//! A process that ends with its test, however that ends.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{self, Command, Stdio};

/// A child and the shell that kills it once this process is gone, however it went.
///
/// Linux could send a signal of its own, but does so when the *thread* that started the child ends.
#[derive(Debug)]
pub(super) struct Child {
    child: process::Child,
    watcher: process::Child,
}

impl Child {
    /// Starts a command away from the terminal's signals, which would end a server before its test is over.
    pub(super) fn start(command: &mut Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        // a word says that the child is gone; the end of the pipe, that this process is
        let watcher = Command::new("sh")
            .args([
                "-c",
                "read word || kill -KILL \"$0\"",
                &child.id().to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("sh does not start: {error}"));
        Self { child, watcher }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal by its name, such as `STOP`.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", "kill -\"$0\" \"$1\"", name, &self.id().to_string()])
            .status();
        assert!(
            sent.as_ref().is_ok_and(process::ExitStatus::success),
            "{name} was not sent to {}: {sent:?}",
            self.id()
        );
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(mut pipe) = self.watcher.stdin.take() {
            let _ = pipe.write_all(b"gone\n");
        }
        let _ = self.watcher.wait();
    }
}
