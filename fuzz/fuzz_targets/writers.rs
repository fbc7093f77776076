#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| handshark_output::fuzz::writers(bytes));
