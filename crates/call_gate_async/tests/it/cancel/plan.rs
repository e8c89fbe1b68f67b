//! A made-up day of a gate.
//!
//! Frames begin on multiples of 3 ms, everything that is done from outside happens 1 ms after one, and waits end at times
//! of their own: whatever else happens, no two things that do not commute ever meet in one millisecond.

use call_gate_core::Wait;
use call_gate_testkit::Spec;
use call_gate_testkit::oracle::Caps;
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;

pub(super) const MILLI: u64 = 1_000_000;
/// Everything is on a raster of this many milliseconds.
pub(super) const RASTER: u64 = 3;

/// A gate and what is done to it.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) spec: Spec,
    /// How many milliseconds after the last one each deed is done; 0: in the same instant, if that can be.
    pub(super) deeds: Vec<(u64, Deed)>,
}

/// One thing done from outside.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// A task comes and waits.
    Arrive {
        value: u64,
        patience: Patience,
        manner: Manner,
    },
    /// Somebody asks and does not wait.
    Ask(u64),
    /// A future is polled once and then left alone, until it is dropped.
    Park(u64),
    /// One of those waiting is cancelled, counted modulo their number.
    Cancel(usize),
    Refund(u64),
    SetLimits(Caps),
    Clear,
    Close,
}

/// How long a task waits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    Window,
    Frames(u32),
    /// So many milliseconds.
    For(u64),
    Forever,
}

/// How a task is cancelled.
#[derive(Clone, Copy, Debug)]
pub(super) enum Manner {
    /// Its handle aborts it.
    Abort,
    /// Another branch of its `select!` is done.
    Select,
    /// Its `timeout` is over after so many milliseconds.
    Timeout(u64),
}

impl Deed {
    /// Whether its answer depends on what happens in the same instant, so that it needs one of its own.
    pub(super) fn alone(&self) -> bool {
        match self {
            Self::Ask(_) | Self::Park(_) => true,
            Self::Arrive { patience, .. } => {
                matches!(patience, Patience::For(0) | Patience::Frames(0))
            }
            _ => false,
        }
    }
}

impl Patience {
    pub(super) fn wait(self) -> Wait {
        match self {
            Self::Window => Wait::Window,
            Self::Frames(frames) => Wait::Frames(frames),
            Self::For(millis) => Wait::For(Duration::from_millis(millis)),
            Self::Forever => Wait::Forever,
        }
    }

    /// How long that is in milliseconds.
    pub(super) fn millis(self, spec: &Spec) -> Option<u64> {
        let step = spec.frame_step / MILLI;
        match self {
            Self::Window => Some(spec.frames * step),
            Self::Frames(frames) => Some(u64::from(frames) * step),
            Self::For(millis) => Some(millis),
            Self::Forever => None,
        }
    }
}

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let spec = (1_u64..=8, 2_u64..=4, any::<bool>(), caps(), 0_u64..8);
    let spec = spec.prop_map(|(step, frames, strict, caps, late)| {
        let mut spec = Spec::new(step * RASTER * MILLI, frames);
        spec.strict = strict;
        spec.caps = caps;
        spec.start += late % step * RASTER * MILLI;
        spec
    });
    let gap = prop_oneof![3 => Just(0), 4 => 1_u64..4, 2 => 4_u64..30];
    let deeds = vec((gap.prop_map(|gap| gap * RASTER), deed()), 1..50);
    (spec, deeds).prop_map(|(spec, deeds)| Plan { spec, deeds })
}

fn caps() -> impl Strategy<Value = Caps> {
    let limit = || proptest::option::weighted(0.8, 1_u64..=9);
    (1_u64..=9, limit(), any::<bool>()).prop_map(|(always, sometimes, frame)| {
        // one limit at least: without any, nobody ever waits
        match (sometimes, frame) {
            (Some(other), _) => Caps {
                gate: Some(always.max(other)),
                frame: Some(always.min(other)),
            },
            (None, true) => Caps {
                gate: None,
                frame: Some(always),
            },
            (None, false) => Caps {
                gate: Some(always),
                frame: None,
            },
        }
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    let value = || prop_oneof![4 => 1_u64..=3, 1 => 4_u64..=9];
    let millis = || (0_u64..40).prop_map(|millis| millis * RASTER + 1);
    let patience = prop_oneof![
        4 => Just(Patience::Window),
        2 => (0_u32..8).prop_map(Patience::Frames),
        1 => Just(Patience::For(0)),
        5 => millis().prop_map(Patience::For),
        5 => Just(Patience::Forever),
    ];
    let manner = prop_oneof![
        Just(Manner::Abort),
        Just(Manner::Select),
        millis().prop_map(Manner::Timeout),
    ];
    let arrive = (value(), patience, manner).prop_map(|(value, patience, manner)| Deed::Arrive {
        value,
        patience,
        manner,
    });
    prop_oneof![
        40 => arrive,
        6 => value().prop_map(Deed::Ask),
        3 => value().prop_map(Deed::Park),
        20 => (0_usize..6).prop_map(Deed::Cancel),
        8 => (1_u64..=4).prop_map(Deed::Refund),
        6 => caps().prop_map(Deed::SetLimits),
        2 => Just(Deed::Clear),
        1 => Just(Deed::Close),
    ]
}
