//! Snapshots that did not come from a gate like the one they are restored into.

use std::time::Duration;

use call_gate_core::{CallGate, ConfigError, Snapshot, UpdateError};

use super::{Make, somewhere};
use crate::fixture::Fixture;
use crate::spec::{Spec, fresh_name, wall};

const STEP: Duration = Duration::from_secs(1);

fn spec() -> Spec {
    Spec::new(1_000_000_000, 3)
}

fn restore(fixture: &dyn Fixture, spec: Spec, snapshot: Snapshot) -> Result<CallGate, ConfigError> {
    let spec = fixture.shape(spec);
    fixture.time().set(wall(spec.start));
    let builder = spec.builder().restore(snapshot).storage(fixture.storage());
    fixture.time().install(builder).build()
}

fn snapshot(newest_first: &[u64]) -> Snapshot {
    let size = spec().gate_size();
    Snapshot::new(fresh_name(), size, STEP).with_frames(wall(spec().start), newest_first.to_vec())
}

/// What was counted is kept, however far above the new limits, in every place that holds such sums.
pub fn restored_sums_above_limits(make: Make<'_>) {
    for bits in [20, 33, 40, 50, 60, 63] {
        let fixture = somewhere(make);
        let sum = (1_u64 << bits) + 7;
        let large = fixture.shape(spec().with_caps(sum, None));
        let built = restore(
            &*fixture,
            spec().with_caps(5, 2),
            snapshot(&[1, 0, sum - 1]),
        );
        let gate = match built {
            Ok(gate) => gate,
            Err(error) => {
                assert!(
                    !fixture.holds(&large),
                    "{fixture:?} does not restore {sum}: {error}"
                );
                continue;
            }
        };
        assert_eq!(gate.state().unwrap().frames()[..3], [1, 0, sum - 1]);
        match gate.try_update(1) {
            Err(UpdateError::GateLimit(denial)) => {
                let told = (denial.used(), denial.limit(), denial.retry_after());
                assert_eq!(told, (sum, 5, STEP));
            }
            other => panic!("a gate with {sum} of 5 answers {other:?}"),
        }
        fixture.time().advance(STEP);
        assert_eq!(gate.try_update(2).unwrap().sum(), 3);
    }
}

/// A strict gate has one frame more, which a gate that is not strict has no use for.
pub fn restored_between_strict_and_not(make: Make<'_>) {
    let fixture = somewhere(make);
    let aligned = restore(
        &*fixture,
        spec().with_caps(20, None),
        snapshot(&[1, 2, 3, 4]).strict(),
    );
    assert_eq!(aligned.unwrap().state().unwrap().frames(), [1, 2, 3]);
    let strict = restore(
        &*fixture,
        spec().with_caps(20, None).strict(),
        snapshot(&[1, 2, 3]),
    );
    assert_eq!(strict.unwrap().state().unwrap().frames(), [1, 2, 3, 0]);
}

/// A snapshot that cannot be this gate's is refused.
pub fn foreign_snapshots(make: Make<'_>) {
    let fixture = somewhere(make);
    let size = spec().gate_size();
    let now = wall(spec().start);
    let foreign = [
        Snapshot::new("a", 2 * size, STEP).with_frames(now, vec![1]),
        Snapshot::new("a", size, STEP / 2).with_frames(now, vec![1]),
        snapshot(&[1; 5]),
        snapshot(&[u64::MAX, 1]),
        snapshot(&[1]).with_frames(now + 4 * STEP, vec![1]),
    ];
    for snapshot in foreign {
        let told = format!("{snapshot:?}");
        match restore(&*fixture, spec().with_caps(5, None), snapshot) {
            Ok(gate) => panic!("{told} was restored as {gate:?}"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
