//! libFuzzer on [`holdline_fuzz::comet::comet`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::comet::comet(data));
