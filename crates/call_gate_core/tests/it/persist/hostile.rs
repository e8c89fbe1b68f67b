//! Bad files: each a typed error that names the field, the value and the rule.

use std::fmt::Write;

use call_gate_core::FileErrorKind::{Field, Syntax, TooBig};
use call_gate_core::{FileErrorKind, Snapshot};
use proptest::prelude::*;

const GOOD: &str = r#"{
  "name": "gmail",
  "gate_size": 3.0,
  "frame_step": 1.0,
  "gate_limit": 5,
  "frame_limit": 0,
  "timezone": "UTC",
  "storage": "simple",
  "_data": [1, 2, 0],
  "_current_dt": "2024-07-03T09:46:40+00:00"
}"#;

/// The good file with one field's text replaced.
fn with(field: &str, text: &str) -> String {
    let mut json = String::from("{");
    for (name, value) in [
        ("name", "\"gmail\""),
        ("gate_size", "3.0"),
        ("frame_step", "1.0"),
        ("gate_limit", "5"),
        ("frame_limit", "0"),
        ("timezone", "\"UTC\""),
        ("storage", "\"simple\""),
        ("_data", "[1, 2, 0]"),
        ("_current_dt", "\"2024-07-03T09:46:40+00:00\""),
        ("strict", "false"),
        ("other", "0"),
    ] {
        let value = if name == field { text } else { value };
        write!(json, "\"{name}\": {value}, ").unwrap();
    }
    json.truncate(json.len() - 2);
    json.push('}');
    json
}

fn kind(json: &[u8]) -> FileErrorKind {
    Snapshot::from_json(json).unwrap_err().kind()
}

#[test]
fn the_good_file_is_good() {
    Snapshot::from_json(GOOD.as_bytes()).unwrap();
    Snapshot::from_json(with("other", "{}").as_bytes()).unwrap();
}

#[test]
fn a_bad_field_is_named_with_its_value_and_the_rule() {
    let control = format!("\"a{}u0007b\"", '\\');
    let surrogate = format!("\"{}ud800\"", '\\');
    let long = format!("\"{}\"", "x".repeat(1_025));
    for (field, value, rule) in [
        ("name", "\"\"", "must not be empty"),
        ("name", "null", "must be a string"),
        ("name", "5", "must be a string"),
        ("name", "[\"a\"]", "must be a string"),
        ("name", &control, "control characters"),
        ("name", &surrogate, "must be a string"),
        ("name", &long, "must not be longer than 1024 bytes"),
        ("gate_size", "0", "above zero"),
        ("gate_size", "-3.0", "above zero"),
        ("gate_size", "1e-400", "whole number of nanoseconds"),
        ("gate_size", "3.0000000001", "whole number of nanoseconds"),
        ("gate_size", "1e400", "at most 9223372036.854775807"),
        ("gate_size", "9223372037.0", "at most 9223372036.854775807"),
        ("gate_size", "\"3.0\"", "number of seconds"),
        ("gate_size", "null", "number of seconds"),
        ("gate_size", "1.0", "at least two frames"),
        ("gate_size", "3.5", "multiple of frame_step, which is 1.0"),
        ("gate_size", "2e6", "at most 1048576 frames"),
        ("frame_step", "0.0", "above zero"),
        ("frame_step", "true", "number of seconds"),
        ("gate_limit", "-1", "must not be negative"),
        ("gate_limit", "5.0", "must be an integer"),
        ("gate_limit", "1e3", "must be an integer"),
        ("gate_limit", "null", "must be an integer"),
        ("gate_limit", "true", "must be an integer"),
        (
            "gate_limit",
            "18446744073709551616",
            "at most 18446744073709551615",
        ),
        ("frame_limit", "\"1\"", "must be an integer"),
        ("timezone", "0", "must be a string"),
        ("timezone", "\"\"", "the name of a time zone"),
        ("storage", "\"disk\"", "one of simple, shared and redis"),
        ("storage", "1", "must be a string"),
        ("storage", "null", "must be a string"),
        ("_data", "{}", "list of integers"),
        ("_data", "7", "list of integers"),
        ("_data", "[1, 2, 3, 4]", "the window's 3 values"),
        ("_data", "[1, -2]", "must not be negative"),
        ("_data", "[1.0]", "must be an integer"),
        ("_data", "[null]", "must be an integer"),
        ("_data", "[[1]]", "must be an integer"),
        (
            "_data",
            "[18446744073709551616]",
            "at most 18446744073709551615",
        ),
        (
            "_data",
            "[18446744073709551615, 1]",
            "must not sum to more than",
        ),
        ("_current_dt", "1720000000", "must be a string"),
        ("_current_dt", "\"\"", "must be an ISO time"),
        ("_current_dt", "\"yesterday\"", "must be an ISO time"),
        (
            "_current_dt",
            "\"1969-12-31T23:59:59+00:00\"",
            "must not be before 1970",
        ),
        (
            "_current_dt",
            "\"2600-01-01T00:00:00+00:00\"",
            "before the year 2554",
        ),
        ("strict", "1", "must be true or false"),
        ("strict", "null", "must be true or false"),
    ] {
        let error = Snapshot::from_json(with(field, value).as_bytes()).unwrap_err();
        let message = error.to_string();
        assert_eq!(error.kind(), Field, "{message}");
        assert_eq!(error.field(), Some(field), "{message}");
        assert!(message.contains(&format!("`{field}`")), "{message}");
        assert!(message.contains(rule), "{message}");
        assert!(message.len() < 400, "{message}");
        assert!(!message.contains(char::is_control), "{message}");
    }
}

#[test]
fn a_message_shows_the_value() {
    let message = |field, value| {
        Snapshot::from_json(with(field, value).as_bytes())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message("gate_size", "-3.0"),
        "field `gate_size` is -3.0: it must be above zero",
    );
    assert_eq!(
        message("_data", "[1, -2]"),
        "field `_data` is -2 at place 1: it must not be negative",
    );
    let empty = message("name", "\"\"");
    assert!(
        empty.starts_with("field `name` is \"\": it must name a gate: "),
        "{empty}"
    );
}

#[test]
fn a_field_missing_or_given_twice_is_named() {
    for field in ["name", "gate_size", "frame_step"] {
        let json = with("other", "0").replace(&format!("\"{field}\""), "\"unknown\"");
        let error = Snapshot::from_json(json.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("field `{field}` is missing"));
    }
    for field in ["name", "_data", "_current_dt", "strict", "gate_limit"] {
        let json = with("other", "0").replace("\"other\"", &format!("\"{field}\""));
        let error = Snapshot::from_json(json.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Field);
        assert_eq!(error.to_string(), format!("field `{field}` is given twice"));
    }
}

#[test]
fn what_python_can_leave_out_may_be_missing() {
    let json = r#"{"name": "n", "gate_size": 2, "frame_step": 1}"#;
    let snapshot = Snapshot::from_json(json.as_bytes()).unwrap();
    assert!(snapshot.frames().is_empty());
    assert_eq!(snapshot.current_frame(), None);
    assert_eq!(snapshot.timezone(), None);
}

#[test]
fn what_is_no_json_object_is_a_syntax_error() {
    for text in [
        "",
        " ",
        "null",
        "7",
        "[]",
        "\"name\"",
        "{",
        "{}}",
        "{'name': 1}",
        "{\"name\"}",
        "{\"name\": }",
        "\u{feff}{}",
        "NaN",
        "{\"a\": 1,}",
        "{\"a\": \"\n\"}",
        "nul",
        "{} x",
    ] {
        assert_eq!(kind(text.as_bytes()), Syntax, "{text:?}");
    }
    assert_eq!(kind(&[b"\xef\xbb\xbf", GOOD.as_bytes()].concat()), Syntax);
    assert_eq!(kind(b"{\"name\": \"\xff\"}"), Syntax);
    assert_eq!(kind(b"\xff\xfe{\0}\0"), Syntax);
    assert_eq!(kind(&[0; 100]), Syntax);
    for number in [
        "NaN",
        "Infinity",
        "-Infinity",
        "01",
        "+1",
        ".5",
        "0x10",
        "1_000",
    ] {
        for field in ["gate_size", "gate_limit", "_data", "other"] {
            assert_eq!(
                kind(with(field, number).as_bytes()),
                Syntax,
                "{field} {number}"
            );
        }
    }
    assert_eq!(kind(with("_data", "[1, NaN]").as_bytes()), Syntax);
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    for end in 0..GOOD.len() {
        assert_eq!(kind(&GOOD.as_bytes()[..end]), Syntax, "{end}");
    }
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let open = "[".repeat(1_000_000);
    let closed = open.clone() + &"]".repeat(1_000_000);
    let objects = "{\"a\":".repeat(1_000_000);
    assert_eq!(kind(open.as_bytes()), Syntax);
    assert_eq!(kind(objects.as_bytes()), Syntax);
    for field in [
        "name",
        "gate_size",
        "_data",
        "storage",
        "strict",
        "_current_dt",
    ] {
        assert_eq!(kind(with(field, &open).as_bytes()), Syntax);
        assert_eq!(kind(with(field, &closed).as_bytes()), Field);
    }
    // What is not known is not looked at.
    Snapshot::from_json(with("other", &closed).as_bytes()).unwrap();
}

#[test]
fn size_is_capped() {
    let spaces = vec![b' '; (64 << 20) + 1];
    assert_eq!(kind(&spaces), TooBig);
    let digits = "9".repeat(1_000_000);
    assert_eq!(kind(with("gate_size", &digits).as_bytes()), Field);
    assert_eq!(kind(with("gate_limit", &digits).as_bytes()), Field);
    let values = format!("[{}0]", "0,".repeat(1_000_000));
    assert_eq!(kind(with("_data", &values).as_bytes()), Field);
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(
        at in 0..GOOD.len(),
        cut in 0..8_usize,
        paste in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        let end = bytes.len().min(at + cut);
        bytes.splice(at..end, paste);
        let _ = Snapshot::from_json(&bytes);
    }

    #[test]
    fn a_field_of_any_text_never_panics(
        field in prop::sample::select(vec![
            "name", "gate_size", "frame_step", "gate_limit", "timezone", "storage", "_data",
            "_current_dt", "strict",
        ]),
        text in "\"?[\\[{]?[-+0-9eE.,:TZ]{0,30}\\PC{0,5}[\\]}]?\"?",
    ) {
        let _ = Snapshot::from_json(with(field, &text).as_bytes());
    }
}
