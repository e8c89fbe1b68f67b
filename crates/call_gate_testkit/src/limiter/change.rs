//! What happens to permits that are out, and to the limits.

use super::{Ask, LimiterOracle, Slip, Told};

/// What becomes of a request that is given back, or ended with what it really was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Back {
    /// So much room is there again.
    Returned(u64),
    /// Its booking stands.
    Expired,
    /// More was needed, or the limiter is closed; what it was told.
    Refused(Told),
}

impl LimiterOracle {
    /// Gives a permit's places back.
    pub fn release(&mut self, slip: Slip) {
        if self.burst.is_some() {
            self.out -= slip.ask.value;
            // Who waits for a place is woken by it.
            self.nudged |= self.told.is_some_and(|told| told.at.is_none());
        }
    }

    /// Takes a request back. Its places are not touched.
    pub fn refund(&mut self, now: u64, slip: Slip) -> Back {
        self.give_back(now, slip, slip.ask)
    }

    /// Ends a request with what it really was: its cost where that is counted, else its weight. Its places are not
    /// touched, and those who wait are passed.
    pub fn settle(&mut self, now: u64, slip: Slip, actual: u64) -> Back {
        let costs = self.costs.is_some();
        let part = |amount| {
            if costs {
                let (value, cost) = (0, amount);
                Ask { value, cost }
            } else {
                let (value, cost) = (amount, 0);
                Ask { value, cost }
            }
        };
        let reserved = if costs { slip.ask.cost } else { slip.ask.value };
        if actual <= reserved {
            return self.give_back(now, slip, part(reserved - actual));
        }
        let more = part(actual - reserved);
        if self.over {
            return Back::Refused(Told::Closed);
        }
        if let Some(told) = self.too_large(more, false) {
            return Back::Refused(told);
        }
        if let Some(no) = self.by_windows(now, more) {
            return Back::Refused(Told::Denied(no));
        }
        self.requests.note(now, more.value);
        if let Some(costs) = &mut self.costs {
            costs.note(now, more.cost);
        }
        Back::Returned(0)
    }

    fn give_back(&mut self, now: u64, slip: Slip, part: Ask) -> Back {
        let Ask { value, cost } = part;
        if part == (Ask { value: 0, cost: 0 }) {
            return Back::Returned(0);
        }
        if self.over {
            return Back::Refused(Told::Closed);
        }
        self.nudged = true;
        let requests = self
            .requests
            .take_back(now, slip.requests, value, self.closed);
        let costs = match &mut self.costs {
            Some(costs) => costs.take_back(now, slip.costs, cost, self.closed),
            None => requests,
        };
        // Where nothing of one kind was booked, only the other is asked.
        let returned = requests && value > 0 || costs && cost > 0;
        if returned {
            Back::Returned(if value > 0 { value } else { cost })
        } else {
            Back::Expired
        }
    }

    /// Puts `limit` in force for a window of requests.
    pub fn set_limit(&mut self, window: usize, limit: u64) {
        assert!(self.windows, "there is none");
        self.requests.set_limit(window, limit);
        self.nudged = true;
    }

    /// Puts `limit` in force for a window of cost.
    pub fn set_cost_limit(&mut self, window: usize, limit: u64) {
        let costs = self.costs.as_mut().expect("there is none");
        costs.set_limit(window, limit);
        self.nudged = true;
    }

    /// Lets so many permits be out from now on.
    pub fn set_burst(&mut self, most: u64) {
        self.burst = Some(most);
        self.nudged = true;
    }

    /// Closes it for good.
    pub fn close(&mut self) {
        self.over = true;
    }
}
