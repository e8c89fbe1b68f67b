//! What the limiter answers, in the oracle's words.

use call_gate_core::{Denial, Refund, Scope, UpdateError};
use call_gate_testkit::limiter::{Back, Bound, No, Told};
use std::time::Duration;

/// An answer without the oracle's own notes, to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Admitted,
    Denied(No),
    Queued(No),
    TooLarge(Bound, u64, u64),
    Exhausted,
    Closed,
}

/// The lengths of a limiter's windows, by which a denial names one.
#[derive(Debug)]
pub(crate) struct Lengths {
    pub(crate) windows: Vec<Duration>,
    pub(crate) costs: Vec<Duration>,
}

/// What the oracle tells.
pub(crate) fn of_oracle(told: Told) -> Said {
    match told {
        Told::Admitted(_) => Said::Admitted,
        Told::Denied(no) => Said::Denied(no),
        Told::Queued(no) => Said::Queued(no),
        Told::TooLarge {
            bound,
            limit,
            requested,
        } => Said::TooLarge(same_kind(bound), limit, requested),
        Told::Exhausted => Said::Exhausted,
        Told::Closed => Said::Closed,
    }
}

/// A value above a limit is told by the kind of the limit, not by its window.
fn same_kind(bound: Bound) -> Bound {
    match bound {
        Bound::Window(_) => Bound::Window(0),
        Bound::Cost(_) => Bound::Cost(0),
        other => other,
    }
}

impl Lengths {
    /// What the limiter says.
    pub(crate) fn of<T>(&self, outcome: &Result<T, UpdateError>) -> Result<Said, String> {
        let Err(error) = outcome else {
            return Ok(Said::Admitted);
        };
        let scope = error.denial().map(Denial::scope);
        Ok(match error {
            UpdateError::BurstLimit(denial) if scope == Some(Scope::Burst) => {
                Said::Denied(self.no(denial)?)
            }
            UpdateError::WindowLimit(denial)
                if matches!(scope, Some(Scope::Window | Scope::Cost)) =>
            {
                Said::Denied(self.no(denial)?)
            }
            UpdateError::Queued(denial) => Said::Queued(self.no(denial)?),
            UpdateError::WaitExhausted(_) => Said::Exhausted,
            UpdateError::Closed => Said::Closed,
            UpdateError::TooLarge(error) => {
                let bound = match error.scope() {
                    Scope::Burst => Bound::Burst,
                    Scope::Window => Bound::Window(0),
                    Scope::Cost => Bound::Cost(0),
                    other => return Err(format!("too large for {other}")),
                };
                Said::TooLarge(bound, error.limit(), error.requested())
            }
            other => return Err(format!("{other:?}")),
        })
    }

    fn no(&self, denial: &Denial) -> Result<No, String> {
        let place = |windows: &[Duration]| {
            let window = denial.window();
            let place = windows.iter().position(|length| Some(*length) == window);
            place.ok_or_else(|| format!("no window is as long as that of {denial:?}: {window:?}"))
        };
        let bound = match denial.scope() {
            Scope::Burst => Bound::Burst,
            Scope::Queue => Bound::Line,
            Scope::Window => Bound::Window(place(&self.windows)?),
            Scope::Cost => Bound::Cost(place(&self.costs)?),
            other => return Err(format!("denied by a {other}")),
        };
        Ok(No {
            bound,
            limit: denial.limit(),
            used: denial.used(),
            requested: denial.requested(),
            wait: u64::try_from(denial.retry_after().as_nanos()).unwrap(),
        })
    }

    /// What became of a request that was given back, beside what the oracle says.
    pub(crate) fn same_back(
        &self,
        outcome: &Result<Refund, UpdateError>,
        told: Back,
    ) -> Result<(), String> {
        let same = match (outcome, told) {
            (Ok(Refund::Returned(room)), Back::Returned(told)) => *room == told,
            (Ok(Refund::Expired), Back::Expired) => true,
            (Err(_), Back::Refused(told)) => self.of(outcome)? == of_oracle(told),
            _ => false,
        };
        if same {
            return Ok(());
        }
        Err(format!("{outcome:?}, the oracle says {told:?}"))
    }
}
