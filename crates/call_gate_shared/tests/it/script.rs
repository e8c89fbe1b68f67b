//! What a process does that is to be killed or stopped amid it: the same from the same seed, so that the oracle can tell
//! how far it came.

// long file: the script, who lives by it, and the oracle that follows it

use call_gate_core::{CallGate, ManualClock};
use call_gate_shared::SharedMemory;
use call_gate_testkit::Oracle;
use call_gate_testkit::oracle::{Caps, Rules, Sees};
use call_gate_testkit::outcome::{Held, Outcome};
use call_gate_testkit::spec::{limits, nanos, wall};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use crate::crew;
use crate::place::Place;

pub(crate) const STEP: u64 = 1_000_000;
const FRAMES: u64 = 4;
/// Before all that is done: whoever reads the gate by this time finds it as it was left.
pub(crate) const START: u64 = 1_700_000_000_000_000_000;
/// What is done in one life.
pub(crate) const ACTS: usize = 3_000;

/// Numbers that look random, and are the same from the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    Book(u64),
    Refund(u64),
    Clear,
    Limits(Caps),
    Look,
}

/// A deed, and what the clock shows then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Act {
    pub(crate) now: u64,
    pub(crate) deed: Deed,
}

/// What a life is full of, so that kills meet each kind of act amid it often enough.
#[derive(Debug, Clone, Copy)]
enum Bent {
    Everything,
    Changes,
    Refunds,
    Rolls,
}

/// An endless life.
#[derive(Debug)]
pub(crate) struct Script {
    random: Random,
    bent: Bent,
    now: u64,
}

impl Script {
    pub(crate) fn new(seed: u64, now: u64) -> Self {
        let bents = [Bent::Everything, Bent::Changes, Bent::Refunds, Bent::Rolls];
        let mut random = Random(seed);
        let bent = bents[usize::try_from(random.below(4)).unwrap()];
        Self { random, bent, now }
    }
}

impl Iterator for Script {
    type Item = Act;

    fn next(&mut self) -> Option<Act> {
        let random = &mut self.random;
        let kind = match (self.bent, random.below(4)) {
            (Bent::Everything, _) | (_, 0) => random.below(16),
            (Bent::Changes, _) => 11 + random.below(3),
            (Bent::Refunds, _) => 5 + random.below(6),
            (Bent::Rolls, _) => 0,
        };
        let deed = match kind {
            0..=6 => Deed::Book(1 + random.below(3)),
            7..=10 => Deed::Refund(1 + random.below(2)),
            11 => Deed::Clear,
            12 | 13 => Deed::Limits(caps(random)),
            _ => Deed::Look,
        };
        // what does not ask for the time leaves it alone
        if !matches!(deed, Deed::Clear | Deed::Limits(_)) {
            let frames = match random.below(8) {
                0..=3 if kind == 0 => 1,
                0..=3 => 0,
                4..=6 => 1 + random.below(2),
                _ => random.below(9),
            };
            self.now += frames * STEP;
        }
        let now = self.now;
        Some(Act { now, deed })
    }
}

/// Limits that any value of the script fits.
fn caps(random: &mut Random) -> Caps {
    let frame = 3 + random.below(4);
    Caps {
        gate: Some(frame + random.below(7)),
        frame: Some(frame),
    }
}

pub(crate) fn gate(folder: &Path, name: &str, clock: &ManualClock) -> CallGate {
    let size = Duration::from_nanos(STEP * FRAMES);
    CallGate::builder(name, size, Duration::from_nanos(STEP))
        .limits(limits(rules().caps))
        .clock(clock.clone())
        .storage(SharedMemory::new().directory(folder))
        .build()
        .unwrap()
}

pub(crate) fn rules() -> Rules {
    Rules {
        frame_step: STEP,
        frames: FRAMES,
        strict: false,
        credits: false,
        caps: Caps {
            gate: Some(9),
            frame: Some(4),
        },
        ceiling: None,
        most: u64::MAX,
        sees: Sees::Always,
    }
}

/// Does it to a gate; what it brought, as far as that can be compared.
pub(crate) fn act(gate: &CallGate, deed: Deed) -> Option<u64> {
    match deed {
        Deed::Book(value) => match gate.try_update(value) {
            Ok(reading) => Some(reading.sum()),
            Err(error) => {
                assert!(error.is_denied(), "{error}");
                None
            }
        },
        Deed::Refund(value) => match gate.refund(value) {
            Ok(reading) => Some(reading.sum()),
            Err(call_gate_core::UpdateError::Underflow(_)) => None,
            Err(error) => panic!("{error}"),
        },
        Deed::Clear => {
            gate.clear().unwrap();
            None
        }
        Deed::Limits(caps) => {
            gate.set_limits(limits(caps)).unwrap();
            None
        }
        Deed::Look => Some(gate.state().unwrap().sum()),
    }
}

/// Does it to the oracle.
pub(crate) fn foretold(oracle: &mut Oracle, act: Act) -> Option<u64> {
    let sum = |outcome| match outcome {
        Outcome::Admitted(reading) => Some(reading.sum),
        Outcome::Denied(_) | Outcome::Underflow { .. } | Outcome::Done => None,
        other => panic!("{other:?}"),
    };
    let told = match act.deed {
        Deed::Book(value) => sum(oracle.try_update(act.now, value)),
        Deed::Refund(value) => sum(oracle.refund(act.now, value)),
        Deed::Clear => sum(oracle.clear()),
        Deed::Limits(caps) => sum(oracle.set_caps(caps)),
        Deed::Look => Some(oracle.held(act.now).sum),
    };
    if oracle.entries() > 30 {
        oracle.sum_up(START);
    }
    told
}

/// All that is to be seen of a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) held: Held,
    caps: Caps,
}

impl Seen {
    /// As it was left: the gate's clock must show [`START`].
    pub(crate) fn of(gate: &CallGate) -> Self {
        let state = gate.state().unwrap();
        let limits = gate.limits();
        Self {
            held: Held {
                frames: state.frames().to_vec(),
                sum: state.sum(),
                frame_start: nanos(state.current_frame().start()),
            },
            caps: Caps {
                gate: limits.gate_limit(),
                frame: limits.frame_limit(),
            },
        }
    }

    pub(crate) fn foretold(oracle: &mut Oracle) -> Self {
        Self {
            held: oracle.held(START),
            caps: oracle.rules().caps,
        }
    }

    pub(crate) fn is_legal(&self) -> bool {
        self.held.frames.iter().sum::<u64>() == self.held.sum
    }
}

/// Every place in the life from `seed` that looks like `view`: how many acts are over, and the oracle as of then.
pub(crate) fn places(oracle: &Oracle, seed: u64, view: &Seen) -> Vec<(usize, Oracle)> {
    let mut oracle = oracle.clone();
    let mut places = Vec::new();
    for (over, act) in Script::new(seed, seen_now(&mut oracle))
        .take(ACTS)
        .enumerate()
    {
        let newest = seen_now(&mut oracle);
        let mut moved_to = vec![newest];
        if !matches!(act.deed, Deed::Clear | Deed::Limits(_)) && act.now >= newest + STEP {
            // the act had begun and moved the window on; if not even that had a goal yet, it is the next frame for
            // whoever finishes it by a clock that shows less
            moved_to.extend([newest + STEP, act.now]);
        }
        for to in moved_to {
            let mut moved = oracle.clone();
            moved.held(to);
            if Seen::foretold(&mut moved) == *view {
                places.push((over, moved));
                break;
            }
        }
        foretold(&mut oracle, act);
    }
    if Seen::foretold(&mut oracle) == *view {
        places.push((ACTS, oracle));
    }
    places
}

/// Every way in which a life can end that looked like `view` when it was interrupted, and then `others` brought what they
/// brought: the act that was interrupted may take effect before any of these, or after all of them.
pub(crate) fn endings(
    oracle: &Oracle,
    seed: u64,
    view: &Seen,
    others: &[(Deed, Option<u64>)],
) -> Vec<(Seen, Oracle)> {
    let now = seen_now(&mut oracle.clone());
    let life: Vec<Act> = Script::new(seed, now).take(ACTS).collect();
    let mut endings = Vec::new();
    for (over, oracle) in places(oracle, seed, view) {
        'moments: for moment in 0..=others.len() {
            let (mut oracle, mut rest) = (oracle.clone(), life[over..].iter());
            for (turn, (deed, told)) in others.iter().enumerate() {
                if turn == moment
                    && let Some(act) = rest.next()
                {
                    foretold(&mut oracle, *act);
                }
                let act = Act {
                    now: START,
                    deed: *deed,
                };
                if foretold(&mut oracle, act) != *told {
                    continue 'moments;
                }
            }
            for act in rest {
                foretold(&mut oracle, *act);
            }
            endings.push((Seen::foretold(&mut oracle), oracle));
        }
    }
    endings
}

/// When the newest frame begins.
pub(crate) fn seen_now(oracle: &mut Oracle) -> u64 {
    oracle.held(START).frame_start
}

/// What a process was in the middle of, as the words tell while nobody moves them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Amid {
    /// Nothing that anybody could see.
    Nothing,
    /// The arguments of a clear or of limits were being written.
    Writing,
    /// They were complete, and nobody had begun to carry them out.
    Ready,
    Roll,
    Refund,
    /// A clear or limits were being carried out.
    Change,
}

pub(crate) fn amid(place: &Place, name: &str) -> Amid {
    let segment = File::open(place.file(name)).unwrap();
    let word = |at| {
        let mut bytes = [0; 8];
        segment.read_exact_at(&mut bytes, at).unwrap();
        u64::from_ne_bytes(bytes)
    };
    let (head, plan) = (word(4096), word(4248));
    match (head >> 62, head & 1, plan & 3) {
        (0b10, _, _) => Amid::Roll,
        (0b11, 1, _) => Amid::Refund,
        (0b11, _, _) => Amid::Change,
        (_, _, 1) => Amid::Writing,
        (_, _, 2) => Amid::Ready,
        _ => Amid::Nothing,
    }
}

/// The process that does it: told a gate, a seed and the time, it says when it begins and when all is done.
pub(crate) fn live(folder: &Path) {
    crew::go_with_the_starter();
    for line in crew::asked() {
        let words: Vec<&str> = line.split(' ').collect();
        let (name, seed, now) = (
            words[0],
            words[1].parse().unwrap(),
            words[2].parse().unwrap(),
        );
        let acts: Vec<Act> = Script::new(seed, now).take(ACTS).collect();
        let clock = ManualClock::new(wall(now));
        let gate = gate(folder, name, &clock);
        crew::told("begun");
        for Act { now, deed } in acts {
            clock.set(wall(now));
            act(&gate, deed);
        }
        crew::told("done");
    }
}
