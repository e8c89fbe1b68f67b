//! The plan word: which change of limits or clear is in progress, and how far it has come.

use super::register::MAX_VERSION;

/// How far a plan has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing in progress; `marks` is the distance back to the stamp that the last plan was carried out under.
    Idle,
    /// Somebody writes the arguments of a plan; anybody may overtake.
    Writing,
    /// The arguments are complete: the plan will be carried out, by whoever comes; `marks` stamps were given out.
    Ready,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Limits,
    Clear,
}

/// The plan word, unpacked. `count` grows with every transition, so no word ever comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) count: u64,
    pub(super) marks: u64,
    /// The area in force; the other one takes the next plan's arguments.
    pub(super) area: usize,
    pub(super) kind: Kind,
    pub(super) stage: Stage,
}

const MARK_BITS: u32 = 20;
pub(super) const MAX_MARKS: u64 = (1 << MARK_BITS) - 1;

impl Plan {
    pub(super) fn unpack(word: u64) -> Self {
        Self {
            count: word >> (MARK_BITS + 4),
            marks: word >> 4 & MAX_MARKS,
            area: usize::from(word & 8 != 0),
            kind: if word & 4 == 0 {
                Kind::Limits
            } else {
                Kind::Clear
            },
            stage: match word & 3 {
                0 => Stage::Idle,
                1 => Stage::Writing,
                _ => Stage::Ready,
            },
        }
    }

    pub(super) fn pack(self) -> u64 {
        let area = if self.area == 0 { 0 } else { 8 };
        let kind = match self.kind {
            Kind::Limits => 0,
            Kind::Clear => 4,
        };
        let stage = match self.stage {
            Stage::Idle => 0,
            Stage::Writing => 1,
            Stage::Ready => 2,
        };
        self.count << (MARK_BITS + 4) | self.marks << 4 | area | kind | stage
    }

    /// Someone starts to write a plan's arguments; `None`: the counts are used up.
    pub(super) fn claimed(self, kind: Kind) -> Option<Self> {
        // room for the transitions that this claim still needs
        (self.count + 2 * MAX_MARKS < MAX_VERSION).then_some(Self {
            count: self.count + 1,
            marks: 0,
            kind,
            stage: Stage::Writing,
            ..self
        })
    }

    pub(super) fn ready(self) -> Self {
        Self {
            count: self.count + 1,
            marks: 0,
            stage: Stage::Ready,
            ..self
        }
    }

    /// One more stamp is given out; `None`: too many threads hold one.
    pub(super) fn stamped(self) -> Option<Self> {
        (self.marks < MAX_MARKS - 1).then_some(Self {
            count: self.count + 1,
            marks: self.marks + 1,
            ..self
        })
    }

    /// Carried out under `stamp`, which is one of this plan's.
    pub(super) fn done(self, distance: u64) -> Self {
        Self {
            count: self.count + 1,
            marks: distance + 1,
            area: 1 - self.area,
            stage: Stage::Idle,
            ..self
        }
    }

    /// The version that a ready plan's registers carry: its count when it was claimed.
    pub(super) fn version(self) -> u64 {
        // damaged words may hold anything
        self.count.wrapping_sub(self.marks).wrapping_sub(1) & MAX_VERSION
    }

    /// The stamp last given out, as the head shows it: always even.
    pub(super) fn stamp(self) -> u64 {
        self.count << 1
    }

    /// How many transitions before now `stamp` was given out, modulo the bits of the head.
    pub(super) fn distance(self, stamp: u64, mask: u64) -> u64 {
        (self.stamp().wrapping_sub(stamp) & mask) >> 1
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_whole() {
        for stage in [Stage::Idle, Stage::Writing, Stage::Ready] {
            for kind in [Kind::Limits, Kind::Clear] {
                for area in [0, 1] {
                    let plan = Plan {
                        count: MAX_VERSION,
                        marks: MAX_MARKS,
                        area,
                        kind,
                        stage,
                    };
                    assert_eq!(Plan::unpack(plan.pack()), plan);
                }
            }
        }
    }

    #[test]
    fn a_plan_knows_its_version_and_its_stamps() {
        let idle = Plan::unpack(0);
        let claimed = idle.claimed(Kind::Clear).expect("counts are left");
        let ready = claimed.ready();
        assert_eq!(ready.version(), claimed.count);
        let first = ready.stamped().expect("marks are left");
        let second = first.stamped().expect("marks are left");
        assert_eq!(second.version(), claimed.count);
        assert_eq!(second.distance(first.stamp(), u64::MAX >> 1), 1);
        let done = second.done(1);
        assert_eq!(done.distance(first.stamp(), u64::MAX >> 1), done.marks);
        assert_eq!(done.area, 1);
    }

    #[test]
    fn counts_end_with_an_answer() {
        let last = Plan {
            count: MAX_VERSION - MAX_MARKS,
            ..Plan::unpack(0)
        };
        assert_eq!(last.claimed(Kind::Limits), None);
    }
}
