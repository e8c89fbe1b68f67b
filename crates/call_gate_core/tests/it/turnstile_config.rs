//! Bad input to a turnstile: one typed error that names the value and the rule, and nothing changed.

use crate::SECOND;
use call_gate_core::clock::ManualClock;
use call_gate_core::{ConfigErrorKind, Demand, Storage, Turnstile, TurnstileBuilder, Way, at_once};
use call_gate_testkit::Loopback;
use std::time::{Duration, SystemTime};

fn clock() -> ManualClock {
    ManualClock::new(SystemTime::UNIX_EPOCH)
}

fn new() -> TurnstileBuilder {
    Turnstile::builder().clock(clock())
}

fn remote() -> impl Storage + 'static {
    Loopback::new(clock())
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn what_breaks_a_rule_is_named() {
    let day = 24 * 3_600 * SECOND;
    let many = (2..=66).fold(new(), |turnstile, length| {
        turnstile.window(1, length * SECOND, SECOND)
    });
    let cases: Vec<(TurnstileBuilder, ConfigErrorKind, &[&str])> = vec![
        (
            new(),
            ConfigErrorKind::Limits,
            &["without any limit", "window", "max_burst"],
        ),
        (
            new().permits(0),
            ConfigErrorKind::Limits,
            &["max_burst of 0", "1 to 16777215"],
        ),
        (
            new().permits(1 << 24),
            ConfigErrorKind::Limits,
            &["max_burst of 16777216", "1 to 16777215"],
        ),
        (
            new().window(0, SECOND, SECOND / 10),
            ConfigErrorKind::Limits,
            &["limit of 0 in 1s", "at least 1"],
        ),
        (
            new().cost_window(0, 60 * SECOND, SECOND),
            ConfigErrorKind::Limits,
            &["limit of 0 in 60s", "at least 1"],
        ),
        (
            new().window(1, Duration::ZERO, SECOND),
            ConfigErrorKind::GateSize,
            &["0ns", "longer"],
        ),
        (
            new().window(1, 7_306 * day, day),
            ConfigErrorKind::GateSize,
            &["631238400s", "twenty years"],
        ),
        (
            new().window(1, SECOND, Duration::ZERO),
            ConfigErrorKind::FrameStep,
            &["1s", "multiple", "0ns"],
        ),
        (
            new().window(1, 10 * SECOND, 3 * SECOND),
            ConfigErrorKind::FrameStep,
            &["10s", "multiple", "3s"],
        ),
        (
            new().window(1, SECOND, Duration::from_nanos(500)),
            ConfigErrorKind::Frames,
            &["1s", "500ns", "2 to 1048576", "2000000"],
        ),
        (
            new().window(1, Duration::from_micros(1), Duration::from_nanos(500)),
            ConfigErrorKind::FrameStep,
            &["500ns", "at least 1 µs"],
        ),
        (
            new().window(1, SECOND, SECOND),
            ConfigErrorKind::Frames,
            &["1s in steps of 1s", "2 to", "not 1"],
        ),
        (
            new().window(1, 60 * SECOND, Duration::from_micros(1)),
            ConfigErrorKind::Frames,
            &["60s in steps of 1µs", "1048576", "60000000"],
        ),
        (
            new()
                .window(1, SECOND, SECOND / 10)
                .window(2, SECOND, SECOND / 2),
            ConfigErrorKind::Limits,
            &["limits of 1 and 2", "the same 1s"],
        ),
        (
            new()
                .cost_window(7, SECOND, SECOND / 10)
                .cost_window(8, SECOND, SECOND / 2),
            ConfigErrorKind::Limits,
            &["limits of 7 and 8", "the same 1s"],
        ),
        (
            new().window(11, SECOND, SECOND / 10).limits_up_to(10),
            ConfigErrorKind::Limits,
            &["limit of 11 in 1s", "limits_up_to(10)"],
        ),
        (
            new().window(1, SECOND, SECOND / 10).limits_up_to(0),
            ConfigErrorKind::Limits,
            &["limits_up_to of 0", "at least 1"],
        ),
        (many, ConfigErrorKind::Frames, &["65 spans", "1 to 64"]),
        (
            new().name("a\nb").window(1, SECOND, SECOND / 10),
            ConfigErrorKind::Name,
            &["a\\nb", "control"],
        ),
        (new().name("").permits(1), ConfigErrorKind::Name, &["empty"]),
        (
            new().name("far").permits(1).storage(remote()),
            ConfigErrorKind::Unsupported,
            &["redis", "must have a window"],
        ),
        (
            new().window(1, SECOND, SECOND / 10).storage(remote()),
            ConfigErrorKind::Name,
            &["name"],
        ),
    ];
    for (builder, kind, words) in cases {
        let shown = format!("{builder:?}");
        let error = builder.build().expect_err(&shown);
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}: {shown}");
        for word in words {
            assert!(text.contains(word), "{text:?} does not say {word:?}");
        }
    }
}

#[test]
fn what_a_limit_may_not_be_is_named_and_nothing_changes() {
    let turnstile = new()
        .window(5, SECOND, SECOND / 10)
        .cost_window(50, 60 * SECOND, SECOND)
        .limits_up_to(100)
        .permits(2)
        .build()
        .unwrap();
    let before = at_once(turnstile.state(Way::Blocking)).unwrap();
    let set = |length, limit| at_once(turnstile.set_limit(Way::Blocking, length, limit));
    let set_cost = |length, limit| at_once(turnstile.set_cost_limit(Way::Blocking, length, limit));
    let cases = [
        (set(SECOND, 0), ["limit of 0", "at least 1"]),
        (set(SECOND, 101), ["limit of 101", "limits_up_to(100)"]),
        (set(60 * SECOND, 1), ["window of 60s", "[1s]"]),
        (set_cost(60 * SECOND, 0), ["limit of 0", "at least 1"]),
        (set_cost(SECOND, 1), ["window of cost of 1s", "[60s]"]),
        (
            turnstile.set_permits(0),
            ["max_burst of 0", "1 to 16777215"],
        ),
        (
            turnstile.set_permits(u64::MAX),
            ["max_burst of 1844", "1 to 16777215"],
        ),
    ];
    for (said, words) in cases {
        let text = said.unwrap_err().to_string();
        for word in words {
            assert!(text.contains(word), "{text:?} does not say {word:?}");
        }
        assert_eq!(at_once(turnstile.state(Way::Blocking)).unwrap(), before);
    }
    let unbounded = new().window(5, SECOND, SECOND / 10).build().unwrap();
    let text = unbounded.set_permits(3).unwrap_err().to_string();
    assert!(text.contains("max_burst(3)"), "{text}");
    assert_eq!(unbounded.permits(), None);
}

#[test]
fn a_packed_window_says_what_it_cannot_hold() {
    let packed = new().window(5, SECOND, SECOND / 10).build().unwrap();
    let text = at_once(packed.set_limit(Way::Blocking, SECOND, u64::MAX))
        .unwrap_err()
        .to_string();
    assert!(text.contains("limit of 18446744073709551615"), "{text}");
    assert!(
        text.contains("limits_up_to(18446744073709551615)"),
        "{text}"
    );
    assert!(!text.contains("  "), "{text}");
    let any = new()
        .window(5, SECOND, SECOND / 10)
        .limits_up_to(u64::MAX)
        .build()
        .unwrap();
    at_once(any.set_limit(Way::Blocking, SECOND, u64::MAX)).unwrap();
    any.try_take(Demand::new(u64::MAX)).unwrap();
    assert!(any.try_take(Demand::new(1)).is_err());
}

#[test]
fn the_most_permits_are_counted_whole() {
    let most = (1 << 24) - 1;
    let turnstile = new().permits(most).build().unwrap();
    turnstile.try_take(Demand::new(most)).unwrap();
    assert_eq!(turnstile.permits(), Some((most, most)));
    for more in [1, most, u64::MAX] {
        turnstile.try_take(Demand::new(more)).unwrap_err();
    }
    turnstile.release(most);
    assert_eq!(turnstile.permits(), Some((most, 0)));
}
