//! Keys with bytes changed at random: every act ends with an answer or a typed error, soon, and the key stays mortal.

use crate::checker::is_long;
use call_gate_core::{CallGate, Limits, StorageError, StorageErrorKind, UpdateError};
use call_gate_redis::RedisStorage;
use call_gate_testkit::servers::{Reply, Server, Wire};
use std::error::Error;
use std::time::{Duration, Instant};

const KEY: &str = "cg:{hostile}";
/// The life of a key that was tampered with, in milliseconds: not one that the script gives.
const LIFE: i64 = 7_654_321;

/// A generator of numbers that are the same in every run: xorshift.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % most.max(1) as u64).unwrap()
    }

    /// A word that a careless reader trips over.
    fn word(&mut self, now: u64) -> u64 {
        let near = self.next() % 5;
        let words = [
            0,
            1,
            near,
            u64::MAX,
            u64::MAX - near,
            1 << 63,
            (1 << 63) - 1,
            1 << 53,
            (1 << 53) - 1,
            (1 << 53) + 2,
            now,
            now + near,
            now.saturating_sub(near),
            now * 1_000_000,
            self.next(),
            self.next() >> 20,
        ];
        words[self.below(words.len())]
    }

    /// Changes some of `bytes`.
    pub(crate) fn spoil(&mut self, bytes: &mut Vec<u8>, now: u64) {
        for _ in 0..=self.below(3) {
            match self.below(10) {
                0 => bytes.truncate(self.below(bytes.len() + 1)),
                1 => {
                    let more = self.below(40);
                    for _ in 0..more {
                        let byte = self.next().to_le_bytes()[0];
                        bytes.push(byte);
                    }
                }
                2 | 3 if !bytes.is_empty() => {
                    let at = self.below(bytes.len());
                    bytes[at] ^= 1 << self.below(8);
                }
                // the words that are counted with come after the shape
                _ if bytes.len() >= 64 => {
                    let from = if self.below(8) == 0 { 0 } else { 7 };
                    let at = 8 * (from + self.below(bytes.len() / 8 - from));
                    bytes[at..at + 8].copy_from_slice(&self.word(now).to_le_bytes());
                }
                _ => {}
            }
        }
    }
}

fn gate(server: &Server, strict: bool) -> CallGate {
    let storage = RedisStorage::from_url(server.url()).unwrap();
    let storage = storage.deadline(Duration::from_secs(5));
    let second = Duration::from_secs(1);
    let gate = CallGate::builder("hostile", 60 * second, second)
        .limits(Limits::gate(50).with_frame(20))
        .limits_up_to(1 << 40)
        .credits()
        .storage(storage);
    let gate = if strict { gate.strict() } else { gate };
    gate.build().unwrap()
}

type Act = (&'static str, fn(&CallGate) -> Result<(), StorageError>);

const ACTS: [Act; 9] = [
    ("update", |gate| judged(gate.try_update(1))),
    ("peek", |gate| judged(gate.peek(3))),
    ("check_limits", |gate| judged(gate.check_limits())),
    ("state", |gate| gate.state().map(drop)),
    ("refund", |gate| judged(gate.refund(1))),
    ("a large update", |gate| judged(gate.try_update(17))),
    ("a pass", |gate| match gate.try_update(2) {
        Ok(reading) => judged(gate.pass(2, reading).refund()),
        Err(error) => judged::<()>(Err(error)),
    }),
    ("set_limits", |gate| {
        match gate.set_limits(Limits::gate(60).with_frame(30)) {
            Ok(()) => Ok(()),
            Err(error) => {
                let storage = error
                    .source()
                    .and_then(|e| e.downcast_ref::<StorageError>());
                Err(StorageError::new(storage.expect("the storage's").kind()))
            }
        }
    }),
    ("clear", CallGate::clear),
];

fn judged<T>(outcome: Result<T, UpdateError>) -> Result<(), StorageError> {
    match outcome {
        Err(UpdateError::Storage(error)) => Err(error),
        // denials and underflows are answers
        _ => Ok(()),
    }
}

fn bytes(reply: Reply) -> Vec<u8> {
    match reply {
        Reply::Bytes(bytes) => bytes,
        other => panic!("{other:?} is no string"),
    }
}

/// What the gate writes in its life, in several states.
fn patterns(gate: &CallGate, wire: &mut Wire) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut keep = || all.push(bytes(wire.ask(&["GET", KEY]).unwrap()));
    gate.clear().unwrap();
    gate.update(3).unwrap();
    keep();
    let first = gate.current_frame().unwrap().start();
    crate::checker::until("the next frame begins", || {
        gate.current_frame().unwrap().start() > first
    });
    gate.update(5).unwrap();
    keep();
    gate.set_limits(Limits::gate(70).with_frame(9)).unwrap();
    gate.update(2).unwrap();
    keep();
    all
}

#[test]
fn tampered_keys_are_answered_for_or_refused() {
    let server = Server::start(&[]);
    let mut wire = server.wire();
    let mut random = Random(0x0123_4567_89ab_cdef);
    let (mut answered, mut refused, mut slowest) = (0, 0, Duration::ZERO);
    for strict in [false, true] {
        wire.ask(&["DEL", KEY]).unwrap();
        let gate = gate(&server, strict);
        let patterns = patterns(&gate, &mut wire);
        for case in 0..if is_long() { 10_000 } else { 500 } {
            let mut tampered = patterns[random.below(patterns.len())].clone();
            let now = gate_frame();
            random.spoil(&mut tampered, now);
            let life = LIFE.to_string();
            let words = [
                b"SET".as_slice(),
                KEY.as_bytes(),
                &tampered,
                b"PX",
                life.as_bytes(),
            ];
            wire.ask(&words).unwrap().text().unwrap();
            let first = random.below(ACTS.len());
            for (name, act) in ACTS.iter().cycle().skip(first).take(ACTS.len()) {
                let start = Instant::now();
                let outcome = act(&gate);
                slowest = slowest.max(start.elapsed());
                match outcome {
                    Ok(()) => answered += 1,
                    Err(error) => {
                        refused += 1;
                        assert!(
                            matches!(
                                error.kind(),
                                StorageErrorKind::Corrupt
                                    | StorageErrorKind::Mismatch
                                    | StorageErrorKind::Protocol
                            ),
                            "strict {strict}, case {case}, {name}: {error:?} of {tampered:02x?}"
                        );
                    }
                }
                let life = wire.ask(&["PTTL", KEY]).unwrap();
                assert!(
                    matches!(life, Reply::Number(0..)) || life == Reply::Number(-2),
                    "strict {strict}, case {case}: {life:?} after {name} of {tampered:02x?}"
                );
            }
        }
        // and it is none the worse for it
        wire.ask(&["DEL", KEY]).unwrap();
        gate.update(1).unwrap();
        assert_eq!(gate.sum().unwrap(), 1);
    }
    eprintln!("{answered} answered, {refused} refused, the slowest took {slowest:?}");
    assert!(answered > 0 && refused > 0);
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(server.is_up());
}

/// The number of the frame that is now.
fn gate_frame() -> u64 {
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
