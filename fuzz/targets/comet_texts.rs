//! libFuzzer on [`holdline_fuzz::comet::texts`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::comet::texts(data));
