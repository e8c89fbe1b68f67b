//! `#[call_gate(..)]` on functions of every kind.
//!
//! `cargo run --example decorator --features macros,tokio`. The gates that are named here keep a clock that waiting itself
//! moves, so that minutes pass at once; each call prints what that clock shows when its body begins.

#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use call_gate::{CallGate, CallGateBuilder, ManualClock, UpdateError, call_gate};

static CLOCK: LazyLock<ManualClock> =
    LazyLock::new(|| ManualClock::new(SystemTime::UNIX_EPOCH).auto());

/// Five calls a minute, from sync and async functions together.
#[expect(
    clippy::expect_used,
    reason = "constants: they are sound or the first run says not"
)]
static GITHUB: LazyLock<CallGate> = LazyLock::new(|| {
    minute("github")
        .gate_limit(5)
        .build()
        .expect("a sound gate")
});

fn minute(name: &str) -> CallGateBuilder {
    CallGate::builder(name, Duration::from_secs(60), Duration::from_secs(10)).clock(CLOCK.clone())
}

/// An error of the program's own, which says what became of a call that was not admitted.
#[derive(Debug)]
enum AppError {
    /// Not admitted, and when to come again.
    Busy {
        retry_after: Duration,
    },
    /// Waiting cannot help.
    Gate(UpdateError),
    NoSuchUser,
}

impl From<UpdateError> for AppError {
    fn from(error: UpdateError) -> Self {
        match error.denial() {
            Some(denial) => Self::Busy {
                retry_after: denial.retry_after(),
            },
            None => Self::Gate(error),
        }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { retry_after } => write!(f, "busy, come again in {retry_after:?}"),
            Self::Gate(error) => error.fmt(f),
            Self::NoSuchUser => f.write_str("there is no such user"),
        }
    }
}

impl Error for AppError {}

/// It returns no `Result`, so it waits until it is admitted.
#[call_gate(GITHUB)]
fn list_repos() -> [&'static str; 2] {
    say("list_repos");
    ["call_gate", "website"]
}

/// It waits for one window at most, and `?` works in its body as ever.
#[call_gate(GITHUB)]
fn user(name: &str) -> Result<usize, AppError> {
    say("user");
    let found = name.strip_prefix('@').ok_or(AppError::NoSuchUser)?;
    Ok(found.len())
}

/// It books two at the same gate as the sync functions, or says at once that it cannot.
#[call_gate(GITHUB, value = 2, wait = never)]
async fn search(query: &str) -> Result<usize, AppError> {
    say("search");
    tokio::task::yield_now().await;
    Ok(query.len())
}

/// A table whose gate is its own field.
struct Table {
    gate: CallGate,
    rows: Vec<u64>,
}

impl Table {
    /// What it books comes from its argument.
    #[call_gate(self.gate, value = batch.len() as u64)]
    async fn push(&mut self, batch: Vec<u64>) -> Result<usize, UpdateError> {
        say("Table::push");
        self.rows.extend(batch);
        Ok(self.rows.len())
    }

    /// It waits for six steps of the gate at most, which are a minute here.
    #[call_gate(self.gate, value = 6, wait = frames(6))]
    fn vacuum(&mut self) -> Result<(), UpdateError> {
        say("Table::vacuum");
        self.rows.clear();
        Ok(())
    }
}

/// A gate of the function's own, in real time: three in ten minutes.
#[call_gate(
    name = "mail",
    gate_size = "10m",
    frame_step = "1s",
    gate_limit = 3,
    wait = never
)]
fn send(to: &str) -> Result<String, AppError> {
    Ok(format!("dear {to}"))
}

/// Shows who begins, and when.
fn say(who: &str) {
    let shown = CLOCK.time().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = shown.unwrap_or_default().as_secs();
    // nobody reads it any more when this fails
    let _ = writeln!(io::stdout(), "  {seconds:>3} s  {who}");
}

fn after(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    writeln!(
        out,
        "one gate of five a minute for sync and async functions"
    )?;
    for _ in 0..3 {
        assert_eq!(list_repos().len(), 2);
    }
    assert_eq!(search("sliding window").await?, 14);
    assert_eq!(CLOCK.time(), after(0), "five fit, so nobody waited");

    let busy = search("leaky bucket").await;
    let Err(AppError::Busy { retry_after }) = busy else {
        return Err("a sixth call in a minute was admitted".into());
    };
    writeln!(
        out,
        "  search was not admitted: busy, come again in {retry_after:?}"
    )?;
    assert_eq!(retry_after, Duration::from_secs(60));
    assert_eq!(GITHUB.sum()?, 5, "it booked nothing");

    assert_eq!(user("@ann")?, 3);
    assert_eq!(CLOCK.time(), after(60), "it waited for the next window");
    assert!(matches!(user("ann"), Err(AppError::NoSuchUser)));
    assert_eq!(GITHUB.sum()?, 2, "what fails in the body stays booked");

    writeln!(
        out,
        "a method, its gate a field, what it books the length of its argument"
    )?;
    let mut table = Table {
        gate: minute("table").gate_limit(10).build()?,
        rows: Vec::new(),
    };
    assert_eq!(table.push(vec![1, 2, 3, 4, 5, 6]).await?, 6);
    assert_eq!(CLOCK.time(), after(60));
    assert_eq!(table.push(vec![7, 8, 9, 10, 11]).await?, 11);
    assert_eq!(
        CLOCK.time(),
        after(120),
        "six and five do not fit in a minute"
    );
    let too_many = table.push(vec![0; 11]).await;
    assert!(matches!(too_many, Err(UpdateError::TooLarge(_))));
    assert_eq!(table.rows.len(), 11, "the body was not run");
    table.vacuum()?;
    assert_eq!(CLOCK.time(), after(180), "nor do five and six");
    assert_eq!((table.rows.len(), table.gate.sum()?), (0, 6));

    writeln!(out, "a gate of the function's own: three in ten minutes")?;
    for name in ["ann", "bob", "eve"] {
        writeln!(out, "  {}", send(name)?)?;
    }
    let Err(error) = send("dan") else {
        return Err("a fourth mail was sent".into());
    };
    writeln!(out, "  not sent: {error}")?;
    assert!(matches!(error, AppError::Busy { .. }));
    Ok(())
}
