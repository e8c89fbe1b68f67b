//! Every feature alone builds, and runs its tests.

use crate::plan::{Outcome, Step, minutes};
use crate::workspace::Package;
use crate::{process, workspace};

/// Core without `std` has no gate to test; it is built here and, without std at all, in `no_std`. What the others add is
/// tested with all features, against servers; and so are features that bring all others along, and crates whose features
/// only add to what is tested.
const BUILT_ONLY: [(&str, &str); 14] = [
    ("call_gate_core", ""),
    ("call_gate_core", "persist"),
    ("call_gate_core", "std"),
    ("call_gate_shared", ""),
    ("call_gate_shared", "shared_memory"),
    ("call_gate_limiter", "tokio"),
    ("call_gate", "full"),
    ("call_gate", "redis-cluster"),
    ("call_gate", "redis-sentinel"),
    ("call_gate", "redis-tls"),
    ("call_gate_redis", "cluster"),
    ("call_gate_redis", "sentinel"),
    ("call_gate_redis", "tls"),
    ("call_gate_redis", "injected-time"),
];

pub(crate) fn step() -> Step {
    Step::new(
        "each feature alone",
        minutes(25),
        "run the command above; a feature must bring all that its code needs, and be needed by what uses it",
        |deadline| {
            let mut count = 0;
            for package in workspace::metadata()?.packages {
                if !package.is_published() {
                    continue;
                }
                for feature in features(&package) {
                    // `check` sees the library without its dev-dependencies, which bring features of their own.
                    let alone = ["--no-default-features", "--features", feature];
                    let mut check = process::cargo("check --package");
                    process::run(check.arg(&package.name).args(alone), deadline)?;
                    if !BUILT_ONLY.contains(&(package.name.as_str(), feature)) {
                        // those against servers do not depend on a feature but for the names they use
                        let words = match package.name.as_str() {
                            "call_gate_redis" => "test --lib --package",
                            _ => "test --tests --package",
                        };
                        let mut test = process::cargo(words);
                        process::run(test.arg(&package.name).args(alone), deadline)?;
                    }
                    count += 1;
                }
            }
            Ok(Outcome::Noted(format!("{count} builds")))
        },
    )
}

/// No feature at all, then each one; a package without features has nothing to tell apart.
fn features(package: &Package) -> Vec<&str> {
    let named: Vec<&str> = package
        .features
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "default")
        .collect();
    if named.is_empty() {
        return named;
    }
    std::iter::once("").chain(named).collect()
}
