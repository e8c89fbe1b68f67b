//! Acts before their gate is known, so that they keep their meaning while a case shrinks.

use super::Act;
use crate::oracle::Caps;
use crate::spec::Spec;

/// A span told in frames and a part of one, so that it means the same for every frame length while a case shrinks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) frames: u64,
    /// Of a frame, in thousandths.
    pub(super) part: u64,
    /// And so many nanoseconds.
    pub(super) odd: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Small(u64),
    /// A limit of the gate, moved down or up.
    NearLimit {
        frame: bool,
        off: i64,
    },
    /// Two to this power, moved down or up.
    NearPower {
        bits: u32,
        off: i64,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Sketch {
    Advance(Stretch),
    SetBack(Stretch),
    TryUpdate(Value),
    Decide(Value),
    Refund(Value),
    Enter(Value),
    RefundPass(usize),
    SettlePass(usize, Value),
    DropPass(usize),
    Clear,
    SetLimits(Option<Value>, Option<Value>),
    Peek(Value),
    CheckLimits,
    State,
    SnapshotRestore(Stretch),
    FollowRetry(Value),
}

impl Stretch {
    pub(super) fn plain(self, step: u64) -> u64 {
        self.frames
            .saturating_mul(step)
            .saturating_add(step / 1_000 * self.part)
            .saturating_add(self.odd)
    }
}

impl Value {
    pub(super) fn plain(self, caps: Caps) -> u64 {
        let moved = |base: u64, off: i64| base.saturating_add_signed(off);
        match self {
            Self::Small(value) => value,
            Self::NearLimit { frame, off } => {
                let limit = if frame {
                    caps.frame.or(caps.gate)
                } else {
                    caps.gate.or(caps.frame)
                };
                moved(limit.unwrap_or(u64::MAX), off)
            }
            Self::NearPower { bits, off } => {
                moved(1_u64.checked_shl(bits).unwrap_or(u64::MAX), off)
            }
        }
    }
}

impl Sketch {
    pub(super) fn plain(self, spec: &Spec, caps: &mut Caps) -> Act {
        let step = spec.frame_step;
        match self {
            Self::Advance(stretch) => Act::Advance(stretch.plain(step)),
            Self::SetBack(stretch) => Act::SetBack(stretch.plain(step)),
            Self::TryUpdate(value) => Act::TryUpdate(value.plain(*caps)),
            Self::Decide(value) => Act::Decide(value.plain(*caps)),
            Self::Refund(value) => Act::Refund(value.plain(*caps)),
            Self::Enter(value) => Act::Enter(value.plain(*caps)),
            Self::RefundPass(pass) => Act::RefundPass(pass),
            Self::SettlePass(pass, value) => Act::SettlePass(pass, value.plain(*caps)),
            Self::DropPass(pass) => Act::DropPass(pass),
            Self::Clear => Act::Clear,
            Self::SetLimits(gate, frame) => {
                let wanted = Caps {
                    gate: gate.map(|value| value.plain(*caps)),
                    frame: frame.map(|value| value.plain(*caps)),
                };
                if wanted.are_legal(spec.ceiling) {
                    *caps = wanted;
                }
                Act::SetLimits(wanted)
            }
            Self::Peek(value) => Act::Peek(value.plain(*caps)),
            Self::CheckLimits => Act::CheckLimits,
            Self::State => Act::State,
            Self::SnapshotRestore(gap) => Act::SnapshotRestore(gap.plain(step)),
            Self::FollowRetry(value) => Act::FollowRetry(value.plain(*caps)),
        }
    }
}
