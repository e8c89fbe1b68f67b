//! Which crate may depend on which: the table of the architecture, and nothing else.

use crate::workspace::{self, Dependency, Metadata, Package};

const CORE: &str = "call_gate_core";
const FACADE: &str = "call_gate";
const REDIS: &str = "call_gate_redis";
const TESTKIT: &str = "call_gate_testkit";

/// Each crate of ours with those of ours it may depend on.
const ARROWS: [(&str, &[&str]); 11] = [
    (CORE, &[]),
    ("call_gate_macros", &[]),
    ("call_gate_shared", &[CORE]),
    (REDIS, &[CORE]),
    ("call_gate_async", &[CORE]),
    ("call_gate_keyed", &[CORE, "call_gate_async"]),
    ("call_gate_limiter", &[CORE, "call_gate_async"]),
    ("call_gate_tower", &[CORE]),
    (
        FACADE,
        &[
            CORE,
            "call_gate_macros",
            "call_gate_shared",
            "call_gate_redis",
            "call_gate_async",
            "call_gate_keyed",
            "call_gate_limiter",
            "call_gate_tower",
        ],
    ),
    (TESTKIT, &[CORE]),
    ("xtask", &[FACADE]),
];

/// Arrows that tests have beside those: what a crate is judged on, which its users bring along.
const IN_TESTS: [(&str, &str); 1] = [("call_gate_limiter", "call_gate_shared")];

/// Packages with features that bring no runtime, each alone; an empty name is none at all.
const WITHOUT_RUNTIME: [(&str, &str); 6] = [
    (REDIS, ""),
    (REDIS, "cluster"),
    (REDIS, "sentinel"),
    (REDIS, "tls"),
    (FACADE, ""),
    (FACADE, "redis"),
];

pub(super) fn faults(metadata: &Metadata) -> Result<Vec<String>, String> {
    let mut faults = Vec::new();
    for package in &metadata.packages {
        faults.extend(package_faults(package));
    }
    let package = |name: &str| {
        metadata
            .packages
            .iter()
            .find(|package| package.name == name)
    };
    if package(FACADE).is_some() {
        let names = workspace::tree(&["--package", FACADE])?;
        for name in workspace::heavy(&names) {
            faults.push(format!(
                "{FACADE}: its default features bring {name} into `cargo tree`"
            ));
        }
    }
    // Redis is for blocking callers too, and they have no runtime
    for (name, feature) in WITHOUT_RUNTIME {
        let Some(package) = package(name) else {
            continue;
        };
        if !feature.is_empty() && !package.features.contains_key(feature) {
            faults.push(format!(
                "{name}: it has no feature `{feature}` any more; tidy looks for one"
            ));
            continue;
        }
        let alone = ["--no-default-features", "--features", feature];
        let names = workspace::tree(&[&["--package", name][..], &alone].concat())?;
        for runtime in workspace::runtime(&names) {
            faults.push(format!(
                "{name}: the feature `{feature}` alone brings {runtime} into `cargo tree`"
            ));
        }
    }
    Ok(faults)
}

fn package_faults(package: &Package) -> Vec<String> {
    let name = &package.name;
    let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| known == name) else {
        return vec![format!(
            "{name}: not in the table of crates; add it to the architecture and to tidy's graph"
        )];
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.path.is_some())
        .filter_map(|dependency| arrow_fault(name, allowed, dependency))
        .collect()
}

fn arrow_fault(name: &str, allowed: &[&str], dependency: &Dependency) -> Option<String> {
    let on = dependency.name.as_str();
    if on == TESTKIT {
        if dependency.kind.as_deref() != Some("dev") {
            return Some(format!("{name}: depends on {TESTKIT} outside its tests"));
        }
        // With a version, `cargo package` would look for the unpublished crate.
        return (dependency.req != "*")
            .then(|| format!("{name}: {TESTKIT} is a path dependency without a version"));
    }
    let is_dev = dependency.kind.as_deref() == Some("dev");
    let in_tests = is_dev && IN_TESTS.contains(&(name, on));
    (!allowed.contains(&on) && !in_tests)
        .then(|| format!("{name}: may not depend on {on}; the architecture has no such arrow"))
}

#[cfg(test)]
mod tests {
    use super::{CORE, FACADE, TESTKIT, arrow_fault};
    use crate::workspace::Dependency;

    fn on(name: &str, req: &str, kind: Option<&str>) -> Dependency {
        Dependency {
            name: name.to_owned(),
            req: req.to_owned(),
            kind: kind.map(str::to_owned),
            path: Some("there".into()),
        }
    }

    #[test]
    fn only_the_arrows_of_the_architecture_pass() {
        let shared = &[CORE][..];
        let fault = |dependency| arrow_fault("call_gate_shared", shared, &dependency);
        assert!(fault(on(CORE, "^0.1.0", None)).is_none());
        assert!(fault(on(TESTKIT, "*", Some("dev"))).is_none());
        assert!(fault(on(FACADE, "^0.1.0", Some("dev"))).is_some());
        assert!(fault(on("call_gate_redis", "^0.1.0", None)).is_some());
        assert!(fault(on(TESTKIT, "*", None)).is_some());
        assert!(fault(on(TESTKIT, "^0.1.0", Some("dev"))).is_some());
        let limiter = |kind| {
            arrow_fault(
                "call_gate_limiter",
                shared,
                &on("call_gate_shared", "^0.1.0", kind),
            )
        };
        assert!(limiter(Some("dev")).is_none());
        assert!(limiter(None).is_some());
    }
}
