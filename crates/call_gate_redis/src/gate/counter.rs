//! One key's counter, as this process knows it.

use super::answer;
use super::known::Known;
use crate::protocol::{Ask, Head, OnOther, Reply, Shape, Stand, Tail, read};
use call_gate_core::{Denial, GateConfig, OnLimits, StorageError, StorageErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One key's counter.
#[derive(Debug)]
pub(super) struct Counter {
    pub(super) key: Arc<[u8]>,
    pub(super) shape: Shape,
    pub(super) shape_bytes: Arc<[u8]>,
    pub(super) known: Known,
    config: GateConfig,
    /// Which of the configuration's spans is its first.
    offset: usize,
    /// How many of them it has; the script may keep one more, for what the current base frame holds.
    spans: usize,
    on_limits: OnLimits,
    /// Whether a server has taken `on_limits` to its mind.
    settled: AtomicBool,
}

impl Counter {
    /// The counter under `key` of the spans of `config` from `offset` on.
    pub(super) fn new(key: Arc<[u8]>, shape: Shape, config: &GateConfig, offset: usize) -> Self {
        let costs = config.costs().map_or(0, |costs| costs.spans().len());
        let requests = config.span_limits().len() - costs;
        let spans = if offset == 0 { requests } else { costs };
        let limits = config.span_limits().iter().skip(offset).take(spans);
        let mut limits: Vec<Option<u64>> = limits.copied().collect();
        limits.resize(shape.spans().len(), None);
        Self {
            key,
            shape_bytes: shape.to_bytes(),
            shape,
            known: Known::new(limits.into()),
            config: config.clone(),
            offset,
            spans,
            on_limits: config.on_limits(),
            settled: AtomicBool::new(config.on_limits() == OnLimits::Adopt),
        }
    }

    /// How many spans it has.
    pub(super) fn spans(&self) -> usize {
        self.spans
    }

    /// The limits in force, as last told.
    pub(super) fn limits(&self) -> impl Iterator<Item = Option<u64>> {
        let limits = self.known.limits();
        (0..self.spans).map(move |span| limits.get(span).copied().flatten())
    }

    /// The denial of `requested` by `span`.
    pub(super) fn denial(
        &self,
        span: usize,
        held: (u64, u64),
        requested: u64,
        retry_after: Duration,
    ) -> Denial {
        let index = self.offset + span;
        self.config.denial(index, held, requested, retry_after)
    }

    /// The words of `ask`.
    pub(super) fn words(&self, ask: &Ask<'_>) -> Vec<u8> {
        let (limits, live) = self.known.to_start_with();
        let on_other = match self.on_limits {
            _ if self.settled.load(Ordering::Relaxed) => OnOther::Adopt,
            OnLimits::Replace => OnOther::Replace,
            OnLimits::Require => OnOther::Require,
            _ => OnOther::Adopt,
        };
        ask.to_bytes(Head {
            limits: &limits,
            on_other,
            live,
        })
    }

    /// Limits are on the server by now: the builder's have nothing to say any more.
    pub(super) fn settle(&self) {
        self.settled.store(true, Ordering::Relaxed);
    }

    /// The same if the key `exists`: limits of one that is not there are nobody's yet.
    pub(super) fn settle_by(&self, exists: bool) {
        if exists {
            self.settle();
        }
    }

    /// What `bytes` say in answer to question `turn`, with the configuration's spans only; `None`: to one that set limits.
    pub(super) fn read<'b>(
        &self,
        turn: Option<u64>,
        bytes: &'b [u8],
    ) -> Result<(Stand, Tail<'b>), StorageError> {
        let wrong = || StorageError::new(StorageErrorKind::Protocol);
        match read(bytes, self.shape.spans().len()).ok_or_else(wrong)? {
            Reply::Done(mut stand, tail) => {
                match turn {
                    Some(turn) => self.known.told(turn, &stand),
                    None => self.known.set(&stand),
                }
                stand.spans.truncate(self.spans);
                Ok((stand, tail))
            }
            other => Err(self.refused(other)),
        }
    }

    /// Why the script did nothing.
    fn refused(&self, reply: Reply<'_>) -> StorageError {
        let ours = self.known.initial();
        let shown = |limits: &[Option<u64>]| {
            let limits = limits.get(..self.spans).unwrap_or(limits);
            if self.config.is_limiter() {
                answer::listed(limits)
            } else {
                answer::of_a_gate(limits)
            }
        };
        let what = match self.offset {
            _ if !self.config.is_limiter() => "gate",
            0 => "limiter",
            _ => "limiter's counter of costs",
        };
        let mismatch = |text| StorageError::with_source(StorageErrorKind::Mismatch, text);
        match reply {
            Reply::Done(..) => StorageError::new(StorageErrorKind::Protocol),
            Reply::Foreign => StorageError::with_source(
                StorageErrorKind::Corrupt,
                format!(
                    "the {what}'s key holds what no gate of this version writes: delete it, or use another prefix"
                ),
            ),
            Reply::OtherShape(theirs) => {
                let theirs = theirs.map_or("of a shape that cannot be read".to_owned(), |shape| {
                    shape.to_string()
                });
                let ours = &self.shape;
                mismatch(format!(
                    "this {what} has frames of {ours}; the living one has {theirs}"
                ))
            }
            Reply::OtherLimits(theirs) => mismatch(format!(
                "this {what} requires {}; the living one has {}",
                shown(ours),
                shown(&theirs)
            )),
        }
    }
}
