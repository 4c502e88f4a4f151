//! libFuzzer on [`holdline_fuzz::http1::hyper`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::http1::hyper(data));
