//! Links against servers of the tests' own, on ports that were free.

#[cfg(feature = "cluster")]
mod cluster;
mod faults;
mod lines;
mod one;
#[cfg(feature = "sentinel")]
mod sentinel;
mod servers;
#[cfg(feature = "tls")]
mod tls;

use super::Link;
use super::client::Client;
use crate::script::{Call, Script};
use call_gate_core::{StorageError, StorageErrorKind};
use servers::Redis;
use std::error::Error;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// Long enough for anything that works.
const AMPLE: Duration = Duration::from_secs(5);
/// What a deadline may be missed by on a machine that does other things as well.
const SLACK: Duration = Duration::from_millis(400);

type Outcome = Result<Vec<u8>, StorageError>;
/// How a link is called.
type Way = fn(&dyn Link, &Call, Duration) -> Outcome;
/// The same call again and again, on one way.
type Asker<'a> = Box<dyn Fn() -> Outcome + 'a>;

/// Counts its runs in the key, and gives back what is asked.
const COUNT: &str = "redis.call('INCR', KEYS[1]) return ARGV[2]";

fn call(key: &str, source: &str) -> Call {
    Call {
        script: Script::of(source),
        key: key.as_bytes().into(),
        shape: b"shape".as_slice().into(),
        ask: b"asked".to_vec(),
        second: None,
        now: None,
    }
}

fn client(url: &str) -> Client {
    Client::new(redis::Client::open(url).unwrap())
}

fn run(link: &dyn Link, call: &Call, patience: Duration) -> Outcome {
    link.run(call, Instant::now() + patience)
}

/// On either way; the second only where it is built.
fn ways() -> Vec<Way> {
    vec![
        run,
        #[cfg(feature = "tokio")]
        |link, call, patience| runtime().block_on(link.run_async(call, Instant::now() + patience)),
    ]
}

#[cfg(feature = "tokio")]
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Asks until the answer is good, and says how long that took.
fn recovered(mut ask: impl FnMut() -> Outcome) -> Duration {
    let from = Instant::now();
    loop {
        match ask() {
            Ok(answer) => {
                assert_eq!(answer, b"asked");
                return from.elapsed();
            }
            Err(error) => assert!(from.elapsed() < AMPLE, "never recovered: {error:?}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn kind(outcome: Outcome) -> StorageErrorKind {
    outcome.unwrap_err().kind()
}

/// All that an error says in any form, and all that its causes say.
fn all_words(error: &StorageError) -> String {
    let mut words = format!("{error} {error:?} {error:#?}");
    let mut next = error.source();
    while let Some(cause) = next {
        write!(words, " {cause} {cause:?}").unwrap();
        next = cause.source();
    }
    words
}
