//! Segments of arbitrary bytes: every act ends, with an answer or a typed error.

use crate::layout::patch;
use crate::place::{Place, builder};
use call_gate_core::{CallGate, CallGateBuilder, Limits, ManualClock, OnLimits};
use proptest::prelude::*;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// The longest that one act may take, on a machine that does other things too.
///
/// The longest is a change that damaged words let nobody finish: it is given up after a million attempts, which take a
/// tenth of a second, and five seconds without optimisation.
const BOUND: Duration = Duration::from_secs(if cfg!(debug_assertions) { 40 } else { 5 });

/// What is done to a segment.
#[derive(Debug, Clone)]
enum Damage {
    /// A word of the head, with a sum that belongs to it or without.
    Head(usize, u64, bool),
    /// A word of the window.
    Word(usize, u64),
    /// One bit of a word of the window.
    Bit(usize, u32),
    Truncate(u64),
    Extend(u64),
    /// A hole of a page, which reads as zeros.
    Zeros(usize),
}

fn value() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        Just(1 << 63),
        Just(3 << 62),
        (0u32..64).prop_map(|bit| 1 << bit),
        0u64..1000,
        any::<u64>(),
    ]
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        2 => (0usize..512, value(), any::<bool>()).prop_map(|(at, to, sum)| Damage::Head(at, to, sum)),
        2 => (0usize..32, value(), Just(true)).prop_map(|(at, to, sum)| Damage::Head(at, to, sum)),
        6 => (0usize..80, value()).prop_map(|(at, to)| Damage::Word(at, to)),
        4 => (0usize..80, 0u32..64).prop_map(|(at, bit)| Damage::Bit(at, bit)),
        1 => (0u64..8192).prop_map(Damage::Truncate),
        1 => (1u64..20_000).prop_map(Damage::Extend),
        1 => (0usize..2).prop_map(Damage::Zeros),
    ]
}

fn inflict(path: &Path, damage: &Damage) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let length = file.metadata().unwrap().len();
    let put = |at: usize, word: u64| {
        let at = at as u64 * 8;
        if at + 8 <= length {
            file.write_all_at(&word.to_ne_bytes(), at).unwrap();
        }
    };
    match *damage {
        Damage::Head(at, to, true) if length >= 4096 => patch(path, at * 8, &to.to_le_bytes()),
        Damage::Head(at, to, _) => put(at, to),
        Damage::Word(at, to) => put(512 + at, to),
        Damage::Bit(at, bit) => {
            let mut word = [0; 8];
            if file.read_exact_at(&mut word, (512 + at as u64) * 8).is_ok() {
                put(512 + at, u64::from_ne_bytes(word) ^ 1 << bit);
            }
        }
        Damage::Truncate(to) => file.set_len(to.min(length)).unwrap(),
        Damage::Extend(by) => file.set_len(length + by).unwrap(),
        Damage::Zeros(page) => (0..512).for_each(|at| put(page * 512 + at, 0)),
    }
}

/// Runs `act`, which must end in time; what it answers does not matter.
fn timed<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let answer = act();
    let took = started.elapsed();
    assert!(took < BOUND, "{what} took {took:?}");
    answer
}

/// Every act of a gate.
fn all_acts(gate: &CallGate) {
    let _ = timed("try_update", || gate.try_update(3));
    let _ = timed("update of 1", || gate.try_update(1));
    let _ = timed("peek", || gate.peek(1));
    let _ = timed("state", || gate.state());
    let _ = timed("snapshot", || gate.snapshot());
    let _ = timed("check_limits", || gate.check_limits());
    let _ = timed("refund", || gate.refund(2));
    let _ = timed("set_limits", || {
        gate.set_limits(Limits::gate(50).with_frame(9))
    });
    let _ = timed("limits", || gate.limits());
    let _ = timed("clear", || gate.clear());
    let _ = timed("try_update", || gate.try_update(1));
}

fn live_through(own_clock: bool, booked: &[u64], damages: &[Damage], on_limits: OnLimits) {
    // each case has a place of its own, so that no mapping of a file that is then shortened is left
    let place = Place::new();
    let clock = ManualClock::new(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
    let with_clock = |builder: CallGateBuilder| {
        if own_clock {
            builder.clock(clock.clone())
        } else {
            builder
        }
    };
    let maker = with_clock(place.builder("other")).build().unwrap();
    for value in booked {
        let _ = maker.try_update(*value);
        clock.advance(Duration::from_secs(61));
    }
    // a file that this process has not mapped: one that shrinks under a mapping is a crash by nature
    let path = place.file("mail");
    fs::copy(place.file("other"), &path).unwrap();
    patch(&path, 104, &4u32.to_le_bytes());
    patch(&path, 2048, b"mail\0");
    for damage in damages {
        inflict(&path, damage);
    }
    let open = || {
        let builder = with_clock(builder("mail").storage(place.storage()));
        timed("open", || builder.on_limits(on_limits).build())
    };
    if let Ok(gate) = open() {
        all_acts(&gate);
        clock.advance(Duration::from_secs(100));
        all_acts(&gate);
    }
    let _ = timed("list", || place.storage().segments().unwrap());
    // whatever it is, it can be removed, and then there is a good gate
    timed("remove", || place.storage().remove_segment("mail").unwrap());
    let gate = open().unwrap();
    gate.try_update(10).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_segments(
        own_clock in any::<bool>(),
        booked in prop::collection::vec(0u64..6, 0..4),
        damages in prop::collection::vec(damage(), 1..6),
        on_limits in prop_oneof![Just(OnLimits::Adopt), Just(OnLimits::Replace), Just(OnLimits::Require)],
    ) {
        live_through(own_clock, &booked, &damages, on_limits);
    }

    #[test]
    fn files_of_anything(bytes in prop::collection::vec(any::<u8>(), 0..10_000)) {
        let place = Place::new();
        let path = place.file("mail");
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let error = place.open("mail").unwrap_err();
        prop_assert_eq!(crate::place::cause(&error).kind(), call_gate_shared::SharedErrorKind::Damaged);
        prop_assert!(place.storage().remove_segment("mail").unwrap());
        place.open("mail").unwrap().try_update(10).unwrap();
    }
}

fn cases() -> u32 {
    if std::env::var_os("CALL_GATE_LONG").is_some() {
        2_000
    } else {
        24
    }
}
