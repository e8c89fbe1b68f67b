//! The programs that tests start, found on this machine or asked for in plain words.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The server's program and its version.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) name: String,
    /// The first number of its version: 7 for Redis 7.0.15.
    pub(super) major: u32,
}

const VARIABLE: &str = "CALL_GATE_REDIS_SERVER";
const FAKE_TIME: &str = "CALL_GATE_FAKETIME";

/// Where distributions put the library; `{}` stands for the machine's kind.
const FAKE_TIMES: [&str; 7] = [
    "/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1",
    "/opt/homebrew/lib/faketime/libfaketimeMT.1.dylib",
    "/usr/local/lib/faketime/libfaketimeMT.1.dylib",
];

/// The server that every test of this process starts.
pub(super) fn server() -> &'static Program {
    static FOUND: OnceLock<Program> = OnceLock::new();
    FOUND.get_or_init(|| {
        let asked = std::env::var(VARIABLE).ok();
        let named: Vec<String> = match &asked {
            Some(name) => vec![name.clone()],
            None => vec!["redis-server".to_owned(), "valkey-server".to_owned()],
        };
        named.into_iter().find_map(probe).unwrap_or_else(|| {
            panic!(
                "no Redis to test with: {}; run `cargo xtask test`, which installs one, or install the package \
                 redis-server (redis with brew and dnf), or name a program in {VARIABLE}",
                asked.map_or_else(
                    || "neither redis-server nor valkey-server is in PATH".to_owned(),
                    |name| format!("{VARIABLE} names `{name}`, which does not run"),
                )
            )
        })
    })
}

fn probe(name: String) -> Option<Program> {
    let output = Command::new(&name)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (_, version) = text.split_once("v=")?;
    let major = version.split('.').next()?.parse().ok()?;
    Some(Program { name, major })
}

/// The variable that has a program told another time, and its value.
pub(super) fn fake_time() -> (&'static str, OsString) {
    let library = fake_time_library().into_os_string();
    if cfg!(target_os = "macos") {
        return ("DYLD_INSERT_LIBRARIES", library);
    }
    // jemalloc asks for the time while libfaketime begins, and that for memory; so memory comes from elsewhere, where
    // there is such a library, and where there is not the linker goes on without
    let mut value = OsString::from("libc_malloc_debug.so.0:");
    value.push(library);
    ("LD_PRELOAD", value)
}

fn fake_time_library() -> PathBuf {
    if let Some(path) = std::env::var_os(FAKE_TIME) {
        return path.into();
    }
    let here = |path: &str| PathBuf::from(path.replace("{}", std::env::consts::ARCH));
    let found = FAKE_TIMES
        .iter()
        .map(|path| here(path))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!(
            "no libfaketime to move a server's clock with; run `cargo xtask test`, which installs it, or install the \
             package libfaketime, or name libfaketimeMT's file in {FAKE_TIME}"
        )
    })
}
