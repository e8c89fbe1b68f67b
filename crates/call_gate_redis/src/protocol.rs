//! What is asked of the script and what it answers, as bytes and as numbers; `docs/redis-protocol.md` has every word.

mod ask;
mod reply;
mod seed;
mod shape;

pub(crate) use ask::{Ask, Head, OnOther, number_of};
pub(crate) use reply::{Both, Refund, Reply, Tail, read, read_both};
pub(crate) use seed::Seed;
pub(crate) use shape::Shape;

/// The largest number that the script counts exactly: 2^53 - 1.
pub(crate) const MOST: u64 = (1 << 53) - 1;

/// In the script's words, a limit that does not limit.
const NONE: u64 = 1 << 53;

/// So many requests of `value` each, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) value: u64,
    pub(crate) count: u64,
}

/// Requests that are judged in one script call, in order, as if each had come alone; and a lease from what they leave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Batch {
    pub(crate) groups: Vec<Group>,
    pub(crate) lease: Option<LeaseAsk>,
}

/// How much is wanted to be spent without asking, within the frame that the server is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeaseAsk {
    /// The most that is wanted.
    pub(crate) most: u64,
    /// The number of the frame of this process's last lease of the gate; 0: it had none.
    pub(crate) last_frame: u64,
}

/// How a gate stands: what every answer of the script tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stand {
    /// The server's time when it judged, in microseconds since the Unix epoch.
    pub(crate) now: u64,
    /// The number of the current frame: its start is this times the frame's length.
    pub(crate) frame: u64,
    pub(crate) era: u64,
    /// Whether the limits were set live, and not only by who made the key.
    pub(crate) live: bool,
    /// Whether the key is there.
    pub(crate) exists: bool,
    /// Of each span: its limit, and what it held before the batch, or after a refund.
    pub(crate) spans: Vec<Held>,
}

/// One span's limit and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) limit: Option<u64>,
    pub(crate) used: u64,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Booked {
    pub(crate) stand: Stand,
    /// In the order of the groups.
    pub(crate) outcomes: Vec<Outcome>,
    /// What was leased; 0: nothing.
    pub(crate) lease: u64,
}

/// What became of a group: its first `admitted` requests are booked, and the others are denied, all alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) admitted: u64,
    /// Where some are denied.
    pub(crate) refused: Option<Refused>,
}

/// Why a value has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Index of the span that has none.
    pub(crate) span: usize,
    /// How long until it has, in microseconds.
    pub(crate) retry_after: u64,
}

impl Refused {
    /// The same by one of the first `spans`, which refuse wherever another does that has no limit of its own.
    pub(crate) fn within(self, spans: usize) -> Self {
        let span = self.span.min(spans.saturating_sub(1));
        Self { span, ..self }
    }
}

/// Numbers as the script's words: 8 bytes each, little-endian.
fn words(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    numbers.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// The script's words as numbers, one by one.
#[derive(Debug)]
struct Words<'b> {
    bytes: &'b [u8],
}

impl<'b> Words<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }

    /// What is not read yet.
    fn rest(self) -> &'b [u8] {
        self.bytes
    }
}

impl Iterator for Words<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let (word, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(u64::from_le_bytes(*word))
    }
}
