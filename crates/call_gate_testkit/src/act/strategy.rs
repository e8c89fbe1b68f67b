//! Strategies for gates and their lives.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::Case;
use super::sketch::{Sketch, Stretch, Value};
use crate::oracle::Caps;
use crate::spec::{Credits, Spec};

/// Gates with limits of a few, where nearly every request meets a limit.
pub fn small(acts: usize) -> impl Strategy<Value = Case> {
    let limit = || proptest::option::weighted(0.8, 1_u64..=12);
    let value = prop_oneof![1 => Just(0_u64), 12 => 1_u64..=5, 3 => 6_u64..=13];
    let gate = (shape(), limit(), limit()).prop_map(|(spec, gate, frame)| Spec {
        caps: ordered(gate, frame),
        ..spec
    });
    case(gate.boxed(), &value.prop_map(Value::Small).boxed(), acts)
}

/// Gates with limits anywhere up to `u64::MAX`, asked for values near their limits and near powers of two.
pub fn wide(acts: usize) -> impl Strategy<Value = Case> {
    // Where packed words of one geometry or another end, where exact floats do, and where all numbers do.
    let edges = [31_u32, 32, 33, 36, 37, 47, 48, 52, 53, 54, 62, 63, 64];
    let power = || prop_oneof![1_u32..=64, select(edges.to_vec())];
    let near = || (power(), -2_i64..=1).prop_map(|(bits, off)| Value::NearPower { bits, off });
    let value = prop_oneof![
        4 => near(),
        4 => (any::<bool>(), -3_i64..=1).prop_map(|(frame, off)| Value::NearLimit { frame, off }),
        3 => (0_u64..=4).prop_map(Value::Small),
    ];
    let limit = || proptest::option::weighted(0.8, near());
    let ceiling = proptest::option::of(Just(u64::MAX));
    let gate = (shape(), limit(), limit(), ceiling).prop_map(|(spec, gate, frame, ceiling)| {
        let plain = |value: Option<Value>| value.map(|value| value.plain(Caps::default()).max(1));
        Spec {
            caps: ordered(plain(gate), plain(frame)),
            ceiling,
            ..spec
        }
    });
    case(gate.boxed(), &value.boxed(), acts)
}

fn shape() -> impl Strategy<Value = Spec> {
    let steps = vec![
        1_000,
        1_001,
        250_000,
        1_000_000,
        99_999_937,
        1_000_000_000,
        60_000_000_000,
        86_400_000_000_000,
    ];
    let frames = prop_oneof![6 => 2_u64..=6, 1 => 7_u64..=20];
    (
        select(steps),
        frames,
        any::<bool>(),
        any::<bool>(),
        0_u64..1_000,
    )
        .prop_map(|(step, frames, strict, credits, part)| {
            let mut spec = Spec::new(step, frames);
            spec.strict = strict;
            spec.credits = if credits {
                Credits::On
            } else {
                Credits::Either
            };
            spec.start += step / 1_000 * part;
            spec
        })
}

fn ordered(gate: Option<u64>, frame: Option<u64>) -> Caps {
    match (gate, frame) {
        (Some(a), Some(b)) => Caps {
            gate: Some(a.max(b)),
            frame: Some(a.min(b)),
        },
        _ => Caps { gate, frame },
    }
}

fn case(
    spec: BoxedStrategy<Spec>,
    value: &BoxedStrategy<Value>,
    acts: usize,
) -> impl Strategy<Value = Case> + use<> {
    (spec, vec(sketch(value), 1..=acts), any::<bool>()).prop_map(|(spec, sketches, watched)| {
        let mut caps = spec.caps;
        let acts = sketches
            .into_iter()
            .map(|sketch| sketch.plain(&spec, &mut caps))
            .collect();
        Case {
            spec,
            acts,
            watched,
        }
    })
}

fn stretch() -> impl Strategy<Value = Stretch> {
    let frames = prop_oneof![4 => Just(0_u64), 6 => Just(1_u64), 4 => 2_u64..=7, 1 => 8_u64..=40];
    let part = prop_oneof![2 => Just(0_u64), 3 => 0_u64..1_000];
    (frames, part, 0_u64..=1).prop_map(|(frames, part, odd)| Stretch { frames, part, odd })
}

fn leap() -> impl Strategy<Value = Stretch> {
    // Up to half a year in frames of a microsecond, and up to two years in frames of a day.
    (
        prop_oneof![100_u64..700, 1_u64 << 20..1 << 44],
        0_u64..1_000,
    )
        .prop_map(|(frames, part)| Stretch {
            frames,
            part,
            odd: 0,
        })
}

fn sketch(value: &BoxedStrategy<Value>) -> impl Strategy<Value = Sketch> + use<> {
    let v = || value.clone();
    let limit = || proptest::option::weighted(0.75, value.clone());
    prop_oneof![
        16 => v().prop_map(Sketch::TryUpdate),
        10 => stretch().prop_map(Sketch::Advance),
        1 => leap().prop_map(Sketch::Advance),
        3 => stretch().prop_map(Sketch::SetBack),
        2 => v().prop_map(Sketch::Decide),
        3 => v().prop_map(Sketch::Refund),
        4 => v().prop_map(Sketch::Enter),
        3 => (0_usize..8).prop_map(Sketch::RefundPass),
        4 => (0_usize..8, v()).prop_map(|(pass, value)| Sketch::SettlePass(pass, value)),
        1 => (0_usize..8).prop_map(Sketch::DropPass),
        1 => Just(Sketch::Clear),
        2 => (limit(), limit()).prop_map(|(gate, frame)| Sketch::SetLimits(gate, frame)),
        3 => v().prop_map(Sketch::Peek),
        2 => Just(Sketch::CheckLimits),
        2 => Just(Sketch::State),
        1 => stretch().prop_map(Sketch::SnapshotRestore),
        5 => v().prop_map(Sketch::FollowRetry),
    ]
}
