//! libFuzzer on [`holdline_fuzz::comet::socket`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::comet::socket(data));
