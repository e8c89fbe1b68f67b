//! The target for cargo-fuzz.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    call_gate_fuzz::snapshot_file(data);
});
