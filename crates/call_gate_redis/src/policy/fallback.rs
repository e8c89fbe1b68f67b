//! A remote storage with an answer for the times when its server is away: one for gates, and one for limiters.

use super::OnStorageError;
use crate::breaker::is_outage;
use call_gate_core::{
    Act, Answer, BoxFuture, Clock, Deadline, Decision, Denial, GateConfig, Key, Limits, Remote,
    StorageError, SystemClock,
};
use std::fmt::Debug;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// This bit of an era says that the booking was made here, and not by the server, whose eras stay far below it.
pub(super) const HERE: u64 = 1 << 63;

/// What answers for a server that is away.
pub(crate) trait StandIn: Debug + Send + Sync {
    /// What is asked first.
    type Inner: Remote + ?Sized;
    /// What that tells of the limits without asking.
    type Known;
    /// An act that a policy may answer.
    type Question: Copy + Send;

    /// For `config`; `pause` is how soon a server that was away is asked again.
    fn new(config: &GateConfig, pause: Duration, clock: Arc<dyn Clock>) -> Self;

    /// The limits, as `inner` last told them.
    fn known(inner: &Self::Inner, key: &Key) -> Self::Known;

    /// The question in `act`, where a policy has a say.
    fn question(act: &Act) -> Option<Self::Question>;

    /// The answer to an act that is none of the server's: a booking made here is given back here.
    fn own(&self, act: &Act) -> Option<Result<Answer, StorageError>>;

    /// What [`OnStorageError::Allow`] answers.
    fn allow(&self, known: Self::Known, question: Self::Question) -> Answer;

    /// What [`OnStorageError::Deny`] answers.
    fn deny(&self, known: Self::Known, question: Self::Question) -> Answer;

    /// What one of `parts` answers that share the `known` limits; `None`: its part of them is nothing.
    fn share(
        &self,
        parts: NonZeroU32,
        known: impl Fn() -> Self::Known,
        question: Self::Question,
    ) -> Option<Result<Answer, StorageError>>;
}

/// Asks the server first, and answers by the policy where it is away.
#[derive(Debug)]
pub(crate) struct Fallback<S: StandIn> {
    inner: Arc<S::Inner>,
    policy: OnStorageError,
    stand_in: S,
}

impl<S: StandIn> Fallback<S> {
    /// `inner` under `policy`; `pause` is how soon a server that was away is asked again.
    pub(crate) fn new(
        inner: Arc<S::Inner>,
        policy: OnStorageError,
        config: &GateConfig,
        pause: Duration,
    ) -> Self {
        Self::with_clock(inner, policy, config, pause, Arc::new(SystemClock::new()))
    }

    /// The same by a clock that is not the machine's.
    pub(super) fn with_clock(
        inner: Arc<S::Inner>,
        policy: OnStorageError,
        config: &GateConfig,
        pause: Duration,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            inner,
            policy,
            stand_in: S::new(config, pause, clock),
        }
    }

    /// What the server answered, or else the policy, where it has a say in `act`.
    fn judge(
        &self,
        key: &Key,
        question: Option<S::Question>,
        answer: Result<Answer, StorageError>,
    ) -> Result<Answer, StorageError> {
        let (question, error) = match (question, answer) {
            (Some(question), Err(error)) if is_outage(&error) => (question, error),
            (_, answer) => return answer,
        };
        let known = || S::known(&self.inner, key);
        match self.policy {
            OnStorageError::Error => Err(error),
            OnStorageError::Allow => Ok(self.stand_in.allow(known(), question)),
            OnStorageError::Deny => Ok(self.stand_in.deny(known(), question)),
            OnStorageError::Local(parts) => match self.stand_in.share(parts, known, question) {
                Some(answer) => answer.or(Err(error)),
                None => Ok(self.stand_in.deny(known(), question)),
            },
        }
    }
}

impl<S: StandIn> Remote for Fallback<S> {
    fn call(&self, key: &Key, act: &Act, by: Deadline) -> Result<Answer, StorageError> {
        if let Some(answer) = self.stand_in.own(act) {
            return answer;
        }
        self.judge(key, S::question(act), self.inner.call(key, act, by))
    }

    fn call_async<'a>(
        &'a self,
        key: &'a Key,
        act: Act,
        by: Deadline,
    ) -> BoxFuture<'a, Result<Answer, StorageError>> {
        Box::pin(async move {
            if let Some(answer) = self.stand_in.own(&act) {
                return answer;
            }
            let question = S::question(&act);
            let answer = self.inner.call_async(key, act, by).await;
            self.judge(key, question, answer)
        })
    }

    fn limits(&self, key: &Key) -> Limits {
        self.inner.limits(key)
    }

    fn largest_limit(&self) -> u64 {
        self.inner.largest_limit()
    }

    fn ask_again_after(&self, denial: &Denial) -> Duration {
        self.inner.ask_again_after(denial)
    }
}

/// What a look shows that is not denied.
pub(super) fn admits(limit: u64, remaining: u64) -> Decision {
    Decision::new(true, limit, remaining, Duration::ZERO, Duration::ZERO)
}
