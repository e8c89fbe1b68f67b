//! How far a model is explored.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Executions of one model, unless `LOOM_MAX_PERMUTATIONS` says another number or `CALL_GATE_LONG` is set.
const MOST: usize = 25_000;

/// Explores every interleaving of `model`, whose work is done in spawned threads, as `history` says.
pub(crate) fn explore(model: impl Fn() + Sync + Send + 'static) {
    explore_most(0, model);
}

/// As [`explore`], with so many preemptions `fewer` than the environment allows.
pub(crate) fn explore_most(fewer: usize, model: impl Fn() + Sync + Send + 'static) {
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = executions.clone();
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 100_000;
    // the whole of the largest models takes hours
    let most = builder.max_permutations.unwrap_or(MOST);
    let long = std::env::var_os("CALL_GATE_LONG").is_some();
    builder.max_permutations = (!long).then_some(most);
    builder.preemption_bound = Some(builder.preemption_bound.unwrap_or(2) - fewer);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let explored = executions.load(Ordering::Relaxed);
    let all = if long || explored < most {
        "all"
    } else {
        "the first"
    };
    println!("explored {all} {explored} executions");
}
