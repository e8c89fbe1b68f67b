//! The server's clock jumps under load.

use super::load::{AMPLE, Load};
use crate::checker::{Outcome, is_long, until};
use call_gate_testkit::servers::Server;
use std::time::{Duration, Instant};

const LIMIT: u64 = 40;
/// The window of the gate whose limits bind.
const WINDOW: Duration = Duration::from_millis(500);

/// Forwards and backwards, by a window and by many: never more than one window's limit over, and never frozen.
#[test]
#[ignore = "heavy, and about time: `cargo xtask test` runs it by itself"]
fn fault_clock_jumps() {
    let server = Server::with_fake_time(&[]);
    let load = Load::of(&server.url(), AMPLE, |builder| {
        builder.gate_limit(LIMIT).strict()
    });
    let window = WINDOW.as_secs_f64();
    let mut offset = 0.0;
    let mut jumps = Vec::new();
    let few = [1.0, -1.0, 40.0, -40.0].as_slice();
    let more = [0.5, -0.5, 3.0, -3.0].as_slice();
    for windows in few
        .iter()
        .chain(if is_long() { more } else { &[] })
        .copied()
    {
        offset += windows * window;
        let before = Instant::now();
        server.set_clock_offset(offset);
        let jumped = Instant::now();
        jumps.push((windows, before, jumped));
        // the time that passes is what is tested: the windows after a jump must be over before the next
        let over = jumped + 5 * WINDOW / 2;
        until("the next jump is due", || Instant::now() >= over);
    }
    load.until_served(20);
    for seen in load.stop() {
        let form = seen.form;
        let most = seen.binding.most_within(WINDOW);
        eprintln!("{form:?}: at most {most} of {LIMIT} within any window around jumps");
        assert!(most <= 2 * LIMIT, "{form:?}: {most}");
        let mut from = None;
        let ends = jumps.iter().map(|jump| (jump.0, Some((jump.1, jump.2))));
        for (windows, jump) in ends.chain([(0.0, None)]) {
            // between two jumps it is a clock like any other
            let calm = seen.binding.between(from, jump.map(|(before, _)| before));
            let most = calm.most_within(WINDOW);
            assert!(
                most <= LIMIT,
                "{form:?}: {most} before the jump by {windows}"
            );
            from = jump.map(|(_, jumped)| jumped);
        }
        for (windows, _, jumped) in &jumps {
            let until = *jumped + 5 * WINDOW / 2;
            let after = seen.binding.between(Some(*jumped), Some(until));
            let took = after.recovered(*jumped);
            eprintln!("{form:?}: a jump by {windows} windows: admitted after {took:?}");
            // a window that is full is full for a window, and a clock that stepped back by less than one is waited for
            let waits = if *windows < 0.0 && *windows >= -1.0 {
                2
            } else {
                1
            };
            assert!(
                took.is_some_and(|took| took <= waits * WINDOW + Duration::from_millis(150)),
                "{form:?}: frozen after a jump by {windows}: {took:?}"
            );
        }
        let failed = |o| matches!(o, Outcome::Unknown | Outcome::NotDone);
        assert_eq!(
            seen.binding.count(failed),
            0,
            "{form:?}: a clock is no outage"
        );
    }
}
