//! Numbers that several threads write at once and all agree on: versioned registers.
//!
//! A register is two words of `[version:40][half:24]`. Whoever writes version `v` writes the same value as everyone
//! else who writes version `v`, and only over older versions; so a writer that comes late, or never, does no harm.

use crate::sync::{AtomicU64, Ordering::AcqRel, Ordering::Acquire};

const HALF_BITS: u32 = 24;
const HALF: u64 = (1 << HALF_BITS) - 1;
/// Largest value, which stands for "none".
pub(super) const NONE: u64 = (1 << (2 * HALF_BITS)) - 1;
/// Versions end here.
pub(super) const MAX_VERSION: u64 = (1 << 40) - 1;

/// A newer version is in the register already.
#[derive(Debug)]
pub(super) struct Overtaken;

/// The words of a register that holds `value`.
pub(super) fn initial(version: u64, value: u64) -> [u64; 2] {
    [
        version << HALF_BITS | value >> HALF_BITS & HALF,
        version << HALF_BITS | value & HALF,
    ]
}

/// Reads one register whose both halves are of `version`.
pub(super) fn read(words: [&AtomicU64; 2], version: u64) -> Option<u64> {
    // Acquire pairs with the AcqRel of `write`
    let [high, low] = words.map(|word| word.load(Acquire));
    (high >> HALF_BITS == version && low >> HALF_BITS == version)
        .then_some((high & HALF) << HALF_BITS | low & HALF)
}

/// The version of a register's last half, which is written last.
pub(super) fn version(words: [&AtomicU64; 2]) -> u64 {
    words[1].load(Acquire) >> HALF_BITS
}

/// Writes `value` as `version`, over anything older.
///
/// The loop ends: a failed exchange means that a version rose, and versions of
/// this register rise to at most the newest plan's.
pub(super) fn write(words: [&AtomicU64; 2], version: u64, value: u64) -> Result<(), Overtaken> {
    for (word, new) in words.into_iter().zip(initial(version, value)) {
        let mut old = word.load(Acquire);
        loop {
            if old >> HALF_BITS > version {
                return Err(Overtaken);
            }
            if old >> HALF_BITS == version {
                break;
            }
            match word.compare_exchange(old, new, AcqRel, Acquire) {
                Ok(_) => break,
                Err(found) => old = found,
            }
        }
    }
    Ok(())
}
