//! A limiter in this process's memory that holds one part of each window's limit while the server is away.

use super::{Question, Rules, admits};
use crate::policy::failure;
use call_gate_core::{
    Answer, Booked, ConfigError, Decision, Demand, Denial, Frame, Reading, Refund, Scope, Span,
    StorageError, StorageErrorKind, Turnstile, UpdateError, Way, WindowState, at_once,
};
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Makes the limiter when it is first needed, and keeps it: what it has counted counts in the next outage too.
#[derive(Debug)]
pub(super) struct Local {
    rules: Rules,
    /// Each window: its span, its length, its step.
    windows: Vec<Window>,
    kept: Mutex<Option<Kept>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    span: usize,
    length: Duration,
    step: Duration,
    of_costs: bool,
}

/// The limiter, and the part of each window that is in force there.
#[derive(Debug, Clone)]
struct Kept {
    turnstile: Turnstile,
    shares: Vec<u64>,
}

/// The limit of each window for all, and the limiter.
struct Part {
    known: Vec<u64>,
    kept: Kept,
}

impl Local {
    pub(super) fn new(rules: Rules) -> Self {
        let config = &rules.config;
        let costs = config.costs().map_or(&[][..], |costs| costs.spans());
        let of_requests = rules.of_requests();
        let spans = config.geometry().spans().iter().chain(costs);
        let limited = spans.zip(config.span_limits()).enumerate();
        let windows = limited
            // what stands for no window has no limit
            .filter(|(_, (_, limit))| limit.is_some())
            .map(|(index, (span, _))| Window {
                span: index,
                length: length(span, config.is_strict()),
                step: span.step(),
                of_costs: index >= of_requests,
            })
            .collect();
        Self {
            windows,
            rules,
            kept: Mutex::new(None),
        }
    }

    /// What one of `parts` limiters answers that share the `known` limits; `None`: its part of one is nothing.
    pub(super) fn answer(
        &self,
        parts: NonZeroU32,
        known: impl Fn() -> Vec<Option<u64>>,
        question: Question,
    ) -> Option<Result<Answer, StorageError>> {
        let part = match self.part(parts, known)? {
            Ok(part) => part,
            Err(error) => {
                let kind = StorageErrorKind::Unavailable;
                return Some(Err(StorageError::with_source(kind, error)));
            }
        };
        Some(match question {
            Question::Take(demand) => match part.kept.turnstile.try_take(demand) {
                Ok(reading) => Ok(Answer::Admitted(self.rules.here(reading))),
                Err(error) => self.denial(&part, demand, error).map(Answer::Denied),
            },
            Question::Peek(value) => self.peek(&part, value),
        })
    }

    /// Gives a booking of this limiter back.
    pub(super) fn refund(&self, demand: Demand, booked: Booked) -> Result<Answer, StorageError> {
        let Some(kept) = self.lock().clone() else {
            return Ok(Answer::Expired);
        };
        // nothing ever clears it: all of it is one era
        let reading = Reading::new(Frame::new(booked.frame(), 0), 0, 0);
        let back = kept.turnstile.take_back(Way::Blocking, demand, &reading);
        match at_once(back) {
            Ok(Refund::Returned(_)) => Ok(Answer::Returned(self.rules.here(reading))),
            Ok(_) => Ok(Answer::Expired),
            Err(error) => Err(failure(error)),
        }
    }

    /// The limiter, with its part of the limits that are known now.
    fn part(
        &self,
        parts: NonZeroU32,
        known: impl Fn() -> Vec<Option<u64>>,
    ) -> Option<Result<Part, ConfigError>> {
        let mut kept = self.lock();
        // asked under the lock: of two threads the one with the newer limits also sets them later
        let all = known();
        let limit = |window: &Window| all.get(window.span).copied().flatten().unwrap_or(u64::MAX);
        let known: Vec<u64> = self.windows.iter().map(limit).collect();
        let parts = u64::from(parts.get());
        let shares: Vec<u64> = known.iter().map(|limit| limit / parts).collect();
        if shares.contains(&0) {
            return None;
        }
        let turnstile = match kept.as_ref() {
            Some(kept) => self.adjust(kept, &shares).map(|()| kept.turnstile.clone()),
            None => self.make(&shares),
        };
        Some(turnstile.map(|turnstile| {
            let now = Kept { turnstile, shares };
            *kept = Some(now.clone());
            Part { known, kept: now }
        }))
    }

    fn make(&self, shares: &[u64]) -> Result<Turnstile, ConfigError> {
        let mut builder = Turnstile::builder()
            // whatever limits the server may tell later
            .limits_up_to(u64::MAX)
            .clock(self.rules.clock.clone());
        for (window, share) in self.windows.iter().zip(shares) {
            builder = if window.of_costs {
                builder.cost_window(*share, window.length, window.step)
            } else {
                builder.window(*share, window.length, window.step)
            };
        }
        if self.rules.config.is_strict() {
            builder = builder.strict();
        }
        if self.rules.config.credits() {
            builder = builder.credits();
        }
        builder.build()
    }

    /// Puts `shares` in force.
    fn adjust(&self, kept: &Kept, shares: &[u64]) -> Result<(), ConfigError> {
        let all = self.windows.iter().zip(shares).zip(&kept.shares);
        for ((window, share), _) in all.filter(|((_, share), old)| share != old) {
            let (turnstile, length) = (&kept.turnstile, window.length);
            at_once(async {
                if window.of_costs {
                    turnstile
                        .set_cost_limit(Way::Blocking, length, *share)
                        .await
                } else {
                    turnstile.set_limit(Way::Blocking, length, *share).await
                }
            })?;
        }
        Ok(())
    }

    /// Whether `value` would be admitted, in the parts of the windows of requests.
    fn peek(&self, part: &Part, value: u64) -> Result<Answer, StorageError> {
        let turnstile = &part.kept.turnstile;
        let state = at_once(turnstile.state(Way::Blocking))?;
        let room = |window: &WindowState| window.limit.saturating_sub(window.used);
        let tightest = state.windows.iter().map(room).min().unwrap_or(u64::MAX);
        let limits = part.known.iter().zip(&self.windows);
        let mut rooms = limits.zip(&state.windows).enumerate();
        let full = rooms.find(|(_, (_, window))| value > 0 && room(window) < value);
        let Some((index, ((limit, _), window))) = full else {
            let limits = part.known.iter().zip(&state.windows);
            let nearest = limits.min_by_key(|(_, window)| room(window));
            let limit = nearest.map_or(u64::MAX, |(limit, _)| *limit);
            return Ok(Answer::Decided(admits(limit, tightest), None));
        };
        let wait = at_once(turnstile.wait_time(Way::Blocking))?;
        let wait = wait.unwrap_or(self.rules.pause).min(self.rules.pause);
        let used = part.of_others(index).saturating_add(window.used);
        let denial = self.named(part, index, used, value, wait);
        let reset = self.rules.config.gate_size();
        let decision = Decision::new(false, *limit, tightest, wait, reset);
        Ok(Answer::Decided(decision, Some(denial)))
    }

    /// The limiter's denial, told of the whole limit. A demand above the part alone is denied like any: the server may
    /// admit it when it is back.
    fn denial(
        &self,
        part: &Part,
        demand: Demand,
        error: UpdateError,
    ) -> Result<Denial, StorageError> {
        let find = |scope: Scope, is: &dyn Fn(usize, &Window) -> bool| {
            let mut windows = self.windows.iter().enumerate();
            let of_costs = scope == Scope::Cost;
            let found = windows.find(|(at, window)| window.of_costs == of_costs && is(*at, window));
            found.map(|(index, _)| index)
        };
        let (index, used, wait) = match &error {
            UpdateError::WindowLimit(denial) => {
                let length = denial.window();
                let index = find(denial.scope(), &|_, window| Some(window.length) == length);
                let wait = denial.retry_after().min(self.rules.pause);
                (index, denial.used(), wait)
            }
            UpdateError::TooLarge(error) => {
                let limit = error.limit();
                let is = |at, _: &Window| part.kept.shares.get(at) == Some(&limit);
                (find(error.scope(), &is), 0, self.rules.pause)
            }
            _ => return Err(failure(error)),
        };
        let index = index.unwrap_or(0);
        let span = self.windows.get(index).map_or(0, |window| window.span);
        let asked = self.rules.asked(span, demand);
        let used = part.of_others(index).saturating_add(used);
        Ok(self.named(part, index, used, asked, wait))
    }

    fn named(&self, part: &Part, index: usize, used: u64, asked: u64, wait: Duration) -> Denial {
        let span = self.windows.get(index).map_or(0, |window| window.span);
        let limit = part.known.get(index).copied().unwrap_or(u64::MAX);
        self.rules.config.denial(span, (limit, used), asked, wait)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Kept>> {
        // every change is a whole one
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// What of a window's limit is not this limiter's to book.
    fn of_others(&self, index: usize) -> u64 {
        let at = |limits: &[u64]| limits.get(index).copied().unwrap_or(0);
        at(&self.known).saturating_sub(at(&self.kept.shares))
    }
}

/// How long the window of `span` is: a strict one keeps a frame more.
fn length(span: &Span, strict: bool) -> Duration {
    let frames = span.frames() - u64::from(strict);
    let nanos = span.step().as_nanos() * u128::from(frames);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
