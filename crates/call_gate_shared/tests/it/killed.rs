//! Processes killed at any instruction: what they leave is what some whole number of their acts leaves.

use crate::crew::{self, Member};
use crate::place::Place;
use crate::script::{self, Act, Amid, Deed, Random, START, Seen, foretold, seen_now};
use call_gate_core::{CallGate, ManualClock};
use call_gate_testkit::Oracle;
use call_gate_testkit::spec::wall;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many there are of [`Amid`].
const MOMENTS: usize = 6;

/// Spins: a sleep would only end with the clock's ticks.
fn pause(random: &mut Random, most: u64) {
    let end = Instant::now() + Duration::from_nanos(random.below(most));
    while Instant::now() < end {
        std::hint::spin_loop();
    }
}

/// A gate, and the oracle that knows what is in it.
struct Judged {
    place: Place,
    name: String,
    gate: CallGate,
    oracle: Oracle,
}

impl Judged {
    fn new() -> Self {
        let place = Place::new();
        let clock = ManualClock::new(wall(START));
        Self {
            gate: script::gate(place.path(), "killed", &clock),
            oracle: Oracle::new(script::rules(), START),
            name: "killed".to_owned(),
            place,
        }
    }

    /// A process that has just begun to live by `seed`.
    fn begun(&mut self, seed: u64) -> Member {
        let mut member = Member::start("live", self.place.path());
        let now = seen_now(&mut self.oracle);
        assert_eq!(member.ask(format!("{} {seed} {now}", self.name)), "begun");
        member
    }

    /// What another process finds that acts now must be what the oracle says.
    fn probe(&mut self, deed: Deed, story: &str) {
        let told = script::act(&self.gate, deed);
        let expected = foretold(&mut self.oracle, Act { now: START, deed });
        assert_eq!(told, expected, "{deed:?} after {story}");
        let (view, expected) = (Seen::of(&self.gate), Seen::foretold(&mut self.oracle));
        assert_eq!(view, expected, "left by {deed:?} after {story}");
    }
}

/// The acts of one who goes on, the last two of which meet whatever was left half done.
fn survivor(random: &mut Random, oracle: &Oracle) -> [Deed; 5] {
    let caps = oracle.rules().caps;
    [
        Deed::Book(1 + random.below(2)),
        Deed::Refund(1),
        Deed::Book(1),
        Deed::Limits(caps),
        Deed::Book(1),
    ]
}

#[test]
fn kill_at_any_instruction_leaves_whole_acts() {
    let _alone = crew::alone();
    let kills = if crew::is_long() { 5_000 } else { 250 };
    let mut random = Random(u64::from(std::process::id()));
    let mut judged = Judged::new();
    let mut shares: BTreeMap<Amid, u32> = BTreeMap::new();
    let mut kill = 0;
    // some moments are a few instructions long: until one of each was met
    while kill < kills || (shares.len() < MOMENTS && kill < 20 * kills) {
        kill += 1;
        let seed = random.below(u64::MAX);
        let victim = judged.begun(seed);
        pause(&mut random, 150_000);
        // stopped first, so that nobody helps on what it was in the middle of before it is looked at
        victim.stop();
        let amid = script::amid(&judged.place, &judged.name);
        *shares.entry(amid).or_default() += 1;
        victim.kill();

        let story = format!("kill {kill} amid {amid:?}, seed {seed}");
        let began = Instant::now();
        let view = Seen::of(&judged.gate);
        assert!(view.is_legal(), "{view:?} after {story}");
        let places = script::places(&judged.oracle, seed, &view);
        let Some((_, oracle)) = places.into_iter().next() else {
            panic!("{view:?} is no state that whole acts leave: {story}");
        };
        judged.oracle = oracle;
        for deed in survivor(&mut random, &judged.oracle) {
            judged.probe(deed, &story);
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{story}");
    }
    eprintln!("{kill} killed amid {shares:?}");
    assert_eq!(
        shares.len(),
        MOMENTS,
        "not every moment was met: {shares:?}"
    );
}

/// One who is stopped amid an act, while others go on and finish it for him, does no harm when he wakes: in the end the
/// gate is as if his act had been done at one moment among the others'.
#[test]
fn stopped_at_any_instruction_and_resumed_acts_once() {
    let _alone = crew::alone();
    let stops = if crew::is_long() { 2_000 } else { 100 };
    let mut random = Random(u64::from(std::process::id()) << 32);
    let mut judged = Judged::new();
    let mut shares: BTreeMap<Amid, u32> = BTreeMap::new();
    for stop in 0..stops {
        let seed = random.below(u64::MAX);
        let sleeper = judged.begun(seed);
        pause(&mut random, 150_000);
        sleeper.stop();
        let amid = script::amid(&judged.place, &judged.name);
        *shares.entry(amid).or_default() += 1;
        let story = format!("stop {stop} amid {amid:?}, seed {seed}");
        let view = Seen::of(&judged.gate);
        let others: Vec<(Deed, Option<u64>)> = survivor(&mut random, &judged.oracle)
            .into_iter()
            .map(|deed| (deed, script::act(&judged.gate, deed)))
            .collect();
        sleeper.resume();
        assert_eq!(sleeper.answer(), "done", "{story}");
        let end = Seen::of(&judged.gate);
        let ends = script::endings(&judged.oracle, seed, &view, &others);
        let found = ends.into_iter().find(|(ending, _)| *ending == end);
        let Some((_, oracle)) = found else {
            panic!("{end:?} is no end of whole acts: {story}, {others:?}");
        };
        judged.oracle = oracle;
        for deed in survivor(&mut random, &judged.oracle) {
            judged.probe(deed, &story);
        }
        sleeper.finish();
    }
    eprintln!("{stops} stopped amid {shares:?}");
    assert!(
        shares.len() > 1,
        "nobody was in the middle of anything: {shares:?}"
    );
}
