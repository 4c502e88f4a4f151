//! libFuzzer on [`holdline_fuzz::websocket::stated`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdline_fuzz::websocket::stated(data));
