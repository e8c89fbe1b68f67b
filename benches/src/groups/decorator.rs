//! A function behind a gate, by the attribute and by hand.

use std::sync::LazyLock;

use call_gate::{AsyncCallGate, CallGate, UpdateError, call_gate};

use crate::awaited;
use crate::candidate::{Candidate, Expect, Threads};
use crate::gates::{FRAMES, SECOND, built, roomy};
use crate::rounds::{Figures, Group};

static GATE: LazyLock<CallGate> = LazyLock::new(|| built(roomy(FRAMES, SECOND)));

static ASYNC_GATE: LazyLock<AsyncCallGate> = LazyLock::new(|| built(roomy(FRAMES, SECOND)).into());

/// What the functions are called with.
const ARGUMENT: u64 = 20;

/// What they answer.
const ANSWER: u64 = 41;

/// Functions behind one gate, written in two ways.
pub fn group() -> Group {
    Group {
        figures: Figures::PerCall,
        title: "Decorator",
        about: "A function whose body is a multiplication, called once, admitted at once, and its \
                answer checked: with `#[call_gate(GATE)]`, beside one that says \
                `GATE.update(1)?` itself. Neither is inlined; both pass one static gate. The \
                target says that the attribute has no cost that can be measured.",
        candidates: vec![
            Candidate::new(
                "decorator/by-hand-sync",
                "`GATE.update(1)?` by hand",
                Threads::One,
                Expect::Admitted,
                || matches!(by_hand(ARGUMENT), Ok(ANSWER)),
            ),
            Candidate::new(
                "decorator/attribute-sync",
                "`#[call_gate(GATE)]`",
                Threads::One,
                Expect::Admitted,
                || matches!(decorated(ARGUMENT), Ok(ANSWER)),
            ),
            Candidate::awaited(
                "decorator/by-hand-async",
                "`GATE.update(1).await?` by hand",
                Expect::Admitted,
                async |calls| awaited!(calls, matches!(by_hand_async(ARGUMENT).await, Ok(ANSWER))),
            ),
            Candidate::awaited(
                "decorator/attribute-async",
                "`#[call_gate(GATE)]` on an `async fn`",
                Expect::Admitted,
                async |calls| {
                    awaited!(calls, matches!(decorated_async(ARGUMENT).await, Ok(ANSWER)))
                },
            ),
        ],
    }
}

#[inline(never)]
fn by_hand(n: u64) -> Result<u64, UpdateError> {
    GATE.update(1)?;
    Ok(n * 2 + 1)
}

#[call_gate(GATE)]
#[inline(never)]
fn decorated(n: u64) -> Result<u64, UpdateError> {
    Ok(n * 2 + 1)
}

#[inline(never)]
async fn by_hand_async(n: u64) -> Result<u64, UpdateError> {
    ASYNC_GATE.update(1).await?;
    Ok(n * 2 + 1)
}

#[call_gate(ASYNC_GATE)]
#[inline(never)]
async fn decorated_async(n: u64) -> Result<u64, UpdateError> {
    Ok(n * 2 + 1)
}
