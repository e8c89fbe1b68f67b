//! Processes killed at random in real time, others started in their place, and the record that they leave.

// long file: the process that is killed and the judge of what it notes

use crate::crew::{self, Member};
use crate::joint::Shape;
use crate::place::Place;
use crate::script::Random;
use call_gate_core::{CallGate, Refund, UpdateError, Wait};
use call_gate_testkit::spec::nanos;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Frames so short that a roll is always near, and still longer than it takes to read them all.
const SHAPE: Shape = Shape {
    step: if cfg!(debug_assertions) {
        100_000
    } else {
        20_000
    },
    frames: if cfg!(debug_assertions) { 500 } else { 2_000 },
    gate: if cfg!(debug_assertions) { 700 } else { 2_500 },
    frame: Some(2),
    strict: false,
};

const PROCESSES: usize = 5;

/// A step of a booking's life; each is written before the next one is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Note {
    WillBook,
    Booked,
    WillTakeBack,
    TakenBack,
    Stands,
}

const NOTES: [Note; 5] = [
    Note::WillBook,
    Note::Booked,
    Note::WillTakeBack,
    Note::TakenBack,
    Note::Stands,
];

/// Nanoseconds that this thread has run; what a machine under load keeps it waiting for does not count.
fn spent() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// No act runs for long: there is nobody whom it would wait for.
struct Watch {
    acts: u32,
    since: Option<u64>,
}

impl Watch {
    fn new() -> Self {
        Self {
            acts: 0,
            since: spent(),
        }
    }

    fn acted(&mut self) {
        self.acts += 1;
        if self.acts.is_multiple_of(64) {
            let now = spent();
            if let (Some(since), Some(now)) = (self.since, now) {
                assert!(
                    now - since < 100_000_000,
                    "64 acts ran for {} ns",
                    now - since
                );
            }
            self.since = now;
        }
    }
}

/// The process that is to be killed.
pub(crate) fn work(folder: &Path) {
    crew::go_with_the_starter();
    let gate = SHAPE.open(folder);
    let mut file = File::create(folder.join(format!("notes.{}", std::process::id()))).unwrap();
    let mut note = |note: Note, frame: u64| {
        let words = [note as u64, frame].map(u64::to_ne_bytes);
        // written, it outlives the process
        file.write_all(words.as_flattened()).unwrap();
    };
    let mut random = Random(std::process::id().into());
    let mut watch = Watch::new();
    crew::told("begun");
    loop {
        note(Note::WillBook, 0);
        let pass = loop {
            watch.acted();
            match gate.enter_with(1, Wait::Never) {
                Ok(pass) => break pass,
                Err(error) => assert!(error.is_denied(), "{error}"),
            }
        };
        let frame = nanos(pass.reading().frame().start());
        note(Note::Booked, frame);
        if random.below(4) == 0 {
            note(Note::WillTakeBack, frame);
            match pass.refund().unwrap() {
                Refund::Returned(1) => note(Note::TakenBack, frame),
                Refund::Expired => note(Note::Stands, frame),
                other => panic!("{other:?}"),
            }
        }
        if random.below(64) == 0 {
            gate.set_limits(SHAPE.limits()).unwrap();
        }
    }
}

/// What the notes of all tell of a frame.
#[derive(Debug, Default)]
struct Told {
    /// Booked for sure, and not taken back.
    held: u64,
    /// Of these, what may have been taken back.
    doubtful: u64,
}

/// What all notes tell, and how many bookings there may be that none tells of.
fn notes(place: &Place) -> (BTreeMap<u64, Told>, u64) {
    let mut frames: BTreeMap<u64, Told> = BTreeMap::new();
    let mut unknown = 0;
    for name in place
        .names()
        .iter()
        .filter(|name| name.starts_with("notes."))
    {
        let bytes = fs::read(place.path().join(name)).unwrap();
        let mut last = None;
        for words in bytes.chunks_exact(16) {
            let word = |at: usize| u64::from_ne_bytes(words[at..at + 8].try_into().unwrap());
            let (note, frame) = (
                NOTES[usize::try_from(word(0)).unwrap()],
                word(8) / SHAPE.step,
            );
            let told = frames.entry(frame);
            match note {
                Note::Booked => told.or_default().held += 1,
                Note::TakenBack => told.or_default().held -= 1,
                Note::WillBook | Note::WillTakeBack | Note::Stands => {}
            }
            last = Some((note, frame));
        }
        match last {
            Some((Note::WillBook, _)) => unknown += 1,
            Some((Note::WillTakeBack, frame)) => frames.get_mut(&frame).unwrap().doubtful += 1,
            _ => {}
        }
    }
    (frames, unknown)
}

/// The one that is never killed, in this process.
struct Survivor {
    gate: CallGate,
    /// What each frame held once it was over.
    closed: BTreeMap<u64, u64>,
    booked: BTreeMap<u64, u64>,
    watch: Watch,
}

impl Survivor {
    fn new(place: &Place) -> Self {
        Self {
            gate: SHAPE.open(place.path()),
            closed: BTreeMap::new(),
            booked: BTreeMap::new(),
            watch: Watch::new(),
        }
    }

    fn look(&mut self) {
        self.watch.acted();
        let state = self.gate.state().unwrap();
        let newest = nanos(state.current_frame().start()) / SHAPE.step;
        for (back, held) in (0..).zip(state.frames()).skip(1) {
            let before = self.closed.insert(newest - back, *held);
            assert!(
                before.is_none_or(|before| before == *held),
                "a closed frame changed"
            );
        }
    }

    fn act(&mut self) {
        self.watch.acted();
        match self.gate.try_update(1) {
            Ok(reading) => {
                let frame = nanos(reading.frame().start()) / SHAPE.step;
                *self.booked.entry(frame).or_default() += 1;
            }
            Err(UpdateError::FrameLimit(_) | UpdateError::GateLimit(_)) => {}
            Err(error) => panic!("{error}"),
        }
        self.gate.set_limits(SHAPE.limits()).unwrap();
    }
}

fn length(place: &Place, member: &Member) -> u64 {
    let path = place.path().join(format!("notes.{}", member.id()));
    fs::metadata(path).map_or(0, |notes| notes.len())
}

#[test]
fn kill_at_random_and_survivors_lose_nothing() {
    let _alone = crew::alone();
    let kills = if crew::is_long() { 3_000 } else { 120 };
    let place = Place::new();
    let mut survivor = Survivor::new(&place);
    let start = || Member::start("risk", place.path());
    // the first one is never killed either
    let mut members: Vec<(Member, bool)> = (0..PROCESSES).map(|_| (start(), false)).collect();
    let mut random = Random(u64::from(std::process::id()));
    let (mut killed, mut grown) = (0, (Instant::now(), 0));
    let began = Instant::now();
    while killed < kills {
        assert!(
            began.elapsed() < Duration::from_secs(600),
            "{killed} kills in {:?}",
            began.elapsed()
        );
        survivor.look();
        survivor.act();
        for (member, has_begun) in &mut members {
            *has_begun |= member.has_answered();
            assert!(!member.has_ended(), "one ended by itself");
        }
        let victim = 1 + usize::try_from(random.below(PROCESSES as u64 - 1)).unwrap();
        if members[victim].1 {
            let (victim, _) = std::mem::replace(&mut members[victim], (start(), false));
            victim.kill();
            survivor.act();
            killed += 1;
        }
        if grown.0.elapsed() > Duration::from_secs(2) && members[0].1 {
            let length = length(&place, &members[0].0);
            assert!(length > grown.1, "who was not killed does not get on");
            grown = (Instant::now(), length);
        }
        thread::sleep(Duration::from_micros(random.below(2_000)));
    }
    // nothing is wedged: whoever is left goes on
    for (member, _) in &members {
        let before = length(&place, member);
        crew::until("a process that is left goes on", || {
            length(&place, member) > before + 160
        });
        survivor.look();
    }
    for (member, _) in members {
        member.kill();
    }
    survivor.look();
    judge(&place, &survivor, kills);
}

fn judge(place: &Place, survivor: &Survivor, kills: u64) {
    let (mut told, unknown) = notes(place);
    for (frame, booked) in &survivor.booked {
        told.entry(*frame).or_default().held += booked;
    }
    let mut history = SHAPE.history();
    for (frame, told) in &told {
        history.record(frame * SHAPE.step, told.held - told.doubtful);
    }
    assert_eq!(history.check(), Ok(()));
    assert!(unknown <= kills + PROCESSES as u64);
    let (mut more, mut compared, mut full) = (0, 0, 0);
    for (frame, held) in &survivor.closed {
        let (least, most) = match told.get(frame) {
            Some(told) => (told.held - told.doubtful, told.held),
            None => (0, 0),
        };
        assert!(
            *held >= least,
            "frame {frame} lost a booking: {held} of {least}"
        );
        assert!(*held <= SHAPE.frame.unwrap());
        more += held.saturating_sub(most);
        compared += held;
        full += u64::from(*held == SHAPE.frame.unwrap());
    }
    let all: u64 = told.values().map(|told| told.held).sum();
    eprintln!(
        "{kills} kills, {unknown} in doubt, {more} of them booked; {compared} of {all} bookings compared, {full} full \
         frames of {}",
        survivor.closed.len()
    );
    assert!(
        more <= unknown,
        "{more} bookings of nobody, {unknown} in doubt"
    );
    assert!(
        compared * 2 > all,
        "only {compared} of {all} bookings could be compared"
    );
}
