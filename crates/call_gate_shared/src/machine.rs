//! What tells one boot and one clock of a machine from another.

use call_gate_core::clock::monotonic;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

/// The running system, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    /// All zeros: not known.
    pub(crate) boot: [u8; 16],
    /// 0: not known.
    pub(crate) time_namespace: u64,
}

impl Machine {
    pub(crate) fn here() -> Self {
        // a machine has one boot for as long as a process lives; a process may change its time namespace
        static BOOT: OnceLock<[u8; 16]> = OnceLock::new();
        Self {
            boot: *BOOT.get_or_init(boot),
            time_namespace: time_namespace(),
        }
    }
}

/// A number that no other segment has.
pub(crate) fn fresh() -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    hasher.write_u64(monotonic().unwrap_or(0));
    hasher.finish()
}

#[cfg(target_os = "linux")]
fn boot() -> [u8; 16] {
    use std::io::Read;

    // 36 letters and a line's end, in one read: the file tells no size
    let mut text = [0; 64];
    let read = std::fs::File::open("/proc/sys/kernel/random/boot_id")
        .and_then(|mut file| file.read(&mut text))
        .unwrap_or(0);
    let digits = || {
        text.iter()
            .take(read)
            .filter_map(|byte| char::from(*byte).to_digit(16))
    };
    if digits().count() != 32 {
        return [0; 16];
    }
    let id = digits().fold(0, |id: u128, digit| id << 4 | u128::from(digit));
    id.to_be_bytes()
}

#[cfg(not(target_os = "linux"))]
fn boot() -> [u8; 16] {
    [0; 16]
}

#[cfg(target_os = "linux")]
fn time_namespace() -> u64 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self/ns/time").map_or(0, |namespace| namespace.ino())
}

#[cfg(not(target_os = "linux"))]
fn time_namespace() -> u64 {
    0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_boot_is_the_kernels_text_in_bytes() {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let bytes = Machine::here().boot;
        let shown = format!("{:032x}", u128::from_be_bytes(bytes));
        assert_eq!(shown, text.trim().replace('-', ""));
        assert_ne!(bytes, [0; 16]);
    }
}
