//! One admitted call, awaited.

use call_gate::{AsyncCallGate, CallGate};

use crate::awaited;
use crate::candidate::{Candidate, Expect, Threads};
use crate::gates::{FRAMES, SECOND, built, filled, narrow, roomy};
use crate::peers;
use crate::rounds::{Figures, Group};

/// Awaited calls beside the sync ones, and the peers' awaited calls.
pub fn group() -> Group {
    let mut candidates = updates(built(roomy(FRAMES, SECOND)));
    candidates.extend(try_updates(built(roomy(FRAMES, SECOND))));
    candidates.extend(denied(filled(narrow(1_000, 3_600 * SECOND))));
    candidates.extend(peers());
    Group {
        figures: Figures::PerCall,
        title: "Admitted, awaited",
        about: "One task that awaits one admitted call after the other in one `block_on` of a \
                current-thread tokio runtime, beside a loop of sync calls on the same gate. \
                Nobody has to wait. Two rows are of a full gate.",
        candidates,
    }
}

/// Both on one gate: where it lies in memory is not to make a difference.
fn updates(gate: CallGate) -> Vec<Candidate> {
    let awaited = AsyncCallGate::from(gate.clone());
    vec![
        Candidate::new(
            "async/memory-10x1s-update-sync",
            "call_gate, sync `update`",
            Threads::One,
            Expect::Admitted,
            move || gate.update(1).is_ok(),
        ),
        Candidate::awaited(
            "async/memory-10x1s-update",
            "call_gate, `update` awaited",
            Expect::Admitted,
            async move |calls| awaited!(calls, awaited.update(1).await.is_ok()),
        ),
    ]
}

fn try_updates(gate: CallGate) -> Vec<Candidate> {
    let awaited = AsyncCallGate::from(gate.clone());
    vec![
        Candidate::new(
            "async/memory-10x1s-try-sync",
            "call_gate, sync `try_update`",
            Threads::One,
            Expect::Admitted,
            move || gate.try_update(1).is_ok(),
        ),
        Candidate::awaited(
            "async/memory-10x1s-try",
            "call_gate, `try_update` awaited",
            Expect::Admitted,
            async move |calls| awaited!(calls, awaited.try_update(1).await.is_ok()),
        ),
    ]
}

/// An awaited denial is judged twice: by the fast path, which keeps denials out of the caller's code, and then in full.
fn denied(gate: CallGate) -> Vec<Candidate> {
    let awaited = AsyncCallGate::from(gate.clone());
    vec![
        Candidate::new(
            "async/memory-denied-try-sync",
            "call_gate, sync `try_update`, denied",
            Threads::One,
            Expect::DENIED,
            move || gate.try_update(1).is_ok(),
        ),
        Candidate::awaited(
            "async/memory-denied-try",
            "call_gate, `try_update` awaited, denied",
            Expect::DENIED,
            async move |calls| awaited!(calls, awaited.try_update(1).await.is_err()),
        ),
    ]
}

/// Their futures bring nothing but that they are over.
fn peers() -> Vec<Candidate> {
    let governor = peers::roomy_governor();
    let fair = peers::roomy_fair_leaky_bucket();
    let unfair = peers::roomy_leaky_bucket();
    vec![
        Candidate::awaited(
            "async/governor-quanta",
            "governor, quanta clock, `until_ready`",
            Expect::Admitted,
            async move |calls| {
                awaited!(calls, {
                    governor.until_ready().await;
                    true
                })
            },
        ),
        Candidate::awaited(
            "async/leaky-bucket-fair",
            "leaky-bucket, fair, `acquire_one`",
            Expect::Admitted,
            async move |calls| {
                awaited!(calls, {
                    fair.acquire_one().await;
                    true
                })
            },
        ),
        Candidate::awaited(
            "async/leaky-bucket",
            "leaky-bucket, unfair (reads no clock), `acquire_one`",
            Expect::Admitted,
            async move |calls| {
                awaited!(calls, {
                    unfair.acquire_one().await;
                    true
                })
            },
        ),
    ]
}
