//! Lines as servers write them, and as they should not.

use super::*;

const COMMON: &str =
    r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326"#;

fn stamped(stamp: &str) -> Option<i64> {
    let line = format!(r#"192.0.2.1 - - [{stamp}] "GET / HTTP/1.1" 200 -"#);
    Entry::parse(&line).map(|entry| entry.seconds)
}

#[test]
fn a_common_line_is_read() {
    assert_eq!(
        Entry::parse(COMMON),
        Some(Entry {
            seconds: 971_211_336,
            offset: -25_200
        })
    );
}

#[test]
fn a_combined_line_is_read() {
    let line =
        format!(r#"{COMMON} "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I)""#);
    assert_eq!(Entry::parse(&line), Entry::parse(COMMON));
}

#[test]
fn a_quote_inside_the_request_does_not_end_it() {
    let line = r#"2001:db8::1 - - [10/Oct/2000:13:55:36 -0700] "GET /\"a\\ HTTP/1.1" 404 -"#;
    assert_eq!(Entry::parse(line), Entry::parse(COMMON));
}

#[test]
fn dates_are_turned_into_days() {
    assert_eq!(stamped("01/Jan/1970:00:00:00 +0000"), Some(0));
    assert_eq!(stamped("29/Feb/2000:00:00:00 +0000"), Some(951_782_400));
    assert_eq!(stamped("28/Feb/2100:23:59:59 +0000"), Some(4_107_542_399));
    assert_eq!(stamped("01/Mar/2100:00:00:00 +0000"), Some(4_107_542_400));
    assert_eq!(stamped("31/Dec/2016:23:59:60 +0000"), Some(1_483_228_800));
    assert_eq!(stamped("01/Jan/2025:05:45:00 +0545"), Some(1_735_689_600));
}

#[test]
fn dates_that_do_not_exist_are_refused() {
    for stamp in [
        "29/Feb/2100:00:00:00 +0000",
        "00/Jan/2025:00:00:00 +0000",
        "31/Apr/2025:00:00:00 +0000",
        "01/Foo/2025:00:00:00 +0000",
        "01/Jan/2025:24:00:00 +0000",
        "01/Jan/2025:00:60:00 +0000",
        "01/Jan/2025:00:00:61 +0000",
        "01/Jan/2025:00:00 +0000",
        "01/Jan/2025:00:00:00",
        "01/Jan/2025:00:00:00 0000",
        "01/Jan/2025:00:00:00 +2500",
        "01/Jan/2025:00:00:00 +00é",
        "01/Jan/1970:00:00:00 +0100",
        "01/Jan/99999:00:00:00 +0000",
        "+1/Jan/2025:00:00:00 +0000",
    ] {
        assert_eq!(stamped(stamp), None, "{stamp}");
    }
}

#[test]
fn other_lines_are_refused() {
    for line in [
        "",
        " ",
        "#Fields: date time",
        "192.0.2.1 - - [10/Oct/2000:13:55:36 -0700]",
        r#"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1"#,
        r#"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200"#,
        r#"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" OK 12"#,
        r#"192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 many"#,
        r#"[10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 12"#,
    ] {
        assert_eq!(Entry::parse(line), None, "{line}");
    }
}

#[test]
fn lines_that_are_no_entry_are_counted() {
    let text = format!("{COMMON}\nnonsense\n\n{COMMON}\r\n").into_bytes();
    let mut text = text;
    text.extend(b"\xff\xfe\n");
    let log = Log::read(text.as_slice()).unwrap();
    assert_eq!((log.entries.len(), log.skipped), (2, 2));
}

#[test]
fn a_log_without_entries_is_an_error() {
    let error = Log::read("a\nb\n".as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "none of its 2 lines is a log entry");
}

#[test]
fn the_sample_is_whole() {
    let log = Log::read(crate::SAMPLE.as_bytes()).unwrap();
    assert_eq!((log.entries.len(), log.skipped), (566, 0));
}
