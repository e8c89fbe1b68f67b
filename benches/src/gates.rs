//! The gates that are measured.

use std::time::Duration;

use call_gate::clock::SystemClock;
use call_gate::{CallGate, CallGateBuilder};

/// Frames in the window of a gate that does not say otherwise.
pub const FRAMES: u32 = 10;

/// A frame of 1 s.
pub const SECOND: Duration = Duration::from_secs(1);

/// A frame of 100 ms.
pub const TENTH: Duration = Duration::from_millis(100);

/// A frame of 1 ms.
pub const MILLISECOND: Duration = Duration::from_millis(1);

/// A gate whose limits no run reaches, and that fit the packed word.
pub fn roomy(frames: u32, step: Duration) -> CallGateBuilder {
    with_room(CallGate::unnamed(step * frames, step), step)
}

/// The same with a name, for a storage that needs one.
pub fn roomy_named(name: &str, frames: u32, step: Duration) -> CallGateBuilder {
    with_room(CallGate::builder(name, step * frames, step), step)
}

fn with_room(builder: CallGateBuilder, step: Duration) -> CallGateBuilder {
    // A frame of 1 ms holds less, but is also over sooner.
    let (frame, gate) = if step < TENTH {
        (500_000, 1_000_000)
    } else if step < SECOND {
        (100_000_000, 130_000_000)
    } else {
        (200_000_000, 250_000_000)
    };
    builder.frame_limit(frame).gate_limit(gate)
}

/// A gate for one unit in its whole window, before that unit is booked.
pub fn narrow(frames: u32, step: Duration) -> CallGateBuilder {
    CallGate::unnamed(step * frames, step).gate_limit(1)
}

/// The same with a name, for a storage that needs one.
pub fn narrow_named(name: &str, frames: u32, step: Duration) -> CallGateBuilder {
    CallGate::builder(name, step * frames, step).gate_limit(1)
}

/// A gate for one unit in every frame, before that unit is booked.
pub fn narrow_frame(frames: u32, step: Duration) -> CallGateBuilder {
    CallGate::unnamed(step * frames, step)
        .frame_limit(1)
        .gate_limit(u64::from(frames))
}

/// The clock that is read to the nanosecond on every call, as where there is no
/// coarse clock.
pub fn precise() -> SystemClock {
    SystemClock::precise()
}

/// Builds the gate.
pub fn built(builder: CallGateBuilder) -> CallGate {
    builder.build().expect("a valid gate")
}

/// Builds the gate and books the one unit it has room for.
pub fn filled(builder: CallGateBuilder) -> CallGate {
    let gate = built(builder);
    gate.try_update(1).expect("an empty gate admits one unit");
    gate
}
