//! The scenarios judge the oracle, and wrong scenarios are told so.

use super::*;
use crate::oracle::Rules;
use crate::outcome::Outcome;
use crate::run::Alone;

/// The scenarios are computed by hand, so they judge the oracle too.
#[test]
fn the_oracle_agrees_with_every_scenario() {
    for sees in [Sees::Always, Sees::Changes] {
        for scenario in all() {
            if scenario.is_for(sees, 1) {
                let told = scenario.play(&mut alone(&scenario, sees), 1);
                told.unwrap_or_else(|error| panic!("{sees:?}: {error}"));
            }
        }
    }
}

fn alone(scenario: &Scenario, sees: Sees) -> Alone {
    let rules = Rules {
        sees,
        ..scenario.spec.rules()
    };
    Alone::judged_by(rules, scenario.spec.start)
}

/// A clock that goes in coarser steps than the one that the others are told by.
struct Coarse(Alone, u64);

impl Stage for Coarse {
    fn act(&mut self, act: &Act) -> Result<Outcome, Mismatch> {
        match *act {
            Act::SetTo(elapsed) => self.0.act(&Act::SetTo(elapsed / self.1 * self.1)),
            _ => self.0.act(act),
        }
    }
}

#[test]
fn scenarios_are_true_on_coarser_clocks() {
    for (tick, fewest) in [(100, 23), (1_000, 23), (1_000_000, 18)] {
        let mut played = 0;
        for scenario in all() {
            if scenario.is_for(Sees::Changes, tick) {
                let mut stage = Coarse(alone(&scenario, Sees::Changes), tick);
                let told = scenario.play(&mut stage, tick);
                told.unwrap_or_else(|error| panic!("ticks of {tick} ns: {error}"));
                played += 1;
            }
        }
        assert!(played >= fewest, "only {played} in ticks of {tick} ns");
    }
}

#[test]
fn every_file_is_embedded() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/scenarios");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    found.sort();
    let embedded: Vec<&str> = files().iter().map(|&(name, _)| name).collect();
    assert_eq!(found, embedded);
}

#[test]
fn numbers_and_spans() {
    let number = |text| number::number(text).ok();
    assert_eq!(number("7"), Some(7));
    assert_eq!(number("1_000"), Some(1_000));
    assert_eq!(number("2^53-1"), Some(9_007_199_254_740_991));
    assert_eq!(number("2^64-1"), Some(u64::MAX));
    assert_eq!(number("2^64"), None);
    assert_eq!(number("-1"), None);
    let span = |text| number::span(text).ok();
    assert_eq!(span("1.5s"), Some(1_500_000_000));
    assert_eq!(span("2d 1h"), Some(176_400_000_000_000));
    assert_eq!(span("0.000000001s"), Some(1));
    assert_eq!(span("3us"), Some(3_000));
    for wrong in ["5", "s", "1.5.5s", "0.0000000001s", "5 s", "1x", "1.s2"] {
        assert_eq!(span(wrong), None, "{wrong}");
    }
}

#[test]
fn a_wrong_scenario_is_told_what_and_where() {
    let head = "title = \"t\"\ngate_size = \"2s\"\nframe_step = \"1s\"\n";
    let told = |rest: &str| {
        Scenario::parse("x", &format!("{head}{rest}"))
            .unwrap_err()
            .to_string()
    };
    let cases = [
        (
            "steps = [\n  { act = \"wait\" },\n  { act = \"updat 5\" },\n]",
            "line 6: `updat 5` is no act",
        ),
        (
            "steps = [{ act = \"update 2^70\" }]",
            "line 4: `2^70` is no number",
        ),
        (
            "steps = [{ at = \"5\", act = \"wait\" }]",
            "line 4: at: `5` is no span",
        ),
        (
            "steps = [{ act = \"clear\", expect = \"fine\" }]",
            "expect: `fine` is no answer",
        ),
        (
            "steps = [{ act = \"update 5\", expect = \"too large\", sum = 5 }]",
            "`too large` has no `sum`",
        ),
        (
            "steps = [{ act = \"update 5\", expect = \"admitted\", frames = [5] }]",
            "`admitted` has no `frames`",
        ),
        ("steps = [{ act = \"limits gate\" }]", "`gate` is no limit"),
        (
            "sees = \"nothing\"\nsteps = []",
            "sees: `nothing` is not always or changes",
        ),
        ("color = 1\nsteps = []", "unknown field `color`"),
    ];
    for (rest, expected) in cases {
        assert!(
            told(rest).contains(expected),
            "{} does not say {expected}",
            told(rest)
        );
    }
    assert!(
        Scenario::parse(
            "x",
            "title = \"t\"\ngate_size = \"2s\"\nframe_step = \"3s\"\nsteps = []"
        )
        .is_err()
    );
}

#[test]
fn a_wrong_expectation_fails() {
    let head = "title = \"t\"\ngate_size = \"2s\"\nframe_step = \"1s\"\ngate_limit = 5\n";
    let fails = |step: &str| {
        let scenario = Scenario::parse("x", &format!("{head}steps = [{{ {step} }}]")).unwrap();
        scenario
            .play(&mut Alone::new(&scenario.spec), 1)
            .unwrap_err()
            .to_string()
    };
    let told = fails("act = \"update 5\", expect = \"admitted\", sum = 4");
    assert!(
        told.starts_with("scenario x, line 5: `update 5`: expected sum 4, got Admitted"),
        "{told}"
    );
    assert!(fails("act = \"update 5\", expect = \"gate limit\"").contains("expected `gate limit`"));
    assert!(fails("act = \"update 5\"").contains("expected `done`"));
    assert!(
        fails("act = \"state\", frames = [1, 0]").contains("expected frames [1, 0], got [0, 0]")
    );
    assert!(fails("act = \"refund pass a\"").contains("no pass `a` is held"));
}
