//! What the script answers.

use super::{Batch, Booked, Held, NONE, Outcome, Refused, Shape, Stand, Words};

/// One answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply<'b> {
    /// The act is done: how the gate stands, and the rest, which depends on the question.
    Done(Stand, Tail<'b>),
    /// The key holds what this script never writes.
    Foreign,
    /// The key is of a gate with another shape.
    OtherShape(Option<Shape>),
    /// The key has other limits than those required.
    OtherLimits(Vec<Option<u64>>),
}

/// What comes after the stand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tail<'b>(&'b [u8]);

/// What became of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refund {
    Returned,
    Expired,
    /// The frame holds only this much.
    Underflow(u64),
}

/// An answer about a gate of `spans` spans; `None`: no script of ours gives such a one.
pub(crate) fn read(bytes: &[u8], spans: usize) -> Option<Reply<'_>> {
    let mut words = Words::new(bytes);
    let limit = |word| (word < NONE).then_some(word);
    Some(match words.next()? {
        0 => {
            let [now, frame, era, flags] =
                [words.next()?, words.next()?, words.next()?, words.next()?];
            let mut held = Vec::with_capacity(spans);
            for _ in 0..spans {
                held.push(Held {
                    limit: limit(words.next()?),
                    used: words.next()?,
                });
            }
            let stand = Stand {
                now,
                frame,
                era,
                live: flags & 1 == 1,
                exists: flags & 2 == 2,
                spans: held,
            };
            Reply::Done(stand, Tail(words.rest()))
        }
        1 => Reply::Foreign,
        2 => Reply::OtherShape(Shape::read(words.rest())),
        3 => {
            let mut limits = Vec::with_capacity(spans);
            for _ in 0..spans {
                limits.push(limit(words.next()?));
            }
            Reply::OtherLimits(limits)
        }
        _ => return None,
    })
}

/// The answers of two keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Both<'b> {
    /// Of each.
    All(&'b [u8], &'b [u8]),
    /// Why the first does nothing, or else why the second does nothing; then neither does.
    First(&'b [u8]),
    Second(&'b [u8]),
}

/// An answer about two keys; `None`: no script of ours gives such a one.
pub(crate) fn read_both(bytes: &[u8]) -> Option<Both<'_>> {
    let mut words = Words::new(bytes);
    let first = usize::try_from(words.next()?).ok()?;
    let (first, second) = words.rest().split_at_checked(first)?;
    Some(match (first, second) {
        ([], second) => Both::Second(second),
        (first, []) => Both::First(first),
        (first, second) => Both::All(first, second),
    })
}

impl Tail<'_> {
    /// Of an update.
    pub(crate) fn booked(&self, stand: Stand, batch: &Batch) -> Option<Booked> {
        let mut words = Words::new(self.0);
        let lease = match batch.lease {
            Some(ask) if ask.most > 0 => words.next()?,
            _ => 0,
        };
        let mut outcomes = Vec::with_capacity(batch.groups.len());
        for group in &batch.groups {
            let admitted = words.next()?;
            let refused = if admitted < group.count {
                Some(refused(&mut words)?)
            } else {
                None
            };
            outcomes.push(Outcome { admitted, refused });
        }
        Some(Booked {
            stand,
            outcomes,
            lease,
        })
    }

    pub(crate) fn refund(&self) -> Option<Refund> {
        let mut words = Words::new(self.0);
        let (what, holds) = (words.next()?, words.next()?);
        match what {
            0 => Some(Refund::Returned),
            1 => Some(Refund::Expired),
            2 => Some(Refund::Underflow(holds)),
            _ => None,
        }
    }

    /// Of a peek: why not, if not; and after how many microseconds nothing that is counted is left.
    pub(crate) fn peek(&self) -> Option<(Option<Refused>, u64)> {
        let mut words = Words::new(self.0);
        let (span, retry_after) = (words.next()?, words.next()?);
        let refused = match span.checked_sub(1) {
            None => None,
            Some(span) => Some(Refused {
                span: usize::try_from(span).ok()?,
                retry_after,
            }),
        };
        Some((refused, words.next()?))
    }

    /// Of a state: what the `kept` newest frames hold, newest first.
    pub(crate) fn frames(&self, stand: &Stand, kept: u64) -> Option<Vec<u64>> {
        let mut words = Words::new(self.0);
        let (head, total, start) = (words.next()?, words.next()?, words.next()?);
        let ring = words.rest();
        // a total that was never written is that of an empty gate
        let before = |frame: u64| {
            if frame > head {
                return total;
            }
            if kept == 1 {
                return start;
            }
            let at = usize::try_from(frame % kept.max(1)).unwrap_or(usize::MAX);
            let word = ring
                .get(at.saturating_mul(8)..)
                .and_then(<[u8]>::first_chunk);
            word.map_or(0, |word| u64::from_le_bytes(*word))
        };
        let mut above = total;
        let mut values = Vec::with_capacity(usize::try_from(kept).unwrap_or(0));
        for back in 0..kept {
            let below = stand.frame.checked_sub(back).map_or(above, before);
            // damaged totals must not look like an endless count
            values.push(above.saturating_sub(below));
            above = below;
        }
        Some(values)
    }

    /// Of a seed: whether the gate was empty and took it.
    pub(crate) fn seeded(&self) -> Option<bool> {
        Words::new(self.0).next().map(|word| word == 1)
    }
}

fn refused(words: &mut Words<'_>) -> Option<Refused> {
    let span = usize::try_from(words.next()?.checked_sub(1)?).ok()?;
    Some(Refused {
        span,
        retry_after: words.next()?,
    })
}
