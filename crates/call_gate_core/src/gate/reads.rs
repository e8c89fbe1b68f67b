//! Looks at a gate that book nothing.

use super::Inner;
use super::inner::Backend;
use super::way::Way;
use crate::clock::Moment;
use crate::demand::Demand;
use crate::denial::{Denial, Scope};
use crate::error::{StorageError, UpdateError};
use crate::limits::Limits;
use crate::reading::{Decision, State};
use crate::storage::{Act, Answer, Kind};
use crate::window::Verdict;
use std::time::Duration;

impl Inner {
    pub(super) async fn check_limits(&self, way: Way) -> Result<(), UpdateError> {
        let Backend::Counter(counter) = &self.backend else {
            return match self.call(way, Act::Check).await? {
                Answer::Done => Ok(()),
                Answer::Denied(denial) => Err(self.refused(denial.named(self.name_number()))),
                _ => Err(StorageError::out_of_place().into()),
            };
        };
        let state = self.state(way).await?;
        let limits = self.limits();
        let (sum, frame) = (state.sum(), state.current_frame().value());
        // no sum passes what 64 bits hold
        let gate_limit = limits.gate_limit().unwrap_or(u64::MAX);
        let full_frame = limits.frame_limit().filter(|limit| frame >= *limit);
        if sum < gate_limit && full_frame.is_none() {
            return Ok(());
        }
        let (now, survey) = self.at_present(|now| counter.survey(now, Demand::new(1)))?;
        let Verdict::Refused(refusal) = survey.verdict else {
            return Ok(());
        };
        let wait = Duration::from_nanos(refusal.retry_at.saturating_sub(now.as_nanos()));
        let denial =
            |scope, limit, used| Denial::new(scope, limit, used, 1, wait).named(self.name_number());
        match full_frame {
            Some(limit) if sum < gate_limit => {
                Err(UpdateError::FrameLimit(denial(Scope::Frame, limit, frame)))
            }
            _ => Err(UpdateError::GateLimit(denial(Scope::Gate, gate_limit, sum))),
        }
    }

    pub(super) async fn peek(&self, way: Way, value: u64) -> Result<Decision, UpdateError> {
        let Backend::Counter(counter) = &self.backend else {
            return match self.call(way, Act::Peek { value }).await? {
                Answer::Decided(_, Some(denial)) if denial.requested() > denial.limit() => {
                    Err(self.too_large(&denial))
                }
                Answer::Decided(decision, _) => Ok(decision),
                _ => Err(StorageError::out_of_place().into()),
            };
        };
        let demand = Demand::new(value);
        let (now, survey) = self.at_present(|now| counter.survey(now, demand))?;
        let reset_after = Duration::from_nanos(survey.reset_at.saturating_sub(now.as_nanos()));
        match survey.verdict {
            Verdict::Booked(booking) => {
                // damaged words may say that less is used
                let [frame, sum] = booking.used.map(|used| used.saturating_sub(value));
                let remaining = booking.remaining.saturating_add(value);
                let (limit, _) = self.tightest(frame, sum);
                Ok(Decision::new(
                    true,
                    limit,
                    remaining,
                    Duration::ZERO,
                    reset_after,
                ))
            }
            Verdict::Refused(refusal) => {
                let denial = self.denial(&refusal, demand, now);
                if value > refusal.limit {
                    return Err(self.too_large(&denial));
                }
                // what a smaller value would have found
                let remaining = match counter.survey(now, Demand::new(0))?.verdict {
                    Verdict::Booked(booking) => booking.remaining,
                    Verdict::Refused(_) => 0,
                };
                Ok(Decision::new(
                    false,
                    refusal.limit,
                    remaining,
                    denial.retry_after(),
                    reset_after,
                ))
            }
        }
    }

    /// The limit with the least room beside `frame` and `sum`, and which of the two it is for; the frame's where they
    /// are equal.
    pub(super) fn tightest(&self, frame: u64, sum: u64) -> (u64, u64) {
        self.limits().tightest(frame, sum)
    }

    /// Which of a limiter's bounds on requests has the least room now, and what it holds: a window's, as far as that is in
    /// reach, or the permits'; one of cost where there is no other.
    pub(super) fn tightest_window(&self) -> (u64, u64) {
        let spans: Vec<_> = match &self.backend {
            Backend::Counter(counter) => {
                let held = self.at_present(|now| counter.held(now));
                let held = held.map(|(_, held)| held).unwrap_or_default();
                held.iter().map(|held| (held.limit, held.used)).collect()
            }
            Backend::Remote { .. } => self.limits().of_spans().map(|limit| (limit, 0)).into(),
        };
        let requests = match self.spans {
            Kind::Limiter { windows, .. } => usize::from(windows).min(spans.len()),
            Kind::Gate => spans.len(),
        };
        let (requests, costs) = spans.split_at(requests);
        let least = |spans: &[(Option<u64>, u64)]| {
            let limited = spans
                .iter()
                .filter_map(|(limit, used)| Some(((*limit)?, *used)));
            limited.min_by_key(|(limit, used)| limit.saturating_sub(*used))
        };
        let places = self.permits.as_ref().map(|permits| permits.places());
        let places = places.map(|places| (places.most, places.out));
        let bounds = [least(requests), places];
        bounds
            .into_iter()
            .flatten()
            .min_by_key(|(limit, used)| limit.saturating_sub(*used))
            .or_else(|| least(costs))
            .unwrap_or((u64::MAX, 0))
    }

    /// The limits in force; none where a damaged window does not tell.
    pub(super) fn limits(&self) -> Limits {
        match &self.backend {
            Backend::Counter(counter) => counter.limits().unwrap_or_default(),
            Backend::Remote { remote, key } => remote.limits(key),
        }
    }

    pub(super) async fn state(&self, way: Way) -> Result<State, StorageError> {
        match &self.backend {
            Backend::Counter(counter) => {
                let kept = u64::from(self.kept);
                let (_, (start, frames)) = self.at_present(|now| counter.read(now, kept))?;
                Ok(State::new(Moment::from_nanos(start), frames))
            }
            Backend::Remote { .. } => match self.call(way, Act::State).await? {
                Answer::State(state) => Ok(state),
                _ => Err(StorageError::out_of_place()),
            },
        }
    }
}
