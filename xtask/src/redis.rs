//! The server that the tests of `call_gate_redis` start, found or installed by the system's package manager.

use std::path::Path;
use std::process::Command;

use crate::plan::{Outcome, Step, minutes};
use crate::process::{self, Deadline};

/// The variable in which a person names another server.
const VARIABLE: &str = "CALL_GATE_REDIS_SERVER";

/// The variable in which a person names libfaketime's file.
const FAKE_TIME: &str = "CALL_GATE_FAKETIME";

const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];

/// Folders that distributions put libfaketime's library in.
const LIBRARIES: [&str; 7] = [
    "/usr/lib/x86_64-linux-gnu/faketime",
    "/usr/lib/aarch64-linux-gnu/faketime",
    "/usr/lib/faketime",
    "/usr/lib64/faketime",
    "/usr/lib",
    "/usr/local/lib/faketime",
    "/opt/homebrew/lib/faketime",
];

/// What the tests start: a server, clocks for it that can be moved, and certificates.
const PARTS: [&str; 3] = ["redis-server", "libfaketime", "openssl"];

/// A package manager: its program, what refreshes its lists, what installs, and its names for the parts.
struct Manager {
    program: &'static str,
    refresh: Option<&'static str>,
    install: &'static str,
    packages: [&'static str; 3],
    /// Whether it wants to be run by root.
    by_root: bool,
}

const MANAGERS: [Manager; 4] = [
    Manager {
        program: "apt-get",
        refresh: Some("update"),
        install: "install -y --no-install-recommends",
        packages: PARTS,
        by_root: true,
    },
    Manager {
        program: "dnf",
        refresh: None,
        install: "install -y",
        packages: ["redis", "libfaketime", "openssl"],
        by_root: true,
    },
    Manager {
        program: "apk",
        refresh: None,
        install: "add --no-cache",
        packages: ["redis", "libfaketime", "openssl"],
        by_root: true,
    },
    Manager {
        program: "brew",
        refresh: None,
        install: "install",
        packages: ["redis", "libfaketime", "openssl"],
        by_root: false,
    },
];

pub(crate) fn step() -> Step {
    Step::new(
        "set up redis",
        minutes(5),
        "install redis-server (or valkey), libfaketime and openssl by hand, or name a server in CALL_GATE_REDIS_SERVER \
         and libfaketimeMT's file in CALL_GATE_FAKETIME",
        set_up,
    )
}

fn set_up(deadline: Deadline) -> Result<Outcome, String> {
    if cfg!(windows) {
        let note = "NOT RUN: no Redis is packaged for Windows, so the tests against servers are for Unix only";
        return Ok(Outcome::Noted(note.to_owned()));
    }
    if let (Ok(named), None) = (std::env::var(VARIABLE), version()) {
        return Err(format!("{VARIABLE} names `{named}`, which does not run"));
    }
    let missing = missing();
    if !missing.is_empty() {
        install(&missing, deadline)?;
    }
    let version = version().ok_or("no redis-server was found after all")?;
    let left = self::missing();
    if left.is_empty() {
        let how = if missing.is_empty() {
            ""
        } else {
            ", installed"
        };
        Ok(Outcome::Noted(format!("{version}{how}")))
    } else {
        Err(format!("still missing: {}", left.join(", ")))
    }
}

fn install(missing: &[&str], deadline: Deadline) -> Result<(), String> {
    let list = missing.join(", ");
    let Some(manager) = MANAGERS.iter().find(|one| runs(one.program, "--version")) else {
        return Err(format!(
            "missing: {list}; and none of apt-get, dnf, apk and brew is here to install it"
        ));
    };
    let packages: Vec<&str> = PARTS
        .iter()
        .zip(manager.packages)
        .filter(|(part, _)| missing.contains(part))
        .map(|(_, package)| package)
        .collect();
    println!("  missing for the tests of call_gate_redis: {list}");
    println!(
        "  installing {} with {}; its package may start a server of its own on port 6379, which no test uses",
        packages.join(", "),
        manager.program
    );
    if let Some(refresh) = manager.refresh {
        process::run(command(manager).arg(refresh), deadline)?;
    }
    let mut install = command(manager);
    install.args(manager.install.split(' ')).args(packages);
    process::run(&mut install, deadline)
}

fn command(manager: &Manager) -> Command {
    let is_root = process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if manager.by_root && !is_root {
        let mut command = Command::new("sudo");
        // rather an error than a question that nobody sees
        command.args(["-n", "DEBIAN_FRONTEND=noninteractive", manager.program]);
        command
    } else {
        let mut command = Command::new(manager.program);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }
}

/// The parts that are not here.
fn missing() -> Vec<&'static str> {
    let here = |part: &str| match part {
        "libfaketime" => has_fake_time(),
        "openssl" => runs("openssl", "version"),
        _ => version().is_some(),
    };
    PARTS.into_iter().filter(|part| !here(part)).collect()
}

/// The server's name and version, as it says.
fn version() -> Option<String> {
    let asked = std::env::var(VARIABLE).ok();
    let programs: Vec<&str> = match &asked {
        Some(name) => vec![name],
        None => SERVERS.to_vec(),
    };
    programs.into_iter().find_map(|name| {
        let told = process::capture(Command::new(name).arg("--version")).ok()?;
        let number = told.split_once("v=")?.1.split_whitespace().next()?;
        let kind = if told.to_lowercase().contains("valkey") {
            "valkey"
        } else {
            "redis"
        };
        Some(format!("{kind} {number}"))
    })
}

fn has_fake_time() -> bool {
    if std::env::var_os(FAKE_TIME).is_some() {
        return true;
    }
    let holds = |folder: &str| {
        ["libfaketimeMT.so.1", "libfaketimeMT.1.dylib"]
            .iter()
            .any(|name| Path::new(folder).join(name).is_file())
    };
    LIBRARIES.into_iter().any(holds)
}

fn runs(program: &str, word: &str) -> bool {
    process::capture(Command::new(program).arg(word)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{MANAGERS, PARTS};

    #[test]
    fn every_manager_has_a_name_for_every_part() {
        for manager in &MANAGERS {
            assert_eq!(manager.packages.len(), PARTS.len());
            assert!(
                manager.packages.iter().all(|name| !name.is_empty()),
                "{}",
                manager.program
            );
        }
    }
}
