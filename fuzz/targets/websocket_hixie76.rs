//! libFuzzer on [`holdline_fuzz::websocket::hixie76`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::websocket::hixie76(data));
