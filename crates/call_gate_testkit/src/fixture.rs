//! What a storage brings to be judged: a place, a clock, and an honest word about what it cannot hold.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use call_gate_core::clock::{ManualClock, SystemClock};
use call_gate_core::{CallGateBuilder, Memory, Storage};

use crate::loopback::Loopback;
use crate::oracle::{Rules, Sees};
use crate::spec::{Credits, Spec};

mod coarse;

pub use coarse::CoarseFixture;

/// The clock that a fixture's gates live by.
pub trait Time: Debug + Send + Sync {
    /// What it shows.
    fn now(&self) -> SystemTime;

    /// Moves it on and wakes whoever waits on it.
    fn advance(&self, by: Duration);

    /// Moves it anywhere, back too, and wakes whoever waits on it.
    fn set(&self, to: SystemTime);

    /// Makes the gate of `builder` live by it.
    fn install(&self, builder: CallGateBuilder) -> CallGateBuilder;
}

impl Time for ManualClock {
    fn now(&self) -> SystemTime {
        self.time()
    }

    fn advance(&self, by: Duration) {
        Self::advance(self, by);
    }

    fn set(&self, to: SystemTime) {
        Self::set(self, to);
    }

    fn install(&self, builder: CallGateBuilder) -> CallGateBuilder {
        builder.clock(self.clone())
    }
}

/// One place for gates, made anew for every test, and the time that its gates live by.
///
/// A storage crate implements this once and calls [`conformance!`](crate::conformance!) with a function that makes it.
pub trait Fixture: Debug + Send + Sync {
    /// The storage under test, living by [`time`](Fixture::time).
    fn storage(&self) -> Box<dyn Storage>;

    /// The clock of the gates in [`storage`](Fixture::storage).
    fn time(&self) -> &dyn Time;

    /// The same kind of storage living by the real clock; it differs only where a storage keeps its own time.
    fn storage_in_real_time(&self) -> Box<dyn Storage> {
        self.storage()
    }

    /// Whether this place can hold such a gate. Where it says no, the suite asserts that the gate is refused.
    fn holds(&self, spec: &Spec) -> bool {
        let _ = spec;
        true
    }

    /// As [`holds`](Fixture::holds) for a gate in [`storage_in_real_time`](Fixture::storage_in_real_time).
    fn holds_in_real_time(&self, spec: &Spec) -> bool {
        self.holds(spec)
    }

    /// What makes its gates see the time.
    fn sees(&self) -> Sees {
        Sees::Always
    }

    /// The steps in which [`time`](Fixture::time) goes, in nanoseconds. The clock's readings are multiples of it, also
    /// when it is set to what is none; frames must be, where [`holds`](Fixture::holds) says yes.
    fn tick(&self) -> u64 {
        1
    }

    /// Where sums end that nothing limits, and the largest limit there can be.
    fn most(&self) -> u64 {
        u64::MAX
    }

    /// What the oracle judges a gate here by.
    fn rules(&self, spec: &Spec) -> Rules {
        Rules {
            most: self.most(),
            sees: self.sees(),
            ..spec.rules()
        }
    }

    /// How many cases the property tests run unless `PROPTEST_CASES` says otherwise.
    fn cases(&self) -> u32 {
        1_000
    }

    /// Chooses what a test leaves open, so that one storage can be judged in each of its placements.
    #[must_use]
    fn shape(&self, spec: Spec) -> Spec {
        Spec {
            credits: if spec.credits == Credits::On {
                Credits::On
            } else {
                Credits::Off
            },
            ..spec
        }
    }
}

/// A memory that a test asks for in one of its placements.
#[derive(Clone, Debug)]
pub struct MemoryFixture {
    time: ManualClock,
    wide: bool,
    credits: bool,
}

impl MemoryFixture {
    /// Memory as it is by default: the packed word wherever a gate fits it.
    #[must_use]
    pub fn packed(start: SystemTime) -> Self {
        Self {
            time: ManualClock::new(start),
            wide: false,
            credits: false,
        }
    }

    /// Memory for limits up to `u64::MAX`, which no packed word can hold.
    #[must_use]
    pub fn wide(start: SystemTime) -> Self {
        Self {
            wide: true,
            ..Self::packed(start)
        }
    }

    /// Memory that credits closed frames wherever a test leaves that open.
    #[must_use]
    pub fn credits(start: SystemTime) -> Self {
        Self {
            credits: true,
            ..Self::packed(start)
        }
    }
}

impl Fixture for MemoryFixture {
    fn storage(&self) -> Box<dyn Storage> {
        Box::new(Memory::new())
    }

    fn time(&self) -> &dyn Time {
        &self.time
    }

    fn shape(&self, mut spec: Spec) -> Spec {
        if self.wide {
            spec.ceiling = spec.ceiling.or(Some(u64::MAX));
        }
        spec.credits = match spec.credits {
            Credits::Either if self.credits => Credits::On,
            Credits::Either => Credits::Off,
            decided => decided,
        };
        spec
    }
}

/// A storage behind an imaginary network, with the server's own time.
#[derive(Clone, Debug)]
pub struct LoopbackFixture {
    time: ManualClock,
    server: Loopback,
}

impl LoopbackFixture {
    /// A server whose clock shows `start`.
    #[must_use]
    pub fn new(start: SystemTime) -> Self {
        let time = ManualClock::new(start);
        Self {
            server: Loopback::new(time.clone()),
            time,
        }
    }

    /// The server.
    #[must_use]
    pub fn server(&self) -> &Loopback {
        &self.server
    }
}

impl Fixture for LoopbackFixture {
    fn storage(&self) -> Box<dyn Storage> {
        Box::new(self.server.clone())
    }

    fn storage_in_real_time(&self) -> Box<dyn Storage> {
        Box::new(Loopback::new(SystemClock::precise()))
    }

    fn time(&self) -> &dyn Time {
        &self.time
    }

    fn shape(&self, spec: Spec) -> Spec {
        let credits = if spec.credits == Credits::Off {
            Credits::Off
        } else {
            Credits::On
        };
        Spec { credits, ..spec }
    }
}
