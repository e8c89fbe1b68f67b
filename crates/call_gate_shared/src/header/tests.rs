//! The head by itself: what is written is read, and what is damaged is seen.

use super::*;

fn header() -> Header {
    Header {
        name: "x".repeat(1024),
        gate_size: 10,
        frame_step: 1,
        strict: true,
        own_clock: true,
        spans: (1..=64).map(|index| (index, 1000 - index)).collect(),
        words: 99,
        made: 0x0102_0304_0506_0708,
        anchor: u64::MAX,
        boot: *b"0123456789abcdef",
        time_namespace: 4_026_531_834,
        instance: 7,
    }
}

#[test]
fn what_is_written_is_read() {
    let path = Path::new("there");
    let bytes = header().encode();
    assert_eq!(bytes.len(), LENGTH);
    assert_eq!(Header::decode(&bytes, path).unwrap(), header());
}

#[test]
fn every_changed_byte_and_every_cut_is_seen() {
    let path = Path::new("there");
    let bytes = header().encode();
    for at in 0..LENGTH {
        for bit in [0, 7] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let error = Header::decode(&damaged, path).unwrap_err();
            let version = (AT_VERSION..AT_LENGTH).contains(&at);
            let kind = if version {
                SharedErrorKind::Mismatch
            } else {
                SharedErrorKind::Damaged
            };
            assert_eq!(error.kind(), kind, "byte {at}");
        }
        assert!(Header::decode(&bytes[..at], path).is_err());
    }
}

#[test]
fn sizes_are_whole_pages_and_do_not_overflow() {
    let size = |words| Header { words, ..header() }.size();
    assert_eq!(size(1), Some(8192));
    assert_eq!(size(512), Some(8192));
    assert_eq!(size(513), Some(12288));
    assert_eq!(size(u64::MAX), None);
    assert_eq!(size(u64::MAX / 8), None);
}

#[test]
fn boots_are_told_by_number_and_elsewhere_by_the_clock() {
    let machine = Machine {
        boot: [1; 16],
        time_namespace: 0,
    };
    let nameless = Machine {
        boot: [0; 16],
        ..machine
    };
    let of = |boot, made, own_clock| Header {
        boot,
        made,
        anchor: 0,
        own_clock,
        ..header()
    };
    assert_eq!(of([1; 16], u64::MAX, false).boot(&machine), Boot::This);
    assert_eq!(of([2; 16], 0, true).boot(&machine), Boot::Earlier);
    assert_eq!(of([0; 16], 0, false).boot(&machine), Boot::This);
    #[cfg(target_os = "linux")]
    assert_eq!(of([2; 16], u64::MAX, false).boot(&nameless), Boot::This);
    #[cfg(all(unix, not(target_os = "linux")))]
    assert_eq!(of([2; 16], u64::MAX, false).boot(&nameless), Boot::Earlier);
    assert_eq!(of([2; 16], u64::MAX, true).boot(&nameless), Boot::This);
}
