//! The words for acts.

use super::number::{number, span};
use crate::act::Act;
use crate::oracle::Caps;
use crate::outcome::Outcome;

/// An act as a scenario tells it, with passes by name.
#[derive(Debug)]
pub(super) enum Deed {
    Plain(Act),
    Enter { value: u64, pass: String },
    RefundPass(String),
    Settle { pass: String, actual: u64 },
    Drop(String),
    Wait,
}

impl Deed {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let plain = |act| Ok(Self::Plain(act));
        match *words.as_slice() {
            ["wait"] => Ok(Self::Wait),
            ["update", value] => plain(Act::TryUpdate(number(value)?)),
            ["retry", value] => plain(Act::FollowRetry(number(value)?)),
            ["decide", value] => plain(Act::Decide(number(value)?)),
            ["peek", value] => plain(Act::Peek(number(value)?)),
            ["refund", "pass", pass] => Ok(Self::RefundPass(pass.to_owned())),
            ["refund", value] => plain(Act::Refund(number(value)?)),
            ["enter", value, "as", pass] => Ok(Self::Enter {
                value: number(value)?,
                pass: pass.to_owned(),
            }),
            ["settle", pass, "at", actual] => Ok(Self::Settle {
                pass: pass.to_owned(),
                actual: number(actual)?,
            }),
            ["drop", pass] => Ok(Self::Drop(pass.to_owned())),
            ["clear"] => plain(Act::Clear),
            ["check"] => plain(Act::CheckLimits),
            ["state"] => plain(Act::State),
            ["restore"] => plain(Act::SnapshotRestore(0)),
            ["restore", "after", ref gap @ ..] => {
                plain(Act::SnapshotRestore(span(&gap.join(" "))?))
            }
            ["limits", ref limits @ ..] => plain(Act::SetLimits(caps(limits)?)),
            _ => Err(format!(
                "`{text}` is no act: wait, update V, retry V, decide V, peek V, refund V, enter V as PASS, refund pass PASS, \
                 settle PASS at V, drop PASS, clear, check, state, restore [after SPAN], limits [gate=V] [frame=V]"
            )),
        }
    }

    /// The act, or nothing when only time passes.
    pub(super) fn act(&self, passes: &mut Vec<String>) -> Result<Option<Act>, String> {
        let mut take = |pass: &str| match passes.iter().position(|held| held == pass) {
            Some(index) => {
                passes.swap_remove(index);
                Ok(index)
            }
            None => Err(format!("no pass `{pass}` is held")),
        };
        Ok(Some(match self {
            Self::Plain(act) => act.clone(),
            Self::Enter { value, .. } => Act::Enter(*value),
            Self::RefundPass(pass) => Act::RefundPass(take(pass)?),
            Self::Settle { pass, actual } => Act::SettlePass(take(pass)?, *actual),
            Self::Drop(pass) => Act::DropPass(take(pass)?),
            Self::Wait => return Ok(None),
        }))
    }

    /// Keeps the names of the passes held in the order in which both sides hold them.
    pub(super) fn remember(&self, passes: &mut Vec<String>, outcome: &Outcome) {
        match (self, outcome) {
            (Self::Enter { pass, .. }, Outcome::Admitted(_)) => passes.push(pass.clone()),
            (Self::Plain(Act::SnapshotRestore(_)), Outcome::Done) => passes.clear(),
            _ => {}
        }
    }
}

fn caps(words: &[&str]) -> Result<Caps, String> {
    let mut caps = Caps::default();
    for word in words {
        match word.split_once('=') {
            Some(("gate", value)) => caps.gate = Some(number(value)?),
            Some(("frame", value)) => caps.frame = Some(number(value)?),
            _ => return Err(format!("`{word}` is no limit such as gate=5 or frame=2")),
        }
    }
    Ok(caps)
}
