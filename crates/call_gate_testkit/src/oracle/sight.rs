//! What a gate sees of the time.

use super::{Oracle, Sees};

impl Oracle {
    /// Does an act on a gate that sees the time, and has it forget that again where only changes are seen and this was
    /// none.
    pub(super) fn seeing<T>(&mut self, now: u64, act: impl FnOnce(&mut Self) -> T) -> T {
        match self.rules.sees {
            Sees::Always => {
                self.seen = self.newest(now);
                act(self)
            }
            Sees::Changes => {
                let mut other = self.clone();
                if self.frame_of(now) + self.rules.kept() < self.seen {
                    other.list.clear();
                    other.seen = 0;
                    other.era += 1;
                }
                other.seen = other.newest(now);
                let before = other.list.len();
                let answer = act(&mut other);
                if other.list.len() > before {
                    *self = other;
                }
                answer
            }
        }
    }
}
