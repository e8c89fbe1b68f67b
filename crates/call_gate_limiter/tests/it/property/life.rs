//! One life: every act is done to the limiter and to the oracle, and everything that can be seen is compared.

use super::case::{Act, Case, Place};
use super::held::{Permit, at, demand, same, wall};
use super::told::{Lengths, Said, of_oracle};
use crate::hand::Sleeper;
use call_gate_core::clock::ManualClock;
use call_gate_core::{UpdateError, Wait};
use call_gate_limiter::{AsyncOwnedPermit, AsyncRateLimiter, RateLimiter, WindowRoom};
use call_gate_shared::SharedMemory;
use call_gate_testkit::limiter::{Ask, LimiterOracle, LimiterRules, Slip, Told};
use call_gate_testkit::spans::SpanRule;
use proptest::sample::Index;
use std::path::Path;
use std::time::Duration;

pub(super) type Checked = Result<(), String>;

pub(crate) struct Life {
    clock: ManualClock,
    now: u64,
    limiter: RateLimiter,
    oracle: LimiterOracle,
    lengths: Lengths,
    held: Vec<(Permit, Slip)>,
    line: Vec<(u64, Sleeper<Result<AsyncOwnedPermit, UpdateError>>)>,
}

impl Life {
    pub(crate) fn new(case: &Case, folder: &Path, number: u32) -> Self {
        let clock = ManualClock::new(wall(case.start));
        let Case { rules, place, .. } = case;
        let length = |window: &SpanRule| Duration::from_nanos(window.step * window.frames);
        let mut builder = RateLimiter::builder().clock(clock.clone());
        for window in &rules.windows {
            let step = Duration::from_nanos(window.step);
            builder = builder.limit_in_steps(window.limit.unwrap(), length(window), step);
        }
        for window in &rules.costs {
            let step = Duration::from_nanos(window.step);
            builder = builder.cost_limit_in_steps(window.limit.unwrap(), length(window), step);
        }
        if let Some(most) = rules.burst {
            builder = builder.max_burst(most);
        }
        if case.strict {
            builder = builder.strict();
        }
        builder = match place {
            Place::Packed | Place::Costs => builder,
            Place::Credits => builder.credits(),
            Place::Wide => builder.limits_up_to(u64::MAX),
            Place::Shared => builder
                .name(format!("life {number}"))
                .storage(SharedMemory::new().directory(folder)),
        };
        let limiter = builder.build().unwrap();
        let lengths = Lengths {
            windows: rules.windows.iter().map(length).collect(),
            costs: rules.costs.iter().map(length).collect(),
        };
        // no interval of its length: of frames, one more
        let kept = |windows: &[SpanRule]| {
            let more = u64::from(case.strict);
            let kept = windows.iter().map(|window| SpanRule {
                frames: window.frames + more,
                ..*window
            });
            kept.collect()
        };
        let rules = LimiterRules {
            windows: kept(&rules.windows),
            costs: kept(&rules.costs),
            ..rules.clone()
        };
        // only under a lock is there a place for any limit
        if let Some(window) = lengths.windows.first() {
            let any = limiter.set_limit(*window, u64::MAX).is_ok();
            assert_eq!(any, !matches!(place, Place::Packed | Place::Shared));
            limiter
                .set_limit(*window, rules.windows[0].limit.unwrap())
                .unwrap();
        }
        Self {
            clock,
            now: case.start,
            limiter,
            oracle: LimiterOracle::new(rules, case.start),
            lengths,
            held: Vec::new(),
            line: Vec::new(),
        }
    }

    pub(crate) fn does(&mut self, act: &Act) -> Checked {
        match act {
            Act::Move(by) => {
                self.now = self.now.saturating_add_signed(*by);
                self.clock.set(wall(self.now));
            }
            Act::Try(ask) => self.tries(*ask)?,
            Act::Wait(ask, wait) => self.waits(*ask, *wait)?,
            Act::Leave(one) => {
                if let Some(at) = at(*one, self.line.len()) {
                    let (ticket, sleeper) = self.line.remove(at);
                    drop(sleeper);
                    self.oracle.leave(ticket);
                }
            }
            Act::Drop(one) => {
                if let Some((permit, slip)) = self.take(*one) {
                    drop(permit);
                    self.oracle.release(slip);
                }
            }
            Act::Refund(one) => {
                if let Some((permit, slip)) = self.take(*one) {
                    let told = self.oracle.refund(self.now, slip);
                    self.oracle.release(slip);
                    self.lengths.same_back(&permit.refund(), told)?;
                }
            }
            Act::Settle(one, actual) => {
                if let Some((permit, slip)) = self.take(*one) {
                    let told = self.oracle.settle(self.now, slip, *actual);
                    self.oracle.release(slip);
                    self.lengths.same_back(&permit.settle(*actual), told)?;
                }
            }
            Act::Forget(one) => {
                if let Some((permit, _)) = self.take(*one) {
                    permit.forget();
                }
            }
            Act::Limit(one, limit) => {
                if let Some(at) = at(*one, self.lengths.windows.len()) {
                    let window = self.lengths.windows[at];
                    self.limiter.set_limit(window, *limit).unwrap();
                    self.oracle.set_limit(at, *limit);
                }
            }
            Act::CostLimit(one, limit) => {
                if let Some(at) = at(*one, self.lengths.costs.len()) {
                    let window = self.lengths.costs[at];
                    self.limiter.set_cost_limit(window, *limit).unwrap();
                    self.oracle.set_cost_limit(at, *limit);
                }
            }
            Act::Burst(most) => {
                let set = self.limiter.set_max_burst(*most);
                if self.oracle.permits().is_some() {
                    set.unwrap();
                    self.oracle.set_burst(*most);
                } else {
                    set.unwrap_err();
                }
            }
            Act::Close => {
                self.limiter.close();
                self.oracle.close();
            }
        }
        self.serves()?;
        self.looks()
    }

    /// Everything is given back: nobody is left waiting for a place, and no place is left taken that was not forgotten.
    pub(crate) fn ends(mut self) -> Checked {
        while let Some((permit, slip)) = self.held.pop() {
            drop(permit);
            self.oracle.release(slip);
            self.serves()?;
        }
        self.looks()?;
        self.limiter.close();
        self.oracle.close();
        self.serves()?;
        same("left waiting", self.line.len(), 0)?;
        same("waiters", self.limiter.waiters(), 0)
    }

    fn take(&mut self, one: Index) -> Option<(Permit, Slip)> {
        at(one, self.held.len()).map(|at| self.held.swap_remove(at))
    }

    fn tries(&mut self, ask: Ask) -> Checked {
        let told = self.oracle.ask(self.now, ask);
        let outcome = self.limiter.acquire_owned_with(demand(ask), Wait::Never);
        same("try", self.lengths.of(&outcome)?, of_oracle(told))?;
        if let (Ok(permit), Told::Admitted(slip)) = (outcome, told) {
            self.held.push((Permit::Sync(permit), slip));
        }
        Ok(())
    }

    fn waits(&mut self, ask: Ask, wait: Option<u64>) -> Checked {
        let limiter = AsyncRateLimiter::from(self.limiter.clone());
        let patience = wait.map_or(Wait::Forever, |wait| Wait::For(Duration::from_nanos(wait)));
        let mut sleeper =
            Sleeper::new(async move { limiter.acquire_owned_with(demand(ask), patience).await });
        let told = self.oracle.ask(self.now, ask);
        if matches!(told, Told::Denied(_) | Told::Queued(_)) {
            let deadline = wait.map(|wait| self.now + wait);
            let ticket = self.oracle.stand(ask, deadline);
            self.line.push((ticket, sleeper));
            return Ok(());
        }
        let (_, Some(outcome)) = sleeper.look() else {
            return Err(format!("waits, the oracle says {told:?}"));
        };
        same("at once", self.lengths.of(&outcome)?, of_oracle(told))?;
        if let (Ok(permit), Told::Admitted(slip)) = (outcome, told) {
            self.held.push((Permit::Async(permit), slip));
        }
        Ok(())
    }

    /// Polls whoever was woken, in their order, until nobody is; then the same are served as by the oracle.
    fn serves(&mut self) -> Checked {
        let mut answers = Vec::new();
        loop {
            let mut woken = false;
            let mut place = 0;
            while let Some((ticket, sleeper)) = self.line.get_mut(place) {
                let (was, answer) = sleeper.look();
                woken |= was;
                if let Some(answer) = answer {
                    answers.push((*ticket, answer));
                    drop(self.line.remove(place));
                } else {
                    place += 1;
                }
            }
            if !woken {
                break;
            }
        }
        let served = self.oracle.serve(self.now);
        let said: Result<Vec<(u64, Said)>, String> = answers
            .iter()
            .map(|(ticket, outcome)| Ok((*ticket, self.lengths.of(outcome)?)))
            .collect();
        let told: Vec<(u64, Said)> = served
            .iter()
            .map(|(ticket, told)| (*ticket, of_oracle(*told)))
            .collect();
        same("served", said?, told)?;
        for ((_, outcome), (_, told)) in answers.into_iter().zip(served) {
            if let (Ok(permit), Told::Admitted(slip)) = (outcome, told) {
                self.held.push((Permit::Async(permit), slip));
            }
        }
        Ok(())
    }

    /// Compares what can be seen without an act.
    fn looks(&mut self) -> Checked {
        same("waiters", self.limiter.waiters(), self.oracle.waiting())?;
        let permits = self.limiter.max_burst().zip(self.limiter.permits_out());
        same("permits", permits, self.oracle.permits())?;
        let remaining = self.limiter.remaining().unwrap();
        let (windows, costs) = self.oracle.held(self.now);
        let room = |(limit, used): (u64, u64)| (limit, limit.saturating_sub(used));
        let rooms = |held: Vec<(u64, u64)>| held.into_iter().map(room).collect::<Vec<_>>();
        let seen = |rooms: &[WindowRoom]| {
            let pairs = rooms.iter().map(|room| (room.limit, room.remaining));
            pairs.collect::<Vec<_>>()
        };
        same("windows", seen(&remaining.windows), rooms(windows))?;
        same("costs", seen(&remaining.costs), rooms(costs))?;
        let lengths = remaining.windows.iter().map(|room| room.window);
        same("lengths", lengths.collect(), self.lengths.windows.clone())?;
        let burst = permits.map(|(most, out)| most.saturating_sub(out));
        same("burst", remaining.burst, burst)?;
        let wait = match self.oracle.wait_time(self.now) {
            Some(u64::MAX) => Some(Duration::MAX),
            wait => wait.map(Duration::from_nanos),
        };
        same("wait time", self.limiter.wait_time(), wait)
    }
}
