//! Eight processes on one gate in real time, and their joint record.

// long file: the hammering process and every suite of its joint record

use crate::crew::{self, Member};
use crate::joint::{
    Anchor, Fullness, Kind, Record, Shape, judge_frames, judge_fullness, net, read, read_of, write,
};
use crate::place::Place;
use crate::script::Random;
use call_gate_core::{CallGate, Limits, Refund, UpdateError, Wait, clock::monotonic};
use call_gate_testkit::spec::nanos;
use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

const PROCESSES: usize = 8;

/// What else the processes do than book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mix {
    /// Nothing.
    Bookings,
    Refunds,
    /// Refunds and changes of limits, down to half.
    Limits,
    /// All that, and clears.
    Clears,
}

const MIXES: [Mix; 4] = [Mix::Bookings, Mix::Refunds, Mix::Limits, Mix::Clears];

fn seconds() -> u64 {
    if crew::is_long() { 30 } else { 2 }
}

/// Lets eight processes at a gate, does `meanwhile` with them, and puts together what they recorded.
fn hammer(
    place: &Place,
    shape: &Shape,
    mix: Mix,
    most: u64,
    mut meanwhile: impl FnMut(&[Member]),
) -> Vec<Record> {
    let members = (0..PROCESSES).map(|_| Member::start("hammer", place.path()));
    let mut members: Vec<Member> = members.collect();
    for member in &mut members {
        member.tell(shape);
    }
    for member in &members {
        assert_eq!(member.answer(), "ready");
    }
    let end = monotonic().unwrap() + seconds() * 1_000_000_000;
    for member in &mut members {
        member.tell(format!("{end} {} {most}", mix as usize));
    }
    while monotonic().unwrap() < end {
        meanwhile(&members);
        thread::sleep(Duration::from_millis(1));
    }
    for member in members {
        // it may be stopped
        member.resume();
        assert_eq!(member.answer(), "done");
        member.finish();
    }
    let records = read(place);
    judge_frames(shape, &records);
    records
}

/// The process that hammers.
pub(crate) fn work(folder: &Path) {
    crew::go_with_the_starter();
    let mut asked = crew::asked();
    let line = asked.next().unwrap();
    let shape = Shape::parse(&line.split(' ').collect::<Vec<_>>());
    let gate = shape.open(folder);
    let anchor = Anchor::of(folder);
    crew::told("ready");
    let line = asked.next().unwrap();
    let numbers: Vec<u64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
    let mix = MIXES[usize::try_from(numbers[1]).unwrap()];
    let worker = Hammerer {
        gate,
        anchor,
        shape,
        mix,
        most: numbers[2],
        records: Vec::new(),
        refused: BTreeMap::new(),
    };
    write(folder, &worker.work(numbers[0]));
    crew::told("done");
}

struct Hammerer {
    gate: CallGate,
    anchor: Anchor,
    shape: Shape,
    mix: Mix,
    most: u64,
    records: Vec<Record>,
    /// The least refusal of each frame is all that the judge asks for.
    refused: BTreeMap<u64, Record>,
}

impl Hammerer {
    fn work(mut self, end: u64) -> Vec<Record> {
        let mut random = Random(std::process::id().into());
        while monotonic().unwrap() < end {
            self.book(&mut random);
            if self.mix == Mix::Bookings {
                continue;
            }
            if random.below(16) == 0 {
                self.take_back();
            }
            if self.mix == Mix::Refunds {
                continue;
            }
            if random.below(64) == 0 {
                let (gate, frame) = (self.shape.gate, self.shape.frame);
                let part = |limit: u64, random: &mut Random| limit - random.below(limit / 2);
                let frame = frame.map(|frame| part(frame, &mut random));
                let limits = Limits::gate(part(gate, &mut random).max(frame.unwrap_or(0)));
                let limits = frame.map_or(limits, |frame| limits.with_frame(frame));
                self.gate.set_limits(limits).unwrap();
            }
            // the end is left for what comes after the last one
            let is_early = monotonic().unwrap() + 500_000_000 < end;
            if self.mix == Mix::Clears && is_early && random.below(5_000) == 0 {
                let began = self.anchor.now();
                self.gate.clear().unwrap();
                self.record(Kind::Cleared, 0, began, began);
            }
        }
        self.records.extend(self.refused.into_values());
        self.records
    }

    fn book(&mut self, random: &mut Random) {
        let value = 1 + random.below(self.most);
        let gives_back = self.mix != Mix::Bookings && random.below(4) == 0;
        let began = self.anchor.now();
        let pass = match self.gate.enter_with(value, Wait::Never) {
            Ok(pass) => pass,
            Err(UpdateError::TooLarge(_)) if self.mix >= Mix::Limits => return,
            Err(error) => {
                let ended = self.anchor.now();
                let denial = error.denial().unwrap_or_else(|| panic!("{error}"));
                let (used, limit) = (denial.used(), denial.limit());
                assert!(
                    used + value > limit,
                    "{value} refused with {used} of {limit}"
                );
                self.refuse(value, began, ended);
                return;
            }
        };
        let frame = nanos(pass.reading().frame().start());
        let back = gives_back.then(|| pass.refund());
        self.record(Kind::Booked, value, frame, began);
        match back {
            // its frame is over, or somebody else took it
            None | Some(Ok(Refund::Expired) | Err(UpdateError::Underflow(_))) => {}
            Some(Ok(Refund::Returned(value))) => self.record(Kind::TakenBack, value, frame, began),
            Some(other) => panic!("{other:?}"),
        }
    }

    /// Takes what somebody else booked.
    fn take_back(&mut self) {
        let began = self.anchor.now();
        match self.gate.refund(1) {
            Ok(reading) => {
                let frame = nanos(reading.frame().start());
                self.record(Kind::TakenBack, 1, frame, began);
            }
            Err(UpdateError::Underflow(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn record(&mut self, kind: Kind, value: u64, frame: u64, began: u64) {
        let ended = self.anchor.now();
        self.records.push(Record {
            kind,
            value,
            frame,
            began,
            ended,
        });
    }

    fn refuse(&mut self, value: u64, began: u64, ended: u64) {
        let frame = began / self.shape.step;
        if ended / self.shape.step == frame {
            let refused = Record {
                kind: Kind::Refused,
                value,
                frame: 0,
                began,
                ended,
            };
            let least = self.refused.entry(frame).or_insert(refused);
            if value < least.value {
                *least = refused;
            }
        }
    }
}

const FRAMED: Shape = Shape {
    step: 10_000_000,
    frames: 5,
    gate: 3_200,
    frame: Some(1_000),
    strict: false,
};

/// Nearly every frame was asked for more than it had, and so was full.
fn saturated(what: &str, fullness: &Fullness) {
    eprintln!("{what}: {fullness:?}");
    let Fullness {
        frames,
        refused,
        full,
        ..
    } = *fullness;
    assert!(
        refused * 4 > frames * 3,
        "{what}: too little demand to tell: {fullness:?}"
    );
    assert!(
        full * 2 > refused,
        "{what}: the gate limit was hardly met: {fullness:?}"
    );
}

#[test]
fn stress_eight_processes_get_what_one_would() {
    let _alone = crew::alone();
    for frame in [Some(1_000), None] {
        for strict in [false, true] {
            let (shape, place) = (
                Shape {
                    frame,
                    strict,
                    ..FRAMED
                },
                Place::new(),
            );
            let records = hammer(&place, &shape, Mix::Bookings, 1, |_| ());
            let what = format!("frame limit {frame:?}, strict {strict}");
            saturated(&what, &judge_fullness(&shape, &records));
        }
    }
}

#[test]
fn stress_values_of_all_sizes() {
    let _alone = crew::alone();
    let place = Place::new();
    let records = hammer(&place, &FRAMED, Mix::Bookings, 7, |_| ());
    let fullness = judge_fullness(&FRAMED, &records);
    assert!(fullness.refused * 4 > fullness.frames * 3, "{fullness:?}");
}

/// Long enough for all that is done in it, so that its state tells of every frame.
const LONG: Shape = Shape {
    step: 20_000_000,
    frames: 2_000,
    gate: 400_000,
    frame: Some(1_000),
    strict: false,
};

/// What the gate holds, frame by frame.
fn held(place: &Place, shape: &Shape) -> BTreeMap<u64, u64> {
    let state = shape.open(place.path()).state().unwrap();
    let newest = nanos(state.current_frame().start()) / shape.step;
    let frames = (0..).zip(state.frames());
    frames.map(|(back, held)| (newest - back, *held)).collect()
}

#[test]
fn stress_refunds_and_live_limits_lose_nothing() {
    let _alone = crew::alone();
    for mix in [Mix::Refunds, Mix::Limits] {
        let place = Place::new();
        let records = hammer(&place, &LONG, mix, 1, |_| ());
        let (net, held) = (net(&LONG, &records), held(&place, &LONG));
        let mut history = LONG.history();
        for (frame, value) in &net {
            history.record(frame * LONG.step, *value);
        }
        // what was taken back was in the frame then current, so the limits that were set, none above the
        // shape's own, hold for what is left too
        assert_eq!(history.check(), Ok(()), "{mix:?}");
        for (frame, value) in &net {
            assert_eq!(held[frame], *value, "{mix:?}, frame {frame}");
        }
        assert_eq!(
            held.values().sum::<u64>(),
            net.values().sum::<u64>(),
            "{mix:?}"
        );
        let back = records
            .iter()
            .filter(|record| record.kind == Kind::TakenBack);
        assert!(
            back.count() > 1_000,
            "{mix:?}: too little was taken back to tell"
        );
    }
}

/// Between two clears the limits hold, and a clear takes what was before it and nothing of what came after.
#[test]
fn stress_clears_take_what_was_before_them() {
    let _alone = crew::alone();
    let place = Place::new();
    let records = hammer(&place, &LONG, Mix::Clears, 1, |_| ());
    let (net, held) = (net(&LONG, &records), held(&place, &LONG));
    let clears: Vec<(u64, u64)> = records
        .iter()
        .filter(|record| record.kind == Kind::Cleared)
        .map(|clear| (clear.began / LONG.step, clear.ended / LONG.step))
        .collect();
    let last_began = *clears.iter().map(|(began, _)| began).max().unwrap();
    let last_ended = *clears.iter().map(|(_, ended)| ended).max().unwrap();
    let mut after = 0;
    for (frame, value) in &net {
        let here = clears
            .iter()
            .filter(|(began, ended)| began <= frame && frame <= ended);
        let limit = LONG.frame.unwrap() * (1 + here.count() as u64);
        assert!(*value <= limit, "frame {frame} holds {value} of {limit}");
        assert!(held[frame] <= *value, "frame {frame}");
        if *frame < last_began {
            assert_eq!(held[frame], 0, "frame {frame} was cleared");
        } else if *frame > last_ended {
            assert_eq!(held[frame], *value, "frame {frame} is newer than any clear");
            after += 1;
        }
    }
    eprintln!("{} clears, {after} frames after the last", clears.len());
    assert!(after > 10, "{after} frames are newer than any clear");
    let gate = LONG.open(place.path());
    gate.clear().unwrap();
    assert_eq!(gate.sum().unwrap(), 0);
}

#[test]
fn stress_processes_stopped_amid_it_change_nothing() {
    let _alone = crew::alone();
    for strict in [false, true] {
        let (shape, place) = (Shape { strict, ..FRAMED }, Place::new());
        let mut random = Random(7);
        let mut stopped: Vec<(usize, u64)> = Vec::new();
        let mut stops = 0;
        let records = hammer(&place, &shape, Mix::Bookings, 1, |members| {
            let now = monotonic().unwrap();
            stopped.retain(|(member, until)| {
                let stays = *until > now;
                if !stays {
                    members[*member].resume();
                }
                stays
            });
            let member = usize::try_from(random.below(PROCESSES as u64)).unwrap();
            if stopped.len() < 5 && stopped.iter().all(|(other, _)| *other != member) {
                members[member].stop();
                // up to six windows
                stopped.push((member, now + random.below(300_000_000)));
                stops += 1;
            }
        });
        assert!(stops > 20, "{stops} stops");
        saturated(
            &format!("{stops} stops, strict {strict}"),
            &judge_fullness(&shape, &records),
        );
    }
}

#[test]
fn stress_a_process_that_slept_for_windows_books_in_the_present() {
    let _alone = crew::alone();
    let place = Place::new();
    let began = monotonic().unwrap();
    let (sleeper, mut slept) = (3, None);
    let mut id = 0;
    let records = hammer(&place, &FRAMED, Mix::Bookings, 1, |members| {
        id = members[sleeper].id();
        let now = monotonic().unwrap();
        match slept {
            None if now > began + 300_000_000 => {
                members[sleeper].stop();
                slept = Some(now);
            }
            // twenty windows
            Some(from) if now > from + 1_000_000_000 => members[sleeper].resume(),
            _ => {}
        }
    });
    let slept = slept.unwrap() + Anchor::of(place.path()).offset();
    let (from, to) = (slept + 50_000_000, slept + 950_000_000);
    let mut own = read_of(&place, id);
    own.retain(|record| record.kind == Kind::Booked);
    let later = own.iter().filter(|record| record.began > to).count();
    let amid = own
        .iter()
        .any(|record| record.frame > from && record.frame < to);
    assert!(!amid && later > 0, "{later} bookings after the sleep");
    // every window in the meantime was full: the others went on
    saturated("a sleeper", &judge_fullness(&FRAMED, &records));
}
