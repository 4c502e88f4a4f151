//! libFuzzer on [`holdline_fuzz::sse::client`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::sse::client(data));
