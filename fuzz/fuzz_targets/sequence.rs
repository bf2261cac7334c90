//! See `properties::sequence`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| writ_fuzz::properties::sequence(data));
