//! What all handles of a gate have in common.

use call_gate_core::{CallGate, Limits, Refund, UpdateError, Wait};

use super::{Make, somewhere};
use crate::fixture::Fixture;
use crate::spec::{Credits, Spec, wall};

pub(super) fn gate(fixture: &dyn Fixture, spec: &Spec) -> CallGate {
    let spec = fixture.shape(spec.clone());
    fixture.time().set(wall(spec.start));
    let built = fixture
        .time()
        .install(spec.builder().storage(fixture.storage()))
        .build();
    built.unwrap_or_else(|error| panic!("{fixture:?} does not make {spec:?}: {error}"))
}

fn seconds(frames: u64) -> Spec {
    Spec::new(1_000_000_000, frames)
}

/// A gate tells what it was made with.
pub fn properties(make: Make<'_>) {
    let fixture = somewhere(make);
    let spec = seconds(10).with_caps(10, 2).strict();
    let gate = gate(&*fixture, &spec);
    assert_eq!((gate.gate_size(), gate.frames()), (spec.gate_size(), 10));
    assert_eq!(gate.frame_step() * 10, gate.gate_size());
    assert_eq!((gate.gate_limit(), gate.frame_limit()), (Some(10), Some(2)));
    assert_eq!(gate.limits(), Limits::gate(10).with_frame(2));
    assert!(gate.is_strict() && !gate.is_closed());
    assert_eq!(gate.waiters(), 0);
    assert!(
        !gate.to_string().is_empty() && format!("{gate:?}").contains(gate.name()),
        "{gate:?}"
    );
}

/// What one clone books, every clone counts.
pub fn clones_share(make: Make<'_>) {
    let fixture = somewhere(make);
    let one = gate(&*fixture, &seconds(2).with_caps(3, None));
    let two = one.clone();
    one.try_update(2).unwrap();
    assert_eq!(two.sum().unwrap(), 2);
    drop(one);
    two.try_update(1).unwrap();
    assert!(matches!(two.try_update(1), Err(UpdateError::GateLimit(_))));
    two.clear().unwrap();
    assert_eq!(two.sum().unwrap(), 0);
}

/// Limits set through one clone hold for all, also on other threads.
pub fn limits_are_live(make: Make<'_>) {
    let fixture = somewhere(make);
    let one = gate(&*fixture, &seconds(2).with_caps(3, None));
    let two = one.clone();
    one.try_update(3).unwrap();
    one.set_limits(one.limits().with_gate(5)).unwrap();
    assert_eq!(two.gate_limit(), Some(5));
    std::thread::scope(|scope| scope.spawn(|| two.try_update(2).unwrap()).join()).unwrap();
    two.set_limits(Limits::gate(1)).unwrap();
    assert!(
        matches!(one.try_update(1), Err(UpdateError::GateLimit(denial)) if denial.limit() == 1 && denial.used() == 5)
    );
    assert!(one.set_limits(Limits::gate(2).with_frame(3)).is_err());
    assert_eq!(two.limits(), Limits::gate(1));
    one.set_limits(Limits::frame(9)).unwrap();
    assert_eq!((two.gate_limit(), two.frame_limit()), (None, Some(9)));
    two.try_update(4).unwrap();
}

/// No limit above the largest that the gate was made for can be set, and trying changes nothing.
pub fn largest_limit_binds(make: Make<'_>) {
    let fixture = somewhere(make);
    let spec = fixture.shape(
        Spec {
            ceiling: Some(100),
            ..seconds(2)
        }
        .with_caps(3, None),
    );
    let one = gate(
        &*fixture,
        &Spec {
            ceiling: Some(100),
            ..spec
        },
    );
    one.try_update(3).unwrap();
    one.set_limits(Limits::gate(100).with_frame(100)).unwrap();
    for beyond in [
        Limits::gate(101),
        Limits::frame(101),
        Limits::gate(u64::MAX),
    ] {
        assert!(
            one.set_limits(beyond).is_err(),
            "{beyond:?} was set in a gate for limits up to 100"
        );
        assert_eq!(one.limits(), Limits::gate(100).with_frame(100));
    }
    assert_eq!(one.try_update(97).unwrap().sum(), 100);
}

/// A closed gate books nothing any more and still tells what it holds.
pub fn closed_gates(make: Make<'_>) {
    let fixture = somewhere(make);
    let one = gate(&*fixture, &seconds(2).with_caps(3, None));
    let two = one.clone();
    one.try_update(2).unwrap();
    one.close();
    assert!(two.is_closed());
    assert!(matches!(two.try_update(1), Err(UpdateError::Closed)));
    assert!(matches!(two.update(1), Err(UpdateError::Closed)));
    assert!(matches!(two.enter(1), Err(UpdateError::Closed)));
    assert!(matches!(two.run(1, || ()), Err(UpdateError::Closed)));
    assert_eq!(two.state().unwrap().sum(), 2);
    assert_eq!(two.snapshot().unwrap().frames().iter().sum::<u64>(), 2);
    two.close();
}

/// Both kinds of pass give back, and a pass that is dropped does not.
pub fn passes_borrowed_and_owned(make: Make<'_>) {
    let fixture = somewhere(make);
    let gate = gate(
        &*fixture,
        &Spec {
            credits: Credits::Off,
            ..seconds(2)
        }
        .with_caps(10, None),
    );
    let pass = gate.enter(4).unwrap();
    assert_eq!((pass.value(), pass.reading().sum()), (4, 4));
    assert_eq!(pass.refund().unwrap(), Refund::Returned(4));
    drop(gate.enter(3).unwrap());
    assert_eq!(gate.sum().unwrap(), 3);
    let pass = gate.enter_with(2, Wait::Never).unwrap();
    assert_eq!(pass.settle(1).unwrap(), Refund::Returned(1));
    let pass = gate.enter_owned(5).unwrap();
    let gate = std::thread::spawn(move || {
        assert_eq!(pass.settle(2).unwrap(), Refund::Returned(3));
        gate
    });
    assert_eq!(gate.join().unwrap().sum().unwrap(), 6);
}

/// A closure runs when it is admitted and only then.
pub fn runs(make: Make<'_>) {
    let fixture = somewhere(make);
    let gate = gate(&*fixture, &seconds(2).with_caps(3, None));
    assert_eq!(gate.run(3, || 7).unwrap(), 7);
    assert!(matches!(
        gate.run(4, || panic!("not admitted")),
        Err(UpdateError::TooLarge(_))
    ));
    assert_eq!(gate.sum().unwrap(), 3);
}
