//! What a call allocates and what a gate weighs.

use allocation_counter::measure;
use call_gate_core::clock::ManualClock;
use call_gate_core::{CallGate, SystemClock};
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_admitted_and_the_denied_path_do_not_allocate() {
    for clock in [SystemClock::new(), SystemClock::precise()] {
        let gate = CallGate::builder("mail", 3600 * SECOND, 60 * SECOND)
            .gate_limit(1000)
            .clock(clock)
            .build()
            .unwrap();
        let mut admitted = 0;
        let mut denied = 0;
        let info = measure(|| {
            for _ in 0..2000 {
                match gate.try_update(1) {
                    Ok(_) => admitted += 1,
                    Err(_) => denied += 1,
                }
            }
        });
        assert_eq!((admitted, denied), (1000, 1000));
        assert_eq!(info.count_total, 0, "{clock:?}: {info:?}");
    }
}

#[test]
fn rolls_refunds_changes_and_clears_do_not_allocate() {
    let clock = ManualClock::new(SystemTime::UNIX_EPOCH);
    for largest in [1000, u64::MAX] {
        let gate = CallGate::unnamed(10 * SECOND, SECOND)
            .gate_limit(20)
            .frame_limit(5)
            .limits_up_to(largest)
            .clock(clock.clone())
            .build()
            .unwrap();
        let info = measure(|| {
            for round in 0..100 {
                clock.advance(SECOND);
                gate.try_update(2).unwrap();
                gate.refund(1).unwrap();
                gate.set_limits(gate.limits().with_gate(20 + round))
                    .unwrap();
                let _ = gate.try_update(5);
                let _ = gate.peek(3);
            }
            gate.clear().unwrap();
        });
        assert_eq!(info.count_total, 0, "largest {largest}: {info:?}");
    }
}

#[test]
fn a_packed_gate_takes_8_bytes_a_frame_and_at_most_512_more() {
    // the names' table and the like are made once, by the first gate
    let _first = CallGate::builder("first", 2 * SECOND, SECOND)
        .gate_limit(1)
        .build()
        .unwrap();
    for frames in [2u32, 10, 60, 1000, 100_000] {
        let mut gate = None;
        let info = measure(|| {
            gate = Some(
                CallGate::unnamed(frames * SECOND, SECOND)
                    .gate_limit(100)
                    .frame_limit(2)
                    .build()
                    .unwrap(),
            );
        });
        let most = 8 * i64::from(frames) + 512;
        println!("{frames} frames: {} bytes", info.bytes_current);
        assert!(
            info.bytes_current <= most,
            "{frames} frames: {} bytes, at most {most}",
            info.bytes_current
        );
        drop(gate);
    }
}
