//! Those who wait: in order of arrival, and only the first of them asks.

use super::{Ask, Bound, LimiterOracle, No, Told};

#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    ticket: u64,
    ask: Ask,
    deadline: Option<u64>,
}

/// When the first in the line, by its ticket, was told to come back; nobody may know.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    ticket: u64,
    pub(super) at: Option<u64>,
}

impl LimiterOracle {
    /// Takes a place at the end of the line, until `deadline` if there is one; its number.
    pub fn stand(&mut self, ask: Ask, deadline: Option<u64>) -> u64 {
        self.tickets += 1;
        let ticket = self.tickets;
        self.line.push(Waiting {
            ticket,
            ask,
            deadline,
        });
        ticket
    }

    /// How many stand in the line.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.len()
    }

    /// Leaves the line.
    pub fn leave(&mut self, ticket: u64) {
        self.line.retain(|waiting| waiting.ticket != ticket);
    }

    /// Serves whoever can be served at `now`, in their order, and sends away whose wait is over.
    pub fn serve(&mut self, now: u64) -> Vec<(u64, Told)> {
        let mut served = Vec::new();
        let mut place = 0;
        while let Some(waiting) = self.line.get(place).copied() {
            let Waiting {
                ticket,
                ask,
                deadline,
            } = waiting;
            let told = if self.over {
                Some(Told::Closed)
            } else if place == 0 {
                self.served_first(now, ask)
            } else {
                None
            };
            let over = deadline.is_some_and(|deadline| now >= deadline);
            // A limit may have fallen below it meanwhile.
            let late = || self.too_large(ask, true).unwrap_or(Told::Exhausted);
            if let Some(told) = told.or_else(|| over.then(late)) {
                self.line.remove(place);
                served.push((ticket, told));
            } else {
                place += 1;
            }
        }
        self.tell(now);
        served
    }

    /// When the first in the line will have room, as far as it was told; `None`: nobody waits, or nobody knows.
    #[must_use]
    pub fn due(&self) -> Option<u64> {
        self.told?.at
    }

    /// Who is first asks again when it has just become that, when it was nudged, and when it is due.
    fn tell(&mut self, now: u64) {
        let nudged = std::mem::take(&mut self.nudged);
        let Some(Waiting { ticket, ask, .. }) = self.line.first().copied() else {
            self.told = None;
            return;
        };
        let again =
            |told: Due| nudged || told.ticket != ticket || told.at.is_some_and(|due| now >= due);
        if self.told.is_none_or(again) {
            let at = self.free_at(now, ask);
            self.told = Some(Due { ticket, at });
        }
    }

    fn free_at(&mut self, now: u64, ask: Ask) -> Option<u64> {
        match self.refusal(now, ask) {
            Some(no) if no.bound == Bound::Burst => None,
            Some(no) => Some(now + no.wait),
            None => Some(now),
        }
    }

    fn served_first(&mut self, now: u64, ask: Ask) -> Option<Told> {
        if let Some(told) = self.too_large(ask, true) {
            return Some(told);
        }
        match self.refusal(now, ask) {
            Some(_) => None,
            None => Some(self.admit(now, ask)),
        }
    }

    /// What a request that is not too large is told because others wait; one of nothing passes them.
    pub(super) fn behind(&mut self, now: u64, ask: Ask) -> Option<Told> {
        if self.line.is_empty() || ask == (Ask { value: 0, cost: 0 }) {
            return None;
        }
        let ahead = self.due().map_or(0, |due| due.saturating_sub(now));
        let no = self.by_windows(now, ask).map_or_else(
            || {
                // what holds a request that costs nothing; a limiter of costs alone tells those
                let (mut held, costs) = self.held(now);
                held.extend(self.permits());
                if held.is_empty() {
                    held = costs;
                }
                held.sort_by_key(|(limit, used)| limit.saturating_sub(*used));
                let (limit, used) = held.first().copied().unwrap_or((u64::MAX, 0));
                No {
                    bound: Bound::Line,
                    limit,
                    used,
                    requested: ask.value,
                    wait: ahead,
                }
            },
            |no| No {
                wait: no.wait.max(ahead),
                ..no
            },
        );
        Some(Told::Queued(no))
    }
}
