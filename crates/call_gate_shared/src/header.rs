//! The head of a segment: what the gate in it is, in one page that never changes.
//!
//! Every byte is in `docs/shared-layout.md`. It is checked and not trusted: no length, index or pointer is taken from it
//! before it was found equal to what the opener would have written.
// long file: each field of the head, written, read and compared in one place

use crate::error::{SharedError, SharedErrorKind};
use crate::machine::Machine;
use call_gate_core::GateConfig;
use call_gate_core::clock::monotonic;
use std::path::Path;
use std::time::Duration;

/// Length of the head; the words follow.
pub(crate) const LENGTH: usize = 4096;
/// Words that the head takes.
pub(crate) const WORDS: usize = LENGTH / 8;
/// The first eight bytes.
pub(crate) const MAGIC: [u8; 8] = *b"callgate";
const VERSION: u32 = 1;

const STRICT: u32 = 1;
const OWN_CLOCK: u32 = 2;

const AT_VERSION: usize = 8;
const AT_LENGTH: usize = 12;
const AT_CHECKSUM: usize = 16;
const AT_WORDS: usize = 24;
const AT_GATE_SIZE: usize = 32;
const AT_FRAME_STEP: usize = 40;
const AT_FLAGS: usize = 48;
const AT_SPANS: usize = 52;
const AT_MADE: usize = 56;
const AT_ANCHOR: usize = 64;
const AT_BOOT: usize = 72;
const AT_TIME_NAMESPACE: usize = 88;
const AT_INSTANCE: usize = 96;
const AT_NAME_LENGTH: usize = 104;
const AT_SPAN: usize = 1024;
const AT_NAME: usize = 2048;
const MOST_SPANS: usize = 64;
const LONGEST_NAME: usize = 1024;

/// What the gate of a segment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) gate_size: u64,
    pub(crate) frame_step: u64,
    pub(crate) strict: bool,
    /// Whether the gate's clock is the caller's own.
    pub(crate) own_clock: bool,
    /// Step and frames of each span.
    pub(crate) spans: Vec<(u64, u64)>,
    pub(crate) words: u64,
    /// When the words were first made, by the gate's clock.
    pub(crate) made: u64,
    /// What sets the machine's clock to the wall; 0 with a clock of the caller's own.
    pub(crate) anchor: u64,
    pub(crate) boot: [u8; 16],
    pub(crate) time_namespace: u64,
    /// A number that no other segment has.
    pub(crate) instance: u64,
}

/// Whether a segment is of this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boot {
    This,
    Earlier,
}

impl Header {
    /// The head of a segment for the gate of `config`, to be made now on `machine`.
    pub(crate) fn of(config: &GateConfig, words: usize, machine: &Machine) -> Self {
        let spans = config.geometry().spans().iter();
        Self {
            name: config.name().to_owned(),
            gate_size: nanos(config.gate_size()),
            frame_step: nanos(config.frame_step()),
            strict: config.is_strict(),
            own_clock: !config.follows_system(),
            spans: spans
                .map(|span| (nanos(span.step()), span.frames()))
                .collect(),
            words: words as u64,
            made: config.now().as_nanos(),
            anchor: 0,
            boot: machine.boot,
            time_namespace: machine.time_namespace,
            instance: 0,
        }
    }

    /// Its bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0; LENGTH];
        let mut put = |at: usize, field: &[u8]| {
            if let Some(place) = bytes.get_mut(at..at + field.len()) {
                place.copy_from_slice(field);
            }
        };
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        let flags = flag(self.strict, STRICT) | flag(self.own_clock, OWN_CLOCK);
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        put(0, &MAGIC);
        put(AT_VERSION, &VERSION.to_le_bytes());
        put(AT_LENGTH, &count(LENGTH));
        put(AT_WORDS, &self.words.to_le_bytes());
        put(AT_GATE_SIZE, &self.gate_size.to_le_bytes());
        put(AT_FRAME_STEP, &self.frame_step.to_le_bytes());
        put(AT_FLAGS, &flags.to_le_bytes());
        put(AT_SPANS, &count(self.spans.len()));
        put(AT_MADE, &self.made.to_le_bytes());
        put(AT_ANCHOR, &self.anchor.to_le_bytes());
        put(AT_BOOT, &self.boot);
        put(AT_TIME_NAMESPACE, &self.time_namespace.to_le_bytes());
        put(AT_INSTANCE, &self.instance.to_le_bytes());
        put(AT_NAME_LENGTH, &count(self.name.len()));
        for (index, (step, frames)) in self.spans.iter().take(MOST_SPANS).enumerate() {
            put(AT_SPAN + 16 * index, &step.to_le_bytes());
            put(AT_SPAN + 16 * index + 8, &frames.to_le_bytes());
        }
        put(AT_NAME, self.name.as_bytes());
        let sum = checksum(&bytes);
        if let Some(place) = bytes.get_mut(AT_CHECKSUM..AT_CHECKSUM + 8) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
        bytes
    }

    /// The head in `bytes`, the first of the segment at `path`.
    pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<Self, SharedError> {
        let damaged = |what: &str| Err(SharedError::damaged(path, what));
        let Some(bytes) = bytes.get(..LENGTH) else {
            let length = bytes.len();
            return Err(SharedError::damaged(
                path,
                format_args!("it has {length} bytes, a head has {LENGTH}"),
            ));
        };
        if field(bytes, 0) != MAGIC {
            return damaged("it does not begin as segments do");
        }
        let version = small(bytes, AT_VERSION);
        if version != VERSION {
            return Err(SharedError::sides(
                SharedErrorKind::Mismatch,
                path,
                "layout version",
                version.to_string(),
                VERSION.to_string(),
            ));
        }
        if checksum(bytes) != number(bytes, AT_CHECKSUM) {
            return damaged("the checksum of its head is wrong");
        }
        let spans = small(bytes, AT_SPANS) as usize;
        let length = small(bytes, AT_NAME_LENGTH) as usize;
        if small(bytes, AT_LENGTH) as usize != LENGTH || spans > MOST_SPANS || length > LONGEST_NAME
        {
            return damaged("the lengths in its head are wrong");
        }
        let name = bytes.get(AT_NAME..AT_NAME + length).unwrap_or_default();
        let Ok(name) = str::from_utf8(name) else {
            return damaged("the name in its head is not text");
        };
        let flags = small(bytes, AT_FLAGS);
        if flags & !(STRICT | OWN_CLOCK) != 0 {
            return damaged("its flags are none that there are");
        }
        Ok(Self {
            name: name.to_owned(),
            gate_size: number(bytes, AT_GATE_SIZE),
            frame_step: number(bytes, AT_FRAME_STEP),
            strict: flags & STRICT != 0,
            own_clock: flags & OWN_CLOCK != 0,
            spans: (0..spans)
                .map(|index| AT_SPAN + 16 * index)
                .map(|at| (number(bytes, at), number(bytes, at + 8)))
                .collect(),
            words: number(bytes, AT_WORDS),
            made: number(bytes, AT_MADE),
            anchor: number(bytes, AT_ANCHOR),
            boot: field(bytes, AT_BOOT),
            time_namespace: number(bytes, AT_TIME_NAMESPACE),
            instance: number(bytes, AT_INSTANCE),
        })
    }

    /// Whether the segment was made in this boot, as far as that can be told.
    pub(crate) fn boot(&self, machine: &Machine) -> Boot {
        let unknown = [0; 16];
        let earlier = if self.boot != unknown && machine.boot != unknown {
            self.boot != machine.boot
        } else {
            // without a number the clock tells: it does not go back within a boot; on Linux, where one is missing only
            // from a process that may not see it, that process may have another clock too
            cfg!(not(target_os = "linux"))
                && !self.own_clock
                && monotonic().is_some_and(|now| now < self.monotonic_when_made())
        };
        if earlier { Boot::Earlier } else { Boot::This }
    }

    /// The error of a segment of another boot in a place that does not outlive one: a process that is shown a number of its
    /// own, as in some containers.
    #[cfg(unix)]
    pub(crate) fn other_boot(&self, machine: &Machine, path: &Path) -> SharedError {
        let shown = |boot: [u8; 16]| format!("{:032x}", u128::from_be_bytes(boot));
        let (theirs, ours) = (shown(self.boot), shown(machine.boot));
        SharedError::sides(SharedErrorKind::Mismatch, path, "the boot", theirs, ours)
    }

    /// Whether the segment at `path` is the one that `wanted` describes.
    pub(crate) fn check(&self, wanted: &Self, path: &Path) -> Result<(), SharedError> {
        let span = |nanos: u64| format!("{:?}", Duration::from_nanos(nanos));
        let strict = |strict: bool| if strict { "on" } else { "off" }.to_owned();
        let clock = |own: bool| {
            if own {
                "the caller's own"
            } else {
                "the machine's"
            }
            .to_owned()
        };
        let pairs = [
            (
                "the name",
                format!("{:?}", self.name),
                format!("{:?}", wanted.name),
            ),
            (
                "a gate_size of",
                span(self.gate_size),
                span(wanted.gate_size),
            ),
            (
                "a frame_step of",
                span(self.frame_step),
                span(wanted.frame_step),
            ),
            ("strict", strict(self.strict), strict(wanted.strict)),
            (
                "a clock that is",
                clock(self.own_clock),
                clock(wanted.own_clock),
            ),
            (
                "spans (step in ns, frames)",
                format!("{:?}", self.spans),
                format!("{:?}", wanted.spans),
            ),
        ];
        let mut mismatch = pairs.into_iter().find(|(_, theirs, ours)| theirs != ours);
        let (theirs, ours) = (self.time_namespace, wanted.time_namespace);
        if mismatch.is_none() && !self.own_clock && theirs != ours && theirs != 0 && ours != 0 {
            mismatch = Some((
                "the clock of time namespace",
                theirs.to_string(),
                ours.to_string(),
            ));
        }
        if let Some((what, theirs, ours)) = mismatch {
            return Err(SharedError::sides(
                SharedErrorKind::Mismatch,
                path,
                what,
                theirs,
                ours,
            ));
        }
        if self.words != wanted.words {
            let (theirs, ours) = (self.words, wanted.words);
            return Err(SharedError::damaged(
                path,
                format_args!("its head tells of {theirs} words, its gate has {ours}"),
            ));
        }
        if !self.own_clock && monotonic().is_some_and(|now| now < self.monotonic_when_made()) {
            return Err(SharedError::damaged(path, "it was made later than now"));
        }
        Ok(())
    }

    /// The bytes of the whole segment.
    pub(crate) fn size(&self) -> Option<u64> {
        let length = LENGTH as u64;
        self.words
            .checked_mul(8)?
            .checked_add(length)?
            .checked_next_multiple_of(length)
    }

    fn monotonic_when_made(&self) -> u64 {
        self.made.wrapping_sub(self.anchor)
    }
}

/// The 64-bit FNV-1a of the head's 512 words instead of bytes, the checksum's own left out.
fn checksum(bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    let words = words.iter().enumerate();
    words
        .filter(|(index, _)| *index != AT_CHECKSUM / 8)
        .fold(0xcbf2_9ce4_8422_2325, |hash, (_, word)| {
            (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x0100_0000_01b3)
        })
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let field = bytes
        .get(at..at + N)
        .and_then(|field| field.try_into().ok());
    field.unwrap_or([0; N])
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(field(bytes, at))
}

fn small(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(field(bytes, at))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
