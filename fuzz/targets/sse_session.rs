//! libFuzzer on [`holdline_fuzz::sse::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::sse::session(data));
