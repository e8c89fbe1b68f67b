//! The description of a gate to be made, in numbers, for both sides of a comparison.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use call_gate_core::{CallGate, CallGateBuilder, Limits};

use crate::oracle::{Caps, Rules, Sees};

/// Whether closed frames take refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credits {
    /// They do not.
    Off,
    /// They do.
    On,
    /// The test does not care; a fixture may choose.
    Either,
}

/// The description of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The length of one frame in nanoseconds.
    pub frame_step: u64,
    /// How many frames the window has.
    pub frames: u64,
    /// The limits at the start.
    pub caps: Caps,
    /// Whether no interval at all may break the gate limit.
    pub strict: bool,
    /// Whether closed frames take refunds.
    pub credits: Credits,
    /// The largest limit that may be set live; `None` leaves it to the gate.
    pub ceiling: Option<u64>,
    /// The clock's reading at the start, in nanoseconds since the Unix epoch.
    pub start: u64,
}

impl Spec {
    /// A gate of `frames` frames of `frame_step` nanoseconds that limits nothing.
    #[must_use]
    pub fn new(frame_step: u64, frames: u64) -> Self {
        let start = 1_700_000_000_000_000_000 / frame_step * frame_step;
        Self {
            frame_step,
            frames,
            caps: Caps::default(),
            strict: false,
            credits: Credits::Either,
            ceiling: None,
            start,
        }
    }

    /// The same gate with these limits.
    #[must_use]
    pub fn with_caps(
        mut self,
        gate: impl Into<Option<u64>>,
        frame: impl Into<Option<u64>>,
    ) -> Self {
        self.caps = Caps {
            gate: gate.into(),
            frame: frame.into(),
        };
        self
    }

    /// The same gate, strict.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// The length of the window.
    #[must_use]
    pub fn gate_size(&self) -> Duration {
        Duration::from_nanos(self.frame_step * self.frames)
    }

    /// What the oracle judges such a gate by, where nothing else is agreed.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            frame_step: self.frame_step,
            frames: self.frames,
            strict: self.strict,
            credits: self.credits == Credits::On,
            caps: self.caps,
            ceiling: self.ceiling,
            most: u64::MAX,
            sees: Sees::Always,
        }
    }

    /// A builder for such a gate under a name that nobody else has.
    pub fn builder(&self) -> CallGateBuilder {
        let step = Duration::from_nanos(self.frame_step);
        let mut builder =
            CallGate::builder(fresh_name(), self.gate_size(), step).limits(limits(self.caps));
        if self.strict {
            builder = builder.strict();
        }
        if self.credits == Credits::On {
            builder = builder.credits();
        }
        if let Some(ceiling) = self.ceiling {
            builder = builder.limits_up_to(ceiling);
        }
        builder
    }
}

/// The same limits in core's words.
#[must_use]
pub fn limits(caps: Caps) -> Limits {
    let mut limits = Limits::none();
    if let Some(gate) = caps.gate {
        limits = limits.with_gate(gate);
    }
    if let Some(frame) = caps.frame {
        limits = limits.with_frame(frame);
    }
    limits
}

/// Nanoseconds since the Unix epoch as wall-clock time.
#[must_use]
pub fn wall(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

/// Wall-clock time as nanoseconds since the Unix epoch.
///
/// # Panics
///
/// If `time` lies before the epoch or more than 584 years after it.
#[must_use]
pub fn nanos(time: SystemTime) -> u64 {
    let since = time
        .duration_since(UNIX_EPOCH)
        .expect("a time after the epoch");
    span(since)
}

/// A span in nanoseconds.
///
/// # Panics
///
/// If it is longer than 584 years.
#[must_use]
pub fn span(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).expect("a span of less than 584 years")
}

/// A name that no other gate of this machine has.
#[must_use]
pub fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!(
        "testkit-{}-{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}
