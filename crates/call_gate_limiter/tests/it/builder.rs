//! Making a limiter: every rule that a builder may break, with what it is told, and the windows that come of it.
// long file: one rule beside the other

use crate::{MILLI, MINUTE, SECOND, manual};
use call_gate_core::{ConfigErrorKind, StorageKind};
use call_gate_limiter::{RateLimiter, RateLimiterBuilder};
use std::time::Duration;

const YEARS: Duration = Duration::from_secs(7_305 * 86_400);

fn new() -> RateLimiterBuilder {
    RateLimiter::builder()
}

/// That the builder is refused, in these words.
#[track_caller]
fn refused(builder: RateLimiterBuilder, kind: ConfigErrorKind, message: &str) {
    let error = builder.build().unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
}

#[test]
fn nothing_set_is_an_error() {
    let message = "a limiter without any limit must have at least one: a window, or max_burst";
    refused(new(), ConfigErrorKind::Limits, message);
    refused(
        new().blocking(false).strict().credits(),
        ConfigErrorKind::Limits,
        message,
    );
}

#[test]
fn counts_of_zero_are_errors() {
    use ConfigErrorKind::Limits;
    refused(
        new().per_second(0),
        Limits,
        "a limit of 0 in 1s must be at least 1",
    );
    refused(
        new().per_minute(0),
        Limits,
        "a limit of 0 in 60s must be at least 1",
    );
    refused(
        new().per_hour(0),
        Limits,
        "a limit of 0 in 3600s must be at least 1",
    );
    refused(
        new().per_day(0),
        Limits,
        "a limit of 0 in 86400s must be at least 1",
    );
    refused(
        new().limit(0, 5 * SECOND),
        Limits,
        "a limit of 0 in 5s must be at least 1",
    );
    refused(
        new().cost_per_second(0),
        Limits,
        "a limit of 0 in 1s must be at least 1",
    );
    refused(
        new().cost_per_minute(0),
        Limits,
        "a limit of 0 in 60s must be at least 1",
    );
    refused(
        new().cost_per_hour(0),
        Limits,
        "a limit of 0 in 3600s must be at least 1",
    );
    refused(
        new().cost_per_day(0),
        Limits,
        "a limit of 0 in 86400s must be at least 1",
    );
    refused(
        new().per_second(1).limits_up_to(0),
        Limits,
        "limits_up_to of 0 must be at least 1; leave it out for the default",
    );
    refused(
        new().per_second(7).limits_up_to(6),
        Limits,
        "a limit of 7 in 1s must not be above limits_up_to(6)",
    );
}

#[test]
fn windows_of_zero_are_errors() {
    use ConfigErrorKind::GateSize;
    refused(
        new().per_second(1).second_window(0),
        GateSize,
        "second_window(0) must be at least 1",
    );
    refused(
        new().per_minute(1).minute_window(0),
        GateSize,
        "minute_window(0) must be at least 1",
    );
    refused(
        new().per_hour(1).hour_window(0),
        GateSize,
        "hour_window(0) must be at least 1",
    );
    refused(
        new().per_day(1).day_window(0),
        GateSize,
        "day_window(0) must be at least 1",
    );
    let message = "a window of 0ns must be longer than that";
    refused(new().limit(1, Duration::ZERO), GateSize, message);
    refused(
        new().limit_in_steps(1, Duration::ZERO, SECOND),
        GateSize,
        message,
    );
    refused(new().cost_limit(1, Duration::ZERO), GateSize, message);
}

#[test]
fn windows_over_twenty_years_are_errors() {
    use ConfigErrorKind::GateSize;
    for seconds in [YEARS.as_secs() + 1, 1_000_000_000_000_000, u64::MAX] {
        let length = Duration::from_secs(seconds);
        let message =
            format!("a window of {length:?} must not be longer than twenty years, 631152000s");
        refused(
            new().per_second(1).second_window(seconds),
            GateSize,
            &message,
        );
        refused(new().limit(1, length), GateSize, &message);
        refused(new().cost_limit(1, length), GateSize, &message);
    }
    assert!(new().per_day(1).day_window(u64::MAX).build().is_err());
    assert!(new().limit(1, Duration::MAX).build().is_err());
    new().per_day(1).day_window(7_305).build().unwrap();
}

#[test]
fn what_is_said_of_a_rate_that_is_not_set_is_an_error() {
    use ConfigErrorKind::Limits;
    let one = || new().max_burst(1);
    for (builder, unit) in [
        (one().second_window(2), "second"),
        (one().minute_window(2), "minute"),
        (one().hour_window(2), "hour"),
        (one().day_window(2), "day"),
    ] {
        let message = format!("{unit}_window(2) must come with a limit: set per_{unit} too");
        refused(builder, Limits, &message);
    }
    for (builder, unit) in [
        (one().second_step(MILLI), "second"),
        (one().minute_step(MILLI), "minute"),
        (one().hour_step(MILLI), "hour"),
        (one().day_step(MILLI), "day"),
    ] {
        let message = format!("{unit}_step(1ms) must come with a limit: set per_{unit} too");
        refused(builder, Limits, &message);
    }
}

#[test]
fn two_limits_for_one_length_are_an_error() {
    let message = "limits of 3 and 4 in the same 60s must be one";
    refused(
        new().per_minute(3).limit(4, MINUTE),
        ConfigErrorKind::Limits,
        message,
    );
    refused(
        new().per_second(3).second_window(60).per_minute(4),
        ConfigErrorKind::Limits,
        message,
    );
    refused(
        new().cost_per_minute(3).cost_limit(4, MINUTE),
        ConfigErrorKind::Limits,
        message,
    );
    // a count of requests and one of costs are two
    new().per_minute(3).cost_per_minute(4).build().unwrap();
}

#[test]
fn a_max_burst_out_of_range_is_an_error() {
    for most in [0, 16_777_216, u64::MAX] {
        let message = format!(
            "max_burst of {most} must be 1 to 16777215; leave it out to not bound how many run at once"
        );
        refused(new().max_burst(most), ConfigErrorKind::Limits, &message);
        let limiter = new().max_burst(1).build().unwrap();
        assert_eq!(
            limiter.set_max_burst(most).unwrap_err().to_string(),
            message
        );
        assert_eq!(limiter.max_burst(), Some(1));
    }
    let limiter = new().max_burst(16_777_215).build().unwrap();
    drop(limiter.acquire_many(16_777_215).unwrap());
    let unbounded = new().per_second(1).build().unwrap();
    assert_eq!(
        unbounded.set_max_burst(5).unwrap_err().to_string(),
        "max_burst(5) must be set where the limiter is built before it can be changed"
    );
}

#[test]
fn steps_that_do_not_divide_are_errors() {
    use ConfigErrorKind::{FrameStep, Frames};
    let step = Duration::from_millis(300);
    let message = "a window of 1s must be a multiple of its step, 300ms";
    refused(new().per_second(1).second_step(step), FrameStep, message);
    refused(new().limit_in_steps(1, SECOND, step), FrameStep, message);
    refused(
        new().cost_limit_in_steps(1, SECOND, step),
        FrameStep,
        message,
    );
    refused(
        new().per_minute(1).minute_step(Duration::ZERO),
        FrameStep,
        "a window of 60s must be a multiple of its step, 0ns",
    );
    refused(
        new().per_minute(1).minute_step(MINUTE),
        Frames,
        "a window of 60s in steps of 60s must hold 2 to 1048576 of them, not 1",
    );
    refused(
        new().per_day(1).day_step(MILLI),
        Frames,
        "a window of 86400s in steps of 1ms must hold 2 to 1048576 of them, not 86400000",
    );
    let odd = Duration::from_nanos(1_000_000_007);
    refused(
        new().limit(1, odd),
        FrameStep,
        "a window of 1.000000007s must be a multiple of a step, and none of 10 to 1000 frames is: say one with \
         `limit_in_steps`",
    );
    let short = Duration::from_micros(1);
    let error = new().limit(1, short).build().unwrap_err();
    assert_eq!(error.kind(), FrameStep);
}

#[cfg(unix)]
#[test]
fn other_storages_need_a_name_and_a_window() {
    use call_gate_shared::SharedMemory;
    let folder = tempfile::tempdir().unwrap();
    let shared =
        |builder: RateLimiterBuilder| builder.storage(SharedMemory::new().directory(folder.path()));
    refused(
        shared(new().per_second(1)),
        ConfigErrorKind::Name,
        "an unnamed gate in shared storage must have a name, which is how others find it",
    );
    refused(
        shared(new().name("burst").max_burst(1)),
        ConfigErrorKind::Unsupported,
        "a limiter in shared storage must have a window to count there",
    );
    let error = shared(new().name("costs").cost_per_second(1))
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::Unsupported, "{error}");
    let named = shared(new().name("llm").per_second(1).max_burst(1))
        .build()
        .unwrap();
    assert_eq!(
        (named.name(), named.storage()),
        ("llm", StorageKind::Shared)
    );
    // another handle of the same windows, with places of its own
    let other = shared(new().name("llm").per_second(1).max_burst(1))
        .build()
        .unwrap();
    let _out = named.acquire().unwrap();
    assert_eq!(
        (named.permits_out(), other.permits_out()),
        (Some(1), Some(0))
    );
    assert_eq!(other.remaining().unwrap().windows[0].remaining, 0);
}

#[test]
fn rates_come_in_their_order_and_at_their_lengths() {
    let builder = new()
        .limit(9, 5 * SECOND)
        .per_day(4)
        .day_window(2)
        .per_hour(3)
        .per_minute(2);
    let builder = builder
        .per_second(1)
        .second_window(7)
        .cost_per_hour(6)
        .cost_per_second(5);
    let limiter = builder.clock(manual()).build().unwrap();
    let remaining = limiter.remaining().unwrap();
    let lengths = |rooms: &[call_gate_limiter::WindowRoom]| {
        let seconds = rooms.iter().map(|room| (room.window.as_secs(), room.limit));
        seconds.collect::<Vec<_>>()
    };
    assert_eq!(
        lengths(&remaining.windows),
        [(7, 1), (60, 2), (3_600, 3), (172_800, 4), (5, 9)]
    );
    assert_eq!(lengths(&remaining.costs), [(3_600, 6), (1, 5)]);
    assert_eq!(remaining.burst, None);
    assert_eq!((limiter.max_burst(), limiter.permits_out()), (None, None));
    assert_eq!(
        (limiter.name(), limiter.storage(), limiter.is_blocking()),
        ("", StorageKind::Simple, true)
    );
}
