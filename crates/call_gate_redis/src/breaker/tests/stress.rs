//! Many threads at one circuit that opens and closes all the time.

use crate::breaker::circuit::Circuit;
use call_gate_core::{StorageError, StorageErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: u64 = 8;
const ROUNDS: u64 = 20_000;

/// A stream of numbers that differs from thread to thread.
fn shuffled(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn never_two_probes_at_a_time_and_never_stuck() {
    let circuit = Circuit::new(2, Duration::ZERO);
    // no probe of this test outlives it
    let until = Instant::now() + Duration::from_secs(3600);
    let [probing, probes, refused, sent] = [(); 4].map(|()| AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 1..=THREADS {
            let (circuit, probing) = (&circuit, &probing);
            let (probes, refused, sent) = (&probes, &refused, &sent);
            scope.spawn(move || {
                let mut state = thread.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                for _ in 0..ROUNDS {
                    let Ok(permit) = circuit.enter(until, Instant::now) else {
                        refused.fetch_add(1, Ordering::Relaxed);
                        thread::yield_now();
                        continue;
                    };
                    sent.fetch_add(1, Ordering::Relaxed);
                    let is_probe = permit.is_probe();
                    if is_probe {
                        probes.fetch_add(1, Ordering::Relaxed);
                        assert_eq!(probing.fetch_add(1, Ordering::SeqCst), 0, "two probes");
                    }
                    if shuffled(&mut state).is_multiple_of(8) {
                        thread::yield_now();
                    }
                    // before the permit is settled: the next probe may come right after
                    if is_probe {
                        probing.fetch_sub(1, Ordering::SeqCst);
                    }
                    match shuffled(&mut state) % 4 {
                        0 => drop(permit),
                        1 => permit.settle(&Ok(()), Instant::now),
                        _ => permit.settle(
                            &Err::<(), _>(StorageError::new(StorageErrorKind::TimedOut)),
                            Instant::now,
                        ),
                    }
                }
            });
        }
    });
    let [probes, refused, sent] =
        [&probes, &refused, &sent].map(|count| count.load(Ordering::Relaxed));
    assert_eq!(refused + sent, THREADS * ROUNDS);
    assert!(
        probes > 100,
        "{probes} probes in {sent} calls: it hardly ever opened"
    );
    assert!(
        sent - probes > 100,
        "{probes} probes in {sent} calls: it hardly ever closed"
    );
    // nobody is out any more, so whoever comes now is let through, and closes it
    for _ in 0..2 {
        let permit = circuit.enter(until, Instant::now).unwrap();
        permit.settle(&Ok(()), Instant::now);
    }
    assert!(!circuit.enter(until, Instant::now).unwrap().is_probe());
}
