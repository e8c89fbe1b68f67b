//! The essential operations under criterion: `cargo bench`.
//!
//! For its reports on how one operation's cost changes. Ratios between
//! operations are better taken from the interleaved rounds of `cargo xtask
//! bench`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use call_gate_benches::gates::{FRAMES, SECOND, TENTH, built, filled, narrow, precise, roomy};
use call_gate_benches::peers::{self, Trypema};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};

/// A frame that stays full however long criterion samples.
const HOUR: Duration = Duration::from_secs(3_600);

fn admit(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("admit");
    let gates = [
        ("memory-10x1s", roomy(FRAMES, SECOND)),
        ("memory-10x100ms", roomy(FRAMES, TENTH)),
        (
            "memory-10x1s-precise",
            roomy(FRAMES, SECOND).clock(precise()),
        ),
        (
            "mutexed-10x1s",
            roomy(FRAMES, SECOND).limits_up_to(u64::MAX),
        ),
    ];
    for (name, builder) in gates {
        let gate = built(builder);
        // Criterion decides how often to call, so each sample starts empty.
        let empty = || gate.clear().expect("memory can be cleared");
        case(&mut group, name, true, empty, || gate.try_update(1).is_ok());
    }
    let governor = peers::roomy_governor();
    case(
        &mut group,
        "governor-quanta",
        true,
        || (),
        || governor.check().is_ok(),
    );
    let governor = peers::roomy_governor_instant();
    case(
        &mut group,
        "governor-instant",
        true,
        || (),
        || governor.check().is_ok(),
    );
    let leaky = peers::roomy_leaky_bucket();
    case(
        &mut group,
        "leaky-bucket",
        true,
        || (),
        || leaky.try_acquire(1),
    );
    let ratelimit = peers::roomy_ratelimit();
    case(
        &mut group,
        "ratelimit",
        true,
        || (),
        || ratelimit.try_wait().is_ok(),
    );
    let trypema = Trypema::roomy();
    case(&mut group, "trypema", true, || (), || trypema.inc());
    group.finish();
}

fn denied(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("denied");
    let gate = filled(narrow(FRAMES, HOUR));
    case(
        &mut group,
        "memory-10x1h",
        false,
        || (),
        || gate.try_update(1).is_ok(),
    );
    let governor = peers::full_governor();
    case(
        &mut group,
        "governor-quanta",
        false,
        || (),
        || governor.check().is_ok(),
    );
    let leaky = peers::full_leaky_bucket();
    case(
        &mut group,
        "leaky-bucket",
        false,
        || (),
        || leaky.try_acquire(1),
    );
    let ratelimit = peers::full_ratelimit();
    case(
        &mut group,
        "ratelimit",
        false,
        || (),
        || ratelimit.try_wait().is_ok(),
    );
    let trypema = Trypema::full();
    case(&mut group, "trypema", false, || (), || trypema.inc());
    group.finish();
}

/// Times `op`, every call of which must come to `admitted`.
fn case(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    admitted: bool,
    before_each_sample: impl Fn(),
    op: impl Fn() -> bool,
) {
    group.bench_function(format!("{name}/1"), |bencher| {
        bencher.iter_custom(|calls| {
            before_each_sample();
            let mut surprises = 0_u64;
            let start = Instant::now();
            for _ in 0..calls {
                surprises += u64::from(black_box(op()) != admitted);
            }
            let elapsed = start.elapsed();
            assert_eq!(surprises, 0, "{name}: calls that should not come to this");
            elapsed
        });
    });
}

criterion_group!(gate, admit, denied);
criterion_main!(gate);
