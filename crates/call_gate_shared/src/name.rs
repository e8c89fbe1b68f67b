//! The name of a gate as the name of its segment.

#[cfg(unix)]
use std::fmt::Write;

/// What the file of a segment begins with.
#[cfg(unix)]
pub(crate) const PREFIX: &str = "call_gate.";
/// Longest name of a file.
#[cfg(unix)]
const LONGEST: usize = 255;
/// Between the beginning of a long name and the hash of all of it.
#[cfg(unix)]
const CUT: char = '~';

/// The file of gate `name`: every byte but letters, digits, `-`, `_` and `.` as `%XX`; a long name is cut, and hashed.
#[cfg(unix)]
pub(crate) fn file(name: &str) -> String {
    let hash_length = 1 + 32;
    let mut file = String::from(PREFIX);
    let mut cut = PREFIX.len();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            file.push(char::from(byte));
        } else {
            let _ = write!(file, "%{byte:02X}");
        }
        if file.len() + hash_length <= LONGEST {
            cut = file.len();
        }
    }
    if file.len() > LONGEST {
        file.truncate(cut);
        file.push(CUT);
        let _ = write!(file, "{:032x}", fnv128(name.as_bytes()));
    }
    file
}

/// The name for systems that allow 31 bytes: no more than a hash.
#[cfg(any(windows, feature = "shared_memory"))]
pub(crate) fn short(name: &str) -> String {
    let mark = if cfg!(windows) { "" } else { "/" };
    format!("{mark}cg-{:016x}", fnv64(name.as_bytes()))
}

/// The 128-bit FNV-1a of `bytes`.
#[cfg(unix)]
fn fnv128(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
            (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b)
        })
}

/// The 64-bit FNV-1a of `bytes`.
#[cfg(any(windows, feature = "shared_memory"))]
fn fnv64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_readable_and_others_are_encoded() {
        assert_eq!(file("mail"), "call_gate.mail");
        assert_eq!(file("a b/../%~é"), "call_gate.a%20b%2F..%2F%25%7E%C3%A9");
        assert_eq!(file("."), "call_gate..");
    }

    #[test]
    fn every_length_fits_and_long_names_differ_by_their_hash() {
        for (letter, width) in [("x", 1), ("/", 3), ("é", 6)] {
            for count in 1..=1024 / letter.len() {
                let file = file(&letter.repeat(count));
                let whole = PREFIX.len() + width * count;
                assert_eq!(file.len() == whole, whole <= LONGEST, "{count} x {letter}");
                assert!(file.len() <= LONGEST);
                assert_eq!(file.contains(CUT), whole > LONGEST);
                let (begin, _) = file.split_once(CUT).unwrap_or((&file, ""));
                assert_eq!(
                    (begin.len() - PREFIX.len()) % width,
                    0,
                    "cut inside {letter}"
                );
            }
        }
        let [one, another] = ["a", "b"].map(|end| file(&("x".repeat(1000) + end)));
        assert_ne!(one, another);
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv128(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(fnv128(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        #[cfg(feature = "shared_memory")]
        {
            assert_eq!(fnv64(b"a"), 0xaf63_dc4c_8601_ec8c);
            assert_eq!(short(&"x".repeat(1024)).len(), 20);
        }
    }
}
