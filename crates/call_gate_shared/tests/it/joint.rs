//! What many processes did to one gate in real time, put together and judged.
//!
//! A record's times are the gate's own: the machine's monotonic clock and the segment's anchor, so that the frame an act
//! was judged in is known to the nanosecond.

use crate::place::Place;
use call_gate_core::{CallGate, CallGateBuilder, Limits, clock::monotonic};
use call_gate_shared::SharedMemory;
use call_gate_testkit::History;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

pub(crate) const GATE: &str = "joint";

/// A gate in real time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) step: u64,
    pub(crate) frames: u64,
    pub(crate) gate: u64,
    pub(crate) frame: Option<u64>,
    pub(crate) strict: bool,
}

impl Shape {
    pub(crate) fn parse(words: &[&str]) -> Self {
        let numbers: Vec<u64> = words.iter().map(|word| word.parse().unwrap()).collect();
        Self {
            step: numbers[0],
            frames: numbers[1],
            gate: numbers[2],
            frame: Some(numbers[3]).filter(|frame| *frame > 0),
            strict: numbers[4] == 1,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        let limits = Limits::gate(self.gate);
        match self.frame {
            Some(frame) => limits.with_frame(frame),
            None => limits,
        }
    }

    pub(crate) fn open(&self, folder: &Path) -> CallGate {
        self.builder(folder).build().unwrap()
    }

    fn builder(&self, folder: &Path) -> CallGateBuilder {
        let nanos = Duration::from_nanos;
        let builder = CallGate::builder(GATE, nanos(self.step * self.frames), nanos(self.step))
            .limits(self.limits())
            .storage(SharedMemory::new().directory(folder));
        if self.strict {
            builder.strict()
        } else {
            builder
        }
    }

    /// How many frames count against the gate limit.
    fn kept(&self) -> u64 {
        self.frames + u64::from(self.strict)
    }

    pub(crate) fn history(&self) -> History {
        let history = History::new(self.step, self.frames).with_limits(Some(self.gate), self.frame);
        if self.strict {
            history.strict()
        } else {
            history
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (frame, strict) = (self.frame.unwrap_or(0), u8::from(self.strict));
        let Self {
            step, frames, gate, ..
        } = self;
        write!(f, "{step} {frames} {gate} {frame} {strict}")
    }
}

/// The clock of the gate, as its segment sets it to the wall.
#[derive(Debug)]
pub(crate) struct Anchor(u64);

impl Anchor {
    pub(crate) fn of(folder: &Path) -> Self {
        let segment = File::open(folder.join(format!("call_gate.{GATE}"))).unwrap();
        let mut bytes = [0; 8];
        segment.read_exact_at(&mut bytes, 64).unwrap();
        Self(u64::from_le_bytes(bytes))
    }

    pub(crate) fn offset(&self) -> u64 {
        self.0
    }

    pub(crate) fn now(&self) -> u64 {
        monotonic().unwrap().wrapping_add(self.0)
    }
}

/// What a record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Booked,
    Refused,
    TakenBack,
    Cleared,
}

/// One act, begun and ended at these times; in a frame where that is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    pub(crate) value: u64,
    /// When the frame starts that it was booked in, or taken out of.
    pub(crate) frame: u64,
    pub(crate) began: u64,
    pub(crate) ended: u64,
}

pub(crate) fn write(folder: &Path, records: &[Record]) {
    let mut bytes = Vec::with_capacity(records.len() * 40);
    for record in records {
        let kind = record.kind as u64;
        for word in [kind, record.value, record.frame, record.began, record.ended] {
            bytes.extend(word.to_ne_bytes());
        }
    }
    let path = folder.join(format!("record.{}", std::process::id()));
    fs::write(path, bytes).unwrap();
}

pub(crate) fn read(place: &Place) -> Vec<Record> {
    let names = place.names();
    let ids = names.iter().filter_map(|name| name.strip_prefix("record."));
    ids.flat_map(|id| read_of(place, id.parse().unwrap()))
        .collect()
}

/// The records of one process.
pub(crate) fn read_of(place: &Place, id: u32) -> Vec<Record> {
    let bytes = fs::read(place.path().join(format!("record.{id}"))).unwrap();
    let record = |record: &[u8]| {
        let word = |at: usize| u64::from_ne_bytes(record[8 * at..8 * at + 8].try_into().unwrap());
        let kinds = [Kind::Booked, Kind::Refused, Kind::TakenBack, Kind::Cleared];
        Record {
            kind: kinds[usize::try_from(word(0)).unwrap()],
            value: word(1),
            frame: word(2),
            began: word(3),
            ended: word(4),
        }
    };
    bytes.chunks(40).map(record).collect()
}

/// What each frame holds in the end, by its number: what was booked in it less what was taken back.
pub(crate) fn net(shape: &Shape, records: &[Record]) -> BTreeMap<u64, u64> {
    let mut net: BTreeMap<u64, i64> = BTreeMap::new();
    for record in records {
        let value = i64::try_from(record.value).unwrap();
        let held = net.entry(record.frame / shape.step);
        match record.kind {
            Kind::Booked => *held.or_default() += value,
            Kind::TakenBack => *held.or_default() -= value,
            Kind::Refused | Kind::Cleared => {}
        }
    }
    let told = |(frame, held)| {
        (
            frame,
            u64::try_from(held).expect("more taken back than booked"),
        )
    };
    net.into_iter().map(told).collect()
}

/// Everybody booked in the frame that it was then.
pub(crate) fn judge_frames(shape: &Shape, records: &[Record]) {
    for record in records.iter().filter(|record| record.kind == Kind::Booked) {
        let (began, ended) = (record.began / shape.step, record.ended / shape.step);
        let frame = record.frame / shape.step;
        assert!(
            began <= frame && frame <= ended,
            "{record:?} in frame {frame}"
        );
    }
}

/// How much of a run the judge could tell to be full.
#[derive(Debug)]
pub(crate) struct Fullness {
    /// Frames from the first booking to the last.
    pub(crate) frames: u64,
    /// Those of them that somebody was refused in.
    pub(crate) refused: u64,
    /// Those of them whose window held the whole gate limit.
    pub(crate) full: u64,
}

/// Holds a record without refunds, clears and changes of limits to what one process would get.
///
/// In a frame, that is `budget = min(frame limit, gate limit - what the window's other frames hold)`, which does not
/// change while the frame lasts; what it holds only grows. Who is refused a value, by a call that began and ended within
/// the frame, proves that it was full up to less than that value. So with the least value refused in it, every such frame
/// must hold more than `budget - value`: with values of 1, the budget exactly. A frame in which nobody was refused is one
/// that the scheduler left without demand; nothing is said of it but that its limits hold.
pub(crate) fn judge_fullness(shape: &Shape, records: &[Record]) -> Fullness {
    let held = net(shape, records);
    let mut history = shape.history();
    let mut least: BTreeMap<u64, u64> = BTreeMap::new();
    for record in records {
        let frame = record.began / shape.step;
        match record.kind {
            // any time in its frame will do: strict windows are whole frames too
            Kind::Booked => {
                let end = record.frame + shape.step - 1;
                history.record(record.began.clamp(record.frame, end), record.value);
            }
            Kind::Refused if frame == record.ended / shape.step => {
                let least = least.entry(frame).or_insert(record.value);
                *least = record.value.min(*least);
            }
            _ => {}
        }
    }
    assert_eq!(history.check(), Ok(()), "{shape:?}");
    let (first, newest) = (*held.keys().next().unwrap(), *held.keys().last().unwrap());
    let mut fullness = Fullness {
        frames: newest - first + 1,
        refused: 0,
        full: 0,
    };
    for (frame, value) in least.range(first..=newest) {
        let others: u64 = held
            .range(frame + 1 - shape.kept()..*frame)
            .map(|(_, held)| held)
            .sum();
        let budget = (shape.gate - others).min(shape.frame.unwrap_or(u64::MAX));
        let held = held.get(frame).copied().unwrap_or(0);
        assert!(
            held + value > budget && held <= budget,
            "frame {frame} holds {held} of {budget}, and {value} was refused: {shape:?}"
        );
        fullness.refused += 1;
        fullness.full += u64::from(others + held == shape.gate);
    }
    fullness
}
